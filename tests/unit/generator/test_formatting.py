"""Values as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from generator.formatting import count_text, date_text, hex_groups, list_text, size_text, time_text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (5 << 20, "5.0 MiB"),
        (3 << 40, "3072.0 GiB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert size_text(size) == text


def test_a_digest_in_groups_loses_nothing() -> None:
    digits = "0123456789abcdef" * 4
    assert "".join(hex_groups(digits)) == digits
    assert {len(group) for group in hex_groups(digits)} == {4}
    assert hex_groups("abcde") == ("abcd", "e")


def test_an_instant_is_shown_in_utc_whatever_its_zone() -> None:
    moment = datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert date_text(moment) == "31 December 2025"
    assert time_text(moment) == "31 December 2025, 23:30 UTC"
    assert date_text(date(2026, 11, 2)) == "2 November 2026"
    assert time_text(datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)) == "4 May 2026, 03:02 UTC"


def test_counts_and_lists() -> None:
    assert [count_text(number, "HSM") for number in (0, 1, 7)] == ["0 HSMs", "1 HSM", "7 HSMs"]
    assert count_text(2, "copy", "copies") == "2 copies"
    assert [list_text(tuple("abc"[:number])) for number in range(4)] == ["", "a", "a and b", "a, b and c"]
