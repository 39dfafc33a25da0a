"""The one clock value of a build."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from generator.clock import build_clock, midnight
from generator.errors import BuildError

OLD, NEW = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))


def test_the_newest_date_of_the_evidence_counts() -> None:
    assert build_clock({}, [OLD, NEW]) == datetime(2026, 1, 1, tzinfo=UTC)
    assert build_clock({}, [OLD, NEW]).tzinfo is UTC


def test_source_date_epoch_decides_where_it_is_set() -> None:
    assert build_clock({"SOURCE_DATE_EPOCH": "1760000000"}, [OLD, NEW]) == datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)


@pytest.mark.parametrize("value", ["", "yesterday", "1.5", "9" * 30])
def test_what_is_no_number_of_seconds_is_refused(value: str) -> None:
    with pytest.raises(BuildError, match="SOURCE_DATE_EPOCH"):
        build_clock({"SOURCE_DATE_EPOCH": value}, [OLD])


def test_without_any_date_there_is_no_build() -> None:
    with pytest.raises(BuildError, match="no date"):
        build_clock({}, [])


def test_a_day_begins_at_midnight_utc() -> None:
    assert midnight("2026-11-22") == datetime(2026, 11, 22, tzinfo=UTC)
