"""The writer refuses what DER cannot say; that the reader takes what it writes is tested beside the reader."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from vaultproof.asn1 import writer


@pytest.mark.parametrize(
    ("value", "encoded"), [(0, "020100"), (127, "02017f"), (128, "02020080"), (-128, "020180"), (-129, "0202ff7f")]
)
def test_integers(value: int, encoded: str) -> None:
    assert writer.integer(value).hex() == encoded


@pytest.mark.parametrize("size", [127, 128, 255, 256, 65536])
def test_lengths_are_the_shortest(size: int) -> None:
    encoded = writer.octet_string(bytes(size))
    header = len(encoded) - size
    assert header == {127: 2, 128: 3, 255: 3, 256: 4, 65536: 5}[size]


@pytest.mark.parametrize("dotted", ["1", "3.1", "1.40", "1.02", "1.-1", "0.40.1", "x"])
def test_an_oid_must_be_one(dotted: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        writer.oid(dotted)


def test_a_set_is_sorted() -> None:
    assert writer.set_of(writer.integer(2), writer.integer(1)) == writer.encode(0x31, b"\x02\x01\x01\x02\x01\x02")


def test_times_are_utc_with_whole_seconds() -> None:
    zurich = timezone(timedelta(hours=1))
    assert writer.generalized_time(datetime(2026, 1, 1, 0, 30, tzinfo=zurich))[2:] == b"20251231233000Z"
    with pytest.raises(ValueError, match="zone"):
        writer.generalized_time(datetime(2026, 1, 1))  # noqa: DTZ001 (that is the case)
    with pytest.raises(ValueError, match="whole"):
        writer.generalized_time(datetime(2026, 1, 1, microsecond=1, tzinfo=UTC))
    with pytest.raises(ValueError, match="1950"):
        writer.utc_time(datetime(2050, 1, 1, tzinfo=UTC))


def test_strings_and_tags() -> None:
    assert writer.printable_string("CH").hex() == "13024348"
    assert writer.implicit(2, b"x").hex() == "820178"
    with pytest.raises(UnicodeEncodeError):
        writer.printable_string("é")
