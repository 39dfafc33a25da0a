"""The typed reader of JSON objects: each kind of field, and where each complaint points."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from vaultproof.errors import Malformed, Unsupported
from vaultproof.strict.records import MAX_TEXT, Reader

Read = Callable[[Reader], object]


def reader(value: Any) -> Reader:
    return Reader(value, file="record.json", pointer="/members/3")


def refusal(value: Any, read: Read) -> Malformed:
    with pytest.raises(Malformed) as caught:
        read(reader(value))
    assert caught.value.file == "record.json"
    return caught.value


WRONG: list[tuple[str, Read, Any, str, str]] = [
    ("text is a number", lambda r: r.text("a"), 1, "a text of 1 to 2000 characters", "1"),
    ("text is null", lambda r: r.text("a"), None, "a text of 1 to 2000 characters", "null"),
    ("text is empty", lambda r: r.text("a"), "", "a text of 1 to 2000 characters", '""'),
    ("text is too long", lambda r: r.text("a", maximum=3), "abcd", "a text of 1 to 3 characters", '"abcd"'),
    ("text with a line feed", lambda r: r.text("a"), "a\nb", "a text of 1 to 2000 characters", '"a\\nb"'),
    ("text with an escape", lambda r: r.text("a"), "\x1b[2J", "a text of 1 to 2000 characters", '"\\u001b[2J"'),
    ("text with a C1 control", lambda r: r.text("a"), "\x9b2J", "a text of 1 to 2000 characters", '"\\u009b2J"'),
    ("text that turns round", lambda r: r.text("a"), "a\u202eb", "a text of 1 to 2000 characters", '"a\\u202eb"'),
    ("text of another form", lambda r: r.text("a", pattern="[0-9]+"), "12a", "a text like [0-9]+", '"12a"'),
    ("text in other digits", lambda r: r.text("a", pattern=r"\d+"), "\u0663", "a text like \\d+", '"\\u0663"'),
    ("choice that is none", lambda r: r.choice("a", ("x", "y")), "z", "one of x, y", '"z"'),
    ("choice is a list", lambda r: r.choice("a", ("x", "y")), ["x"], "one of x, y", '["x"]'),
    ("integer is true", lambda r: r.integer("a"), True, "an integer from 0 to 9007199254740991", "true"),
    ("integer is a text", lambda r: r.integer("a"), "1", "an integer from 0 to 9007199254740991", '"1"'),
    ("integer is too small", lambda r: r.integer("a", minimum=1), 0, "an integer from 1 to 9007199254740991", "0"),
    ("integer is too large", lambda r: r.integer("a", maximum=9), 10, "an integer from 0 to 9", "10"),
    ("boolean is a number", lambda r: r.boolean("a"), 1, "true or false", "1"),
    ("boolean is a text", lambda r: r.boolean("a"), "true", "true or false", '"true"'),
    ("hexadecimal is a number", lambda r: r.hex("a"), 10, "a text", "10"),
    ("base64 is null", lambda r: r.base64("a"), None, "a text", "null"),
    ("time is a number", lambda r: r.time("a"), 5, "a text of 1 to 40 characters", "5"),
    ("list is an object", lambda r: r.list("a"), {}, "a list of at most 10000", "{}"),
    ("list is too long", lambda r: r.list("a", maximum=1), [1, 2], "a list of at most 1", "[1, 2]"),
    ("object is a list", lambda r: r.object("a"), [], "an object", "[]"),
]


@pytest.mark.parametrize(("read", "value", "expected", "found"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_wrong_value_says_where_and_what(read: Read, value: Any, expected: str, found: str) -> None:
    error = refusal({"a": value}, read)
    assert (error.code, error.pointer) == ("wrong-value", "/members/3/a")
    assert (error.expected, error.found) == (expected, found)


@pytest.mark.parametrize(
    ("read", "value", "code"),
    [
        pytest.param(lambda r: r.hex("a", length=2), "0A0b", "bad-hex", id="hexadecimal"),
        pytest.param(lambda r: r.base64("a"), "AAA", "bad-base64", id="base64"),
        pytest.param(lambda r: r.time("a"), "2026-11-22", "bad-time", id="time"),
    ],
)
def test_a_lax_encoding_says_where(read: Read, value: str, code: str) -> None:
    error = refusal({"a": value}, read)
    assert (error.code, error.pointer) == (code, "/members/3/a")
    assert error.expected is not None
    assert error.found is not None


@pytest.mark.parametrize(
    "read",
    [
        lambda r: r.text("a"),
        lambda r: r.choice("a", ("x",)),
        lambda r: r.integer("a"),
        lambda r: r.boolean("a"),
        lambda r: r.hex("a"),
        lambda r: r.base64("a"),
        lambda r: r.time("a"),
        lambda r: r.list("a"),
        lambda r: r.object("a"),
    ],
)
def test_a_missing_field_says_which(read: Read) -> None:
    error = refusal({"b": 1}, read)
    assert (error.code, error.pointer, error.expected) == ("missing-field", "/members/3/a", '"a"')


@pytest.mark.parametrize("value", [[], "text", 1, True, None])
def test_what_is_no_object_is_refused_at_its_own_place(value: Any) -> None:
    assert refusal(value, lambda r: r).pointer == "/members/3"
    with pytest.raises(Malformed) as caught:
        Reader(value, file="f")
    assert caught.value.pointer == ""  # RFC 6901: the whole document
    assert caught.value.expected == "an object"


def test_members_of_lists_are_pointed_at() -> None:
    assert refusal({"a": ["x", 7]}, lambda r: r.texts("a")).pointer == "/members/3/a/1"
    assert refusal({"a": ["x", ""]}, lambda r: r.texts("a")).pointer == "/members/3/a/1"
    assert refusal({"a": ["x\n"]}, lambda r: r.texts("a")).pointer == "/members/3/a/0"
    assert refusal({"a": ["x" * (MAX_TEXT + 1)]}, lambda r: r.texts("a")).pointer == "/members/3/a/0"
    assert refusal({"a": [{}, 7]}, lambda r: r.objects("a")).pointer == "/members/3/a/1"
    assert refusal({"a": {"b": 1}}, lambda r: r.object("a").text("b")).pointer == "/members/3/a/b"


def test_optional_fields_may_be_absent_or_null() -> None:
    for value in ({}, {"a": None}):
        r = reader(value)
        assert not r.has("a")
        assert r.optional_text("a") is None
        assert r.optional_integer("a") is None
        assert r.optional_hex("a") is None
        assert r.optional_time("a") is None
        assert r.optional_object("a") is None
        assert r.texts("a") == ()
        assert r.objects("a") == ()
        r.done()


def test_an_optional_field_that_is_there_is_read_as_strictly() -> None:
    assert refusal({"a": 1}, lambda r: r.optional_text("a")).code == "wrong-value"
    assert refusal({"a": True}, lambda r: r.optional_integer("a")).code == "wrong-value"
    assert refusal({"a": "0"}, lambda r: r.optional_hex("a")).code == "bad-hex"
    assert refusal({"a": ""}, lambda r: r.optional_time("a")).code == "wrong-value"
    assert refusal({"a": []}, lambda r: r.optional_object("a")).code == "wrong-value"


def test_fields_that_nobody_asked_for_are_refused_by_name() -> None:
    r = reader({"a": "x", "z": 1, "b/~": 2})
    assert r.text("a") == "x"
    assert sorted(r.rest()) == ["b/~", "z"]
    with pytest.raises(Malformed) as caught:
        r.done()
    error = caught.value
    assert (error.code, error.file, error.pointer) == ("unknown-field", "record.json", "/members/3/b~1~0")
    assert error.found == '"b/~"'


def test_values_come_out_as_they_are() -> None:
    r = reader(
        {"t": "ü", "i": 5, "b": False, "h": "00ff", "s": "AP8=", "d": "2026-11-22T12:00:00Z", "l": [1], "x": ["a", "b"]}
    )
    assert r.text("t", pattern=".") == "ü"
    assert r.integer("i", minimum=5, maximum=5) == 5
    assert r.boolean("b") is False
    assert r.hex("h", length=2) == b"\x00\xff"
    assert r.base64("s") == b"\x00\xff"
    assert r.time("d") == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert r.list("l") == [1]
    assert r.texts("x") == ("a", "b")
    r.done()


@pytest.mark.parametrize("found", ["vaultproof/thing@2", "vaultproof/thing@9999"])
def test_a_newer_schema_is_too_new_and_not_invalid(found: str) -> None:
    with pytest.raises(Unsupported) as caught:
        reader({"schema": found}).schema("thing")
    error = caught.value
    assert (error.code, error.pointer, error.expected, error.found) == (
        "too-new", "/members/3/schema", "vaultproof/thing@1", found,
    )  # fmt: skip
    assert error.hint == "update the verifier"


@pytest.mark.parametrize(
    "found",
    [
        "vaultproof/thing@0",
        "vaultproof/thing@01",
        "vaultproof/thing",
        "vaultproof/other@2",
        "thing@1",
        "1",
        "vaultproof/thing@1 ",
        "vaultproof/thing@10000",
        "vaultproof/thing@2\u0663",
    ],
)
def test_another_schema_is_refused(found: str) -> None:
    error = refusal({"schema": found}, lambda r: r.schema("thing"))
    assert (error.code, error.pointer, error.expected) == ("wrong-value", "/members/3/schema", "vaultproof/thing@1")


def test_an_older_schema_is_refused() -> None:
    assert refusal({"schema": "vaultproof/thing@1"}, lambda r: r.schema("thing", 2)).code == "wrong-value"
    reader({"schema": "vaultproof/thing@2"}).schema("thing", 2)


def test_long_and_foreign_values_are_shown_short() -> None:
    error = refusal({"a": [["x" * 500]]}, lambda r: r.text("a"))
    assert error.found is not None
    assert len(error.found) <= 64
    assert refusal({"a": date(2026, 11, 22)}, lambda r: r.text("a")).found == '"2026-11-22"'  # TOML has dates
