"""The strict CBOR decoder: what it reads (RFC 8949, appendix A), what it refuses and where, and what bombs cost."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultproof.cbor import COSE_SIGN1, DEFAULT_LIMITS, Encodable, Item, Major, decode, decode_window, encode
from vaultproof.errors import Malformed

APPENDIX_A: list[tuple[str, Encodable]] = [
    ("00", 0),
    ("17", 23),
    ("1818", 24),
    ("1864", 100),
    ("1903e8", 1000),
    ("1a000f4240", 1000000),
    ("1b000000e8d4a51000", 1000000000000),
    ("1bffffffffffffffff", 18446744073709551615),
    ("3bffffffffffffffff", -18446744073709551616),
    ("20", -1),
    ("3863", -100),
    ("3903e7", -1000),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("40", b""),
    ("4401020304", b"\x01\x02\x03\x04"),
    ("60", ""),
    ("6449455446", "IETF"),
    ("62c3bc", "\u00fc"),
    ("64f0908591", "\U00010151"),
    ("80", ()),
    ("8301820203820405", (1, (2, 3), (4, 5))),
    ("a0", {}),
    ("a201020304", {1: 2, 3: 4}),
    ("a26161016162820203", {"a": 1, "b": (2, 3)}),
    ("826161a161626163", ("a", {"b": "c"})),
]


def plain(item: Item) -> Encodable:
    """An item as the values that it stands for."""
    if item.major in (Major.UNSIGNED, Major.NEGATIVE):
        return item.integer("n", minimum=-(2**64))
    if item.major is Major.BYTES:
        return item.octets("b")
    if item.major is Major.TEXT:
        return item.text("t")
    if item.major is Major.ARRAY:
        return tuple(plain(member) for member in item.array("a"))
    if item.major is Major.MAP:
        return {key: plain(value) for key, value in item.map("m").items()}
    return item.simple


@pytest.mark.parametrize(("encoded", "value"), APPENDIX_A, ids=[encoded for encoded, _ in APPENDIX_A])
def test_examples_of_the_standard_are_read_and_written(encoded: str, value: Encodable) -> None:
    assert plain(decode(bytes.fromhex(encoded))) == value
    assert encode(value).hex() == encoded


@pytest.mark.parametrize(
    ("encoded", "code"),
    [
        ("", "cbor-truncated"),
        ("18", "cbor-truncated"),
        ("1901", "cbor-truncated"),
        ("4401", "cbor-truncated"),
        ("8201", "cbor-truncated"),
        ("a101", "cbor-truncated"),
        ("a20102", "cbor-truncated"),
        ("1c", "cbor-truncated"),  # reserved
        ("1817", "cbor-minimal"),
        ("1900ff", "cbor-minimal"),
        ("1a0000ffff", "cbor-minimal"),
        ("1b00000000ffffffff", "cbor-minimal"),
        ("5803010203", "cbor-minimal"),
        ("980101", "cbor-minimal"),
        ("b8010102", "cbor-minimal"),
        ("5f42010243030405ff", "cbor-indefinite"),
        ("7f61616162ff", "cbor-indefinite"),
        ("9fff", "cbor-indefinite"),
        ("bfff", "cbor-indefinite"),
        ("f90000", "cbor-type"),  # half float
        ("fa47c35000", "cbor-type"),
        ("fb3ff199999999999a", "cbor-type"),
        ("f7", "cbor-type"),  # undefined
        ("f0", "cbor-type"),
        ("f8ff", "cbor-type"),
        ("ff", "cbor-type"),  # a break
        ("c074323031332d30332d32315432303a30343a30305a", "cbor-type"),  # tag 0
        ("d81800", "cbor-type"),  # tag 24
        ("d2d200", "cbor-type"),  # tag 18 twice
        ("81d200", "cbor-type"),  # tag 18 inside
        ("61ff", "cbor-text"),
        ("62c080", "cbor-text"),  # overlong
        ("63eda080", "cbor-text"),  # a surrogate
        ("a200010002", "cbor-duplicate-key"),
        ("a2616101616102", "cbor-duplicate-key"),
        ("a14001", "cbor-key"),
        ("a1f501", "cbor-key"),
        ("a18001", "cbor-key"),
        ("0000", "cbor-trailing-bytes"),
        ("8000", "cbor-trailing-bytes"),
    ],
)
def test_what_has_another_encoding_or_meaning_is_refused(encoded: str, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        decode(bytes.fromhex(encoded))
    assert caught.value.code == code


def test_the_one_tag_is_told_and_no_part_of_the_value() -> None:
    item = decode(bytes.fromhex("d28100"))
    assert (item.tag, item.raw.hex(), item.offset) == (COSE_SIGN1, "8100", 1)
    assert decode(bytes.fromhex("8100")).tag is None


def test_offsets_count_from_the_start_of_the_file() -> None:
    inner = encode({"key": b"value"})
    data = b"\xff\xff" + encode([1, inner]) + b"\xff"
    outer = decode_window(data, 2, len(data) - 1)
    held = outer.array("outer")[1]
    value = decode_window(data, held.content_offset, held.end).map("inner")["key"]
    assert data[value.content_offset : value.end] == b"value"
    assert value.raw == encode(b"value")


def test_a_value_ends_where_its_window_does() -> None:
    data = encode(b"long enough")
    with pytest.raises(Malformed, match="longer than what holds it"):
        decode_window(data, 0, 5)
    with pytest.raises(Malformed, match="a value is missing"):
        decode_window(b"\xd2\x00", 0, 1)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (1, lambda item: item.octets("it")),
        (b"", lambda item: item.text("it")),
        ("", lambda item: item.octets("it")),
        (True, lambda item: item.integer("it")),
        (None, lambda item: item.map("it")),
        ((), lambda item: item.map("it")),
        ({}, lambda item: item.array("it")),
    ],
)
def test_a_value_of_another_type_is_refused(value: Encodable, read: Callable[[Item], object]) -> None:
    with pytest.raises(Malformed) as caught:
        read(decode(encode(value)))
    assert caught.value.code == "cbor-unexpected"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (-1, lambda item: item.integer("it")),
        (8, lambda item: item.integer("it", maximum=7)),
        (b"", lambda item: item.octets("it", minimum=1)),
        (b"ab", lambda item: item.octets("it", maximum=1)),
        ("\u00fc", lambda item: item.text("it", maximum=1)),  # counted in bytes
        ((), lambda item: item.array("it", minimum=1)),
        ({1: 1, 2: 2}, lambda item: item.map("it", maximum=1)),
    ],
)
def test_a_value_outside_of_its_bounds_is_refused(value: Encodable, read: Callable[[Item], object]) -> None:
    with pytest.raises(Malformed) as caught:
        read(decode(encode(value)))
    assert caught.value.code == "cbor-range"


def test_null_is_told_from_false() -> None:
    assert [decode(encode(value)).is_null for value in (None, False, True, 0)] == [True, False, False, False]


VALUES: st.SearchStrategy[Encodable] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=300) | st.text(max_size=80),
    lambda inner: (
        st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.integers(-(2**64), 2**64 - 1) | st.text(max_size=20), inner, max_size=4)
    ),
    max_leaves=12,
)
WIDE = replace(DEFAULT_LIMITS, depth=32)


def _same(one: Encodable, other: Encodable) -> bool:
    """Equal in type too, since False is 0 to Python."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return list(one) == list(other) and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and one == other


