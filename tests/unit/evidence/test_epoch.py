"""Records of the signer's log: the quick way for records as served reads what the general reader does."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultproof.errors import VaultproofError
from vaultproof.evidence.epoch import EpochRecord, read_epoch, read_epoch_value
from vaultproof.strict.json import loads

RECORD: dict[str, Any] = {
    "version": 1,
    "ciphersuite": 1,
    "namespace": "whatsapp.key-transparency.v1",
    "timestamp": 1727110425630,
    "epoch": 489193,
    "digest": "ab" * 32,
    "signature": "cd" * 64,
    "key_id": 212,
    "serialized_message": "0801",
}


def served(**changes: Any) -> bytes:
    return json.dumps(RECORD | changes, separators=(",", ":")).encode()


def general(data: bytes) -> EpochRecord:
    """What the general reader makes of the record."""
    return read_epoch_value(loads(data, file="f"), file="f")


def outcome(read: Any, data: bytes) -> object:
    try:
        return read(data)
    except VaultproofError as error:
        return type(error), error.code, str(error)


def assert_same(data: bytes) -> None:
    assert outcome(lambda given: read_epoch(given, file="f"), data) == outcome(general, data)


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_record_as_served_goes_the_quick_way(monkeypatch: pytest.MonkeyPatch, end: bytes) -> None:
    expected = general(served())

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the general reader was asked")

    monkeypatch.setattr("vaultproof.evidence.epoch.loads", refuse)
    assert read_epoch(served() + end, file="f") == expected


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ciphersuite": 2}, "suite-conflict"),
        ({"epoch": 0}, "wrong-value"),
        ({"key_id": 256}, "wrong-value"),
        ({"timestamp": 253402300800000}, "wrong-value"),
        ({"namespace": ""}, "wrong-value"),
        ({"namespace": "n" * 201}, "wrong-value"),
        ({"digest": "AB" * 32}, "bad-hex"),
        ({"digest": "ab" * 31}, "bad-hex"),
        ({"signature": "cd" * 65}, "bad-hex"),
        ({"serialized_message": "080"}, "bad-hex"),
        ({"more": 1}, "unknown-record-field"),
    ],
)
def test_what_the_general_reader_refuses_is_refused_alike(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(VaultproofError) as caught:
        read_epoch(served(**changes), file="f")
    assert caught.value.code == code
    assert_same(served(**changes))


EDGES = (
    *((name, edge) for name in ("timestamp", "epoch") for edge in (1, 10**13 - 1, 10**14, 10**15, 2**53 - 1, 2**53)),
    *(("key_id", number) for number in (0, 9, 10, 99, 100, 199, 200, 249, 250, 255, 256, 260, None)),
    *((name, 2**32 - 1) for name in ("version", "ciphersuite")),
    *(("namespace", text) for text in ("é", '"', "\\", "\x7f", "\u2028", " ", "n" * 200)),
    *(("serialized_message", text) for text in ("", "0" * 1000, "0" * 1001, "0" * 1002, None)),
)


@pytest.mark.parametrize(("name", "value"), EDGES)
def test_the_two_ways_agree_at_every_edge(name: str, value: object) -> None:
    assert_same(served(**{name: value}))
    assert_same(json.dumps(RECORD | {name: value}, ensure_ascii=False, separators=(",", ":")).encode())


@pytest.mark.parametrize("old", [b"212", b"489193", b"1727110425630", b'"version":1'])
def test_numbers_that_no_json_writer_writes_are_refused_alike(old: bytes) -> None:
    for new in (old.replace(b":", b":0"), b"0" + old, b"+" + old, b"-" + old, old + b".0", old + b"e0"):
        assert_same(served().replace(old, new))


@given(at=st.integers(0, len(served()) - 1), octet=st.integers(0, 255))
def test_the_two_ways_agree_on_any_changed_byte(at: int, octet: int) -> None:
    data = bytearray(served())
    data[at] = octet
    assert_same(bytes(data))


@given(
    at=st.integers(0, len(served())), text=st.sampled_from(list(b' \n0a"\\\xff,}')).map(lambda octet: bytes((octet,)))
)
def test_the_two_ways_agree_on_any_inserted_byte(at: int, text: bytes) -> None:
    assert_same(served()[:at] + text + served()[at:])


def test_fields_in_another_order_are_read_as_well() -> None:
    other = json.dumps(dict(reversed(RECORD.items()))).encode()
    assert read_epoch(other, file="f") == read_epoch(served(), file="f")
    assert re.match(rb'\{"serialized_message"', other)
