"""Strict JSON: what is refused, and with which words; what is read comes out again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from vaultproof.errors import Malformed
from vaultproof.strict.json import MAX_DEPTH, MAX_JSON_BYTES, MAX_SAFE_INTEGER, dumps_canonical, loads

REFUSED = [
    pytest.param(b'{"a": 1, "a": 1}', "json-duplicate-key", None, '"a"', id="the same key twice"),
    pytest.param(
        b'{"b": {"a": 1, "c": 2, "a": 3}}', "json-duplicate-key", None, '"a"', id="the same key twice, inside"
    ),
    pytest.param(b'{"a": 1, "\\u0061": 2}', "json-duplicate-key", None, '"a"', id="one key in two spellings"),
    pytest.param(b"[1.0]", "json-float", None, '"1.0"', id="fraction"),
    pytest.param(b"[1e2]", "json-float", None, '"1e2"', id="exponent"),
    pytest.param(b"[1E400]", "json-float", None, '"1E400"', id="exponent beyond every float"),
    pytest.param(b"[-0.0]", "json-float", None, '"-0.0"', id="negative zero as a fraction"),
    pytest.param(b"[NaN]", "json-constant", None, "NaN", id="NaN"),
    pytest.param(b"[Infinity]", "json-constant", None, "Infinity", id="Infinity"),
    pytest.param(b"[-Infinity]", "json-constant", None, "-Infinity", id="-Infinity"),
    pytest.param(b"[-0]", "json-integer", "within 2^53-1", '"-0"', id="negative zero"),
    pytest.param(b"[9007199254740992]", "json-integer", "within 2^53-1", '"9007199254740992"', id="2^53"),
    pytest.param(b"[-9007199254740992]", "json-integer", "within 2^53-1", '"-9007199254740992"', id="-2^53"),
    pytest.param(
        b"[1" + b"0" * 5000 + b"]", "json-integer", "within 2^53-1", '"1' + "0" * 59 + '..."', id="5001 digits"
    ),
    pytest.param(b"[01]", "json-syntax", "JSON (RFC 8259)", None, id="leading zero"),
    pytest.param(b"[+1]", "json-syntax", "JSON (RFC 8259)", None, id="plus sign"),
    pytest.param(b"\xef\xbb\xbf{}", "json-syntax", "JSON (RFC 8259)", None, id="byte-order mark"),
    pytest.param(b"", "json-syntax", "JSON (RFC 8259)", None, id="nothing"),
    pytest.param(b"{}{}", "json-syntax", "JSON (RFC 8259)", None, id="two values"),
    pytest.param(b"{} x", "json-syntax", "JSON (RFC 8259)", None, id="trailing text"),
    pytest.param(b"[1,]", "json-syntax", "JSON (RFC 8259)", None, id="trailing comma in a list"),
    pytest.param(b'{"a":1,}', "json-syntax", "JSON (RFC 8259)", None, id="trailing comma in an object"),
    pytest.param(b"{'a': 1}", "json-syntax", "JSON (RFC 8259)", None, id="single quotes"),
    pytest.param(b"[1] // one", "json-syntax", "JSON (RFC 8259)", None, id="comment"),
    pytest.param(b'"a\nb"', "json-syntax", "JSON (RFC 8259)", None, id="line feed in a string"),
    pytest.param(b'"a\x00b"', "json-syntax", "JSON (RFC 8259)", None, id="NUL in a string"),
    pytest.param(b'"\\x41"', "json-syntax", "JSON (RFC 8259)", None, id="escape that JSON does not have"),
    pytest.param(b'\xc2\xa0"a"', "json-syntax", "JSON (RFC 8259)", None, id="white space that JSON does not have"),
    pytest.param(b'["\xff"]', "json-not-utf8", None, "bad byte at offset 2", id="not UTF-8"),
    pytest.param(b'["\xc0\xaf"]', "json-not-utf8", None, "bad byte at offset 2", id="overlong UTF-8"),
    pytest.param(b'["\xed\xa0\x80"]', "json-not-utf8", None, "bad byte at offset 2", id="surrogate in UTF-8"),
    pytest.param('["a"]'.encode("utf-16"), "json-not-utf8", None, "bad byte at offset 0", id="UTF-16"),
    pytest.param(b'["\\ud800"]', "json-surrogate", None, None, id="half of a pair"),
    pytest.param(b'["\\udc00\\ud800"]', "json-surrogate", None, None, id="a pair the wrong way round"),
    pytest.param(b'[{"\\ud800": 1}]', "json-surrogate", None, None, id="half of a pair in a key"),
    pytest.param(b"[" * 33 + b"]" * 33, "json-too-deep", "<= 32", None, id="lists too deep"),
    pytest.param(b'{"a":' * 33 + b"1" + b"}" * 33, "json-too-deep", "<= 32", None, id="objects too deep"),
    pytest.param(b"[" * 100_000, "json-too-deep", "<= 32", None, id="an engine's own limit"),
    pytest.param(b'["]", "\\"", ' + b"[" * 32, "json-too-deep", "<= 32", None, id="brackets in strings do not count"),
]


@pytest.mark.parametrize(("data", "code", "expected", "found"), REFUSED)
def test_what_is_refused_says_where_and_why(data: bytes, code: str, expected: str | None, found: str | None) -> None:
    with pytest.raises(Malformed) as caught:
        loads(data, file="audit/7.json")
    error = caught.value
    assert (error.code, error.file, error.expected, error.found) == (code, "audit/7.json", expected, found)
    assert str(error).startswith("audit/7.json: ")
    assert str(error).endswith(f"[{code}]")


def test_a_file_over_the_cap_is_refused_before_it_is_read() -> None:
    data = b"[" + b" " * (MAX_JSON_BYTES - 2) + b"]"
    assert loads(data, file="f") == []
    with pytest.raises(Malformed) as caught:
        loads(b"not even JSON".ljust(MAX_JSON_BYTES + 1), file="f")
    assert caught.value.code == "json-too-large"
    assert (caught.value.expected, caught.value.found) == ("<= 1048576 B", "1048577 B")
    with pytest.raises(Malformed, match="json-too-large"):
        loads(b"[]", file="f", max_bytes=1)


def test_depth_up_to_the_cap_is_read() -> None:
    assert loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, file="f") is not None
    assert loads(b'["[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["]', file="f") == ["[" * 35]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b'["' + b'\\"' * 500_000, id="escaped quotes that never end"),
        pytest.param(b'["' + b'\\"' * 500_000 + b"\\", id="a back slash at the very end"),
        pytest.param(b'"' * 1_000_000, id="quotes alone"),
        pytest.param(b'["' + b"\\" * 1_000_000, id="back slashes alone"),
    ],
)
def test_hostile_strings_cost_no_more_time_than_others(data: bytes) -> None:
    start = time.perf_counter()
    with pytest.raises(Malformed, match="json-syntax"):
        loads(data, file="f")
    assert time.perf_counter() - start < 5  # a reader that goes back for every quote needs more than an hour


def test_what_the_python_reader_says_stays_out_of_the_facts() -> None:
    """Its messages and positions differ from one Python to the next, and facts are covered by the report digest."""
    with pytest.raises(Malformed) as caught:
        loads(b'{"a": 1,}', file="f")
    assert caught.value.found is None
    assert "line 1, column" in caught.value.message


@pytest.mark.parametrize("integer", [0, 1, -1, MAX_SAFE_INTEGER, -MAX_SAFE_INTEGER])
def test_integers_up_to_the_limit_are_read(integer: int) -> None:
    assert loads(str(integer).encode(), file="f") == integer


def test_whole_pairs_are_read() -> None:
    assert loads(b'["\\ud83d\\ude00", "\xf0\x9f\x98\x80"]', file="f") == ["\U0001f600", "\U0001f600"]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_canonical_json_comes_back_as_it_was(value: Any) -> None:
    data = dumps_canonical(value)
    assert loads(data, file="f") == value
    assert dumps_canonical(loads(data, file="f")) == data


ANY_TEXT = st.text(max_size=8) | st.text('\ud7ff\ue000\uffff\U00010000\U0010ffff\ud800\x7f\u2028"\\\b\x1f', max_size=4)
ANY_NUMBER = st.integers() | st.floats() | st.sampled_from([0.0, -0.0, 10.0, 1e21, 1e-7, 2**53, -(2**53), 10**15])
ANY_KEY = ANY_TEXT | st.integers() | st.none() | st.booleans() | st.floats()
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | ANY_NUMBER | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(ANY_KEY, inner, max_size=4),
    max_leaves=12,
)


def written_by(writer: Callable[[Any], bytes], value: Any) -> bytes | type[ValueError]:
    try:
        return writer(value)
    except ValueError:
        return ValueError


@given(ANYTHING)
@example({"\U00010000": 1, "\ue000": 2})
@example([1.0, -0.0, 1e21, float("nan")])
@example({"a": 10**16})
@example(-(2**53))
@example(["\ud800"])
@example({1: 2})
@example([({"a": {None: 1}},)])
def test_canonical_json_is_what_a_plain_writer_of_the_standard_writes(value: Any) -> None:
    assert written_by(dumps_canonical, value) == written_by(rfc8785.dumps, value)


@pytest.mark.parametrize("key", [1, 1.5, None, True, b"a", (1,)])
@pytest.mark.parametrize("place", [lambda inner: inner, lambda inner: [1, {"a": (2, inner)}]])
def test_a_key_that_is_no_text_is_refused_with_the_key(key: object, place: Callable[[object], object]) -> None:
    with pytest.raises(ValueError, match=re.escape(f"must be a text, not {key!r}")):
        dumps_canonical(place({"a": 1, key: 2}))


@given(st.binary(max_size=60) | st.text('[]{}",:\\u0189dae.-+ntfNI\n', max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused_with_a_code(data: bytes) -> None:
    try:
        value = loads(data, file="f")
    except Malformed as refused:
        problem: Malformed | None = refused
    else:
        problem = None
        assert loads(dumps_canonical(value), file="f") == value
    assert problem is None or (problem.file == "f" and problem.code.startswith("json-"))
