"""Contents of primitive values: one accepted form each, everything else refused at its byte."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultproof.asn1 import content, writer
from vaultproof.asn1.der import parse
from vaultproof.errors import Malformed


def refuse(code: str, encoded: str) -> Malformed:
    with pytest.raises(Malformed) as caught:
        parse(bytes.fromhex(encoded))
    assert caught.value.code == code
    return caught.value


@pytest.mark.parametrize("encoded", ["0100", "010101", "0101fe", "01020000"])
def test_a_boolean_is_00_or_ff(encoded: str) -> None:
    refuse("der-boolean", encoded)


@pytest.mark.parametrize("encoded", ["0200", "02020001", "0202007f", "0202ff80", "0202ffff", "0a020001"])
def test_an_integer_is_minimal(encoded: str) -> None:
    refuse("der-integer", encoded)


@pytest.mark.parametrize(("encoded", "value"), [("020100", 0), ("02020080", 128), ("0201ff", -1), ("0202ff7f", -129)])
def test_an_integer_is_signed(encoded: str, value: int) -> None:
    assert parse(bytes.fromhex(encoded)).integer() == value


@pytest.mark.parametrize("encoded", ["0300", "030101", "03020800", "03020101", "030207ff"])
def test_a_bit_string_counts_its_unused_bits(encoded: str) -> None:
    refuse("der-bit-string", encoded)


def test_bits_count_from_the_highest() -> None:
    bits = parse(bytes.fromhex("030205a0")).bits()
    assert [bits.has(number) for number in range(4)] == [True, False, True, False]
    assert (bits.value, bits.unused) == (0xA0, 5)
    assert not bits.has(800)


def test_a_null_is_empty() -> None:
    refuse("der-null", "050100")


@pytest.mark.parametrize(
    "encoded", ["0600", "06028001", "0603550480", "060255 80".replace(" ", ""), "060355800 1".replace(" ", "")]
)
def test_an_oid_is_whole_and_minimal(encoded: str) -> None:
    refuse("der-oid", encoded)


def test_an_oid_has_a_length_cap_so_that_printing_it_is_cheap() -> None:
    body = b"\x55" + b"\xff" * content.MAX_OID_BYTES + b"\x01"
    refuse("der-oid", writer.encode(0x06, body).hex())


@pytest.mark.parametrize(
    ("encoded", "dotted"), [("0603550403", "2.5.4.3"), ("060127", "0.39"), ("0603883703", "2.999.3")]
)
def test_an_oid_in_dotted_form(encoded: str, dotted: str) -> None:
    assert parse(bytes.fromhex(encoded)).oid() == dotted


@pytest.mark.parametrize(
    "text",
    [
        "2607211113Z",
        "260721111338",
        "260721111338+0000",
        "26072111133aZ",
        "260231000000Z",
        "260721250000Z",
        "260721111360Z",
    ],
)
def test_a_utc_time_has_one_form(text: str) -> None:
    refuse("der-time", writer.encode(0x17, text.encode()).hex())


@pytest.mark.parametrize("text", ["20260721111338.5Z", "20260721111338", "00000721111338Z", "20261321111338Z"])
def test_a_generalized_time_has_one_form(text: str) -> None:
    refuse("der-time", writer.encode(0x18, text.encode()).hex())


def test_a_utc_time_is_of_1950_to_2049() -> None:
    years = [parse(writer.encode(0x17, f"{year}0101000000Z".encode())).time().year for year in ("49", "50")]
    assert years == [2049, 1950]


@pytest.mark.parametrize("octets", ["c080", "eda080", "ff", "f4908080"])
def test_a_utf8_string_is_utf8(octets: str) -> None:
    refuse("der-text", writer.encode(0x0C, bytes.fromhex(octets)).hex())


@given(st.integers())
def test_integers_come_back(value: int) -> None:
    assert parse(writer.integer(value)).integer() == value


@given(st.text())
def test_texts_come_back(text: str) -> None:
    try:
        encoded = writer.utf8_string(text)
    except UnicodeEncodeError:  # lone surrogates have no UTF-8
        return
    assert parse(encoded).utf8() == text == parse(encoded).text()


@given(st.booleans())
def test_booleans_come_back(value: bool) -> None:
    assert parse(writer.boolean(value)).boolean() is value


@given(st.datetimes(min_value=datetime(1, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 (hypothesis wants naive bounds)
def test_times_come_back(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    assert parse(writer.generalized_time(whole)).generalized_time() == whole
    if 1950 <= whole.year <= 2049:
        assert parse(writer.utc_time(whole)).time() == whole


@given(
    st.integers(0, 2),
    st.integers(0, 39),
    st.lists(st.integers(0, 2**128 - 1), max_size=4),
)
def test_oids_come_back(top: int, second: int, rest: list[int]) -> None:
    dotted = ".".join(map(str, (top, second, *rest)))
    assert parse(writer.oid(dotted)).oid() == dotted


@given(st.binary(max_size=40), st.integers(0, 7))
def test_bit_strings_come_back(octets: bytes, unused: int) -> None:
    if octets:
        octets = octets[:-1] + bytes([octets[-1] & ~((1 << unused) - 1) & 0xFF])
    else:
        unused = 0
    bits = parse(writer.bit_string(octets, unused)).bits()
    assert (bits.octets, bits.unused) == (octets, unused)
