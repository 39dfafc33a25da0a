"""The one clock value of a build.

A build must give the same bytes again, so it never asks the machine for the time.  ``SOURCE_DATE_EPOCH`` decides where
it is set (https://reproducible-builds.org/specs/source-date-epoch/); otherwise the newest date that the evidence itself
carries: of the procedures, or of the deployments.  Pages show it as the moment of the build's check; what has expired
since is for the reader's own check to say, which uses the reader's clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from generator.errors import BuildError

VARIABLE = "SOURCE_DATE_EPOCH"


def build_clock(environment: Mapping[str, str], dates: Iterable[datetime]) -> datetime:
    """The instant of a build: ``SOURCE_DATE_EPOCH`` of ``environment`` (seconds), else the newest of ``dates``.

    Raises ``BuildError`` when the variable is no such number, or there is nothing to take a date from.
    """
    given = environment.get(VARIABLE)
    if given is not None:
        try:
            return datetime.fromtimestamp(int(given), tz=UTC)
        except (ValueError, OverflowError, OSError):
            raise BuildError(f"{VARIABLE} is not a number of seconds: {given!r}") from None
    newest = max(dates, default=None)
    if newest is None:
        raise BuildError("there is no date in the evidence to build by", hint=f"set {VARIABLE}")
    return newest.astimezone(UTC)


def midnight(day: str) -> datetime:
    """The first instant of a day given as RFC 3339 (``2026-11-22``), in UTC."""
    parsed = date.fromisoformat(day)
    return datetime(parsed.year, parsed.month, parsed.day, tzinfo=UTC)
