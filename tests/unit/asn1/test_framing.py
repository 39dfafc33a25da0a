"""Headers, nesting and caps: whatever is not the one DER frame is refused, cheaply."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultproof.asn1 import writer
from vaultproof.asn1.der import Limits, parse, parse_window
from vaultproof.errors import Malformed

SECONDS_FOR_A_BOMB = 2.0


def refuse(code: str, data: bytes, limits: Limits | None = None) -> Malformed:
    with pytest.raises(Malformed) as caught:
        parse(data) if limits is None else parse(data, limits)
    assert caught.value.code == code
    return caught.value


@pytest.mark.parametrize(
    ("code", "encoded"),
    [
        ("der-truncated", ""),
        ("der-truncated", "30"),
        ("der-truncated", "3001"),
        ("der-truncated", "300302"),
        ("der-truncated", "30030202 01".replace(" ", "")),
        ("der-length", "3080020100" + "0000"),
        ("der-length", "308103020101"),
        ("der-length", "30820003020101"),
        ("der-length", "3085000000000 3020101".replace(" ", "")),
        ("der-length", "30ff"),
        ("der-length", "3082"),
        ("der-trailing-bytes", "050000"),
        ("der-trailing-bytes", "3000 0500".replace(" ", "")),
        ("der-tag", "0000"),
        ("der-tag", "1000"),
        ("der-tag", "2400"),
        ("der-tag", "2203020101"),
        ("der-tag", "0900"),
        ("der-tag", "1f1f00"),
        ("der-tag", "bf1e00"),
        ("der-tag", "bf807f00"),
        ("der-tag", "bfff"),
        ("der-tag", "bf8181818100"),
        ("der-tag", "3f2100"),
    ],
)
def test_a_frame_has_one_form(code: str, encoded: str) -> None:
    refuse(code, bytes.fromhex(encoded))


def test_an_error_names_the_byte() -> None:
    assert "byte 4" in refuse("der-integer", bytes.fromhex("300402020001")).message


@pytest.mark.parametrize(("encoded", "tag"), [("bf8377020500", 0xBF8377), ("9f1f00", 0x9F1F)])
def test_high_tag_numbers_are_read(encoded: str, tag: int) -> None:
    element = parse(bytes.fromhex(encoded))
    assert element.tag == tag
    assert element.constructed is (tag == 0xBF8377)


def test_depth_is_capped_without_recursion() -> None:
    nested = b""
    for _ in range(33):
        nested = writer.sequence(nested)
    refuse("der-depth", nested)
    assert parse(nested[2:]).tag == 0x30


def test_a_depth_bomb_is_refused_at_once() -> None:
    bomb = bytes.fromhex("30840000fff0") + bytes.fromhex("3080") * 30_000
    refuse("der-length", bomb)
    deep = b""
    for _ in range(12_000):
        deep = writer.sequence(deep)
    started = time.perf_counter()
    refuse("der-depth", deep, Limits(size=1 << 20, elements=1 << 20))
    assert time.perf_counter() - started < SECONDS_FOR_A_BOMB


def test_size_is_capped_before_anything_is_read() -> None:
    refuse("der-size", b"\xff" * (64 * 1024 + 1))


def test_a_million_values_are_refused_early() -> None:
    bomb = writer.sequence(writer.null() * 1_000_000)
    started = time.perf_counter()
    refuse("der-size", bomb)
    refuse("der-count", bomb, Limits(size=1 << 22))
    assert time.perf_counter() - started < SECONDS_FOR_A_BOMB


def test_a_window_keeps_absolute_offsets() -> None:
    data = b"junk" + writer.sequence(writer.integer(5)) + b"more"
    (number,) = parse_window(data, 4, len(data) - 4).children()
    assert (number.offset, number.raw) == (6, b"\x02\x01\x05")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read = parse(data).raw
    except Malformed as error:
        read, code = data, error.code
    else:
        code = "der-"
    assert read == data
    assert code.startswith("der-")


ENCODED = st.recursive(
    st.one_of(
        st.integers().map(writer.integer),
        st.booleans().map(writer.boolean),
        st.binary(max_size=200).map(writer.octet_string),
        st.text(alphabet=st.characters(codec="utf-8"), max_size=30).map(writer.utf8_string),
        st.just(writer.null()),
    ),
    lambda inner: st.lists(inner, max_size=5).map(lambda members: writer.sequence(*members)),
    max_leaves=20,
)


@given(ENCODED)
def test_what_is_written_is_read_and_only_whole(encoded: bytes) -> None:
    element = parse(encoded)
    assert element.raw == encoded
    assert b"".join(child.raw for child in element.children()) == (element.content if element.constructed else b"")
    with pytest.raises(Malformed):
        parse(encoded + b"\x00")
    with pytest.raises(Malformed):
        parse(encoded[:-1])