@given(VALUES)
def test_what_is_written_is_read_again(value: Encodable) -> None:
    data = encode(value)
    assert _same(plain(decode(data, WIDE)), value)


@given(VALUES)
def test_no_part_of_a_value_is_a_value(value: Encodable) -> None:
    data = encode(value)
    for length in range(len(data)):
        with pytest.raises(Malformed):
            decode(data[:length], WIDE)


@given(st.binary(max_size=64))
def test_whatever_is_read_has_this_one_encoding(data: bytes) -> None:
    try:
        item = decode(data, WIDE)
    except Malformed:
        return
    assert encode(plain(item)) == (data[1:] if item.tag else data)


def test_a_number_that_no_head_holds_is_not_written() -> None:
    for number in (2**64, -(2**64) - 1):
        with pytest.raises(ValueError, match="no CBOR head"):
            encode(number)


@pytest.mark.parametrize(
    ("bomb", "code"),
    [
        (b"\x81" * 60_000 + b"\x00", "cbor-depth"),
        (b"\xa1\x00" * 30_000 + b"\x00", "cbor-depth"),
        (b"\x9b" + b"\xff" * 8, "cbor-truncated"),
        (b"\xbb" + b"\xff" * 8, "cbor-truncated"),
        (b"\x5b" + b"\xff" * 8, "cbor-truncated"),
        (b"\xbb\x7f" + b"\xff" * 7, "cbor-truncated"),
        (b"\x99\xf0\x00" + b"\x80" * 0xF000, "cbor-count"),
        (b"\x00" * (DEFAULT_LIMITS.size + 1), "cbor-size"),
        (b"\x9a\x00\x0f\x42\x40" + b"\x00" * 1_000_000, "cbor-size"),  # a million members
    ],
)
def test_bombs_are_refused_early(bomb: bytes, code: str) -> None:
    tracemalloc.start()
    began = time.monotonic()
    try:
        with pytest.raises(Malformed) as caught:
            decode(bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.code == code
    assert time.monotonic() - began < 2
    assert peak < 8 * 1024 * 1024
