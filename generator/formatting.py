"""Values as people read them: digests in groups, sizes, dates.  English and UTC; nothing depends on a locale."""

from __future__ import annotations

from datetime import UTC, date, datetime

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_UNITS = ("bytes", "KiB", "MiB", "GiB")
GROUP = 4
"""Hex digits in a group: as many as people read aloud in one breath."""


def hex_groups(digits: str) -> tuple[str, ...]:
    """``digits`` in groups of four, in order; the last one may be shorter."""
    return tuple(digits[start : start + GROUP] for start in range(0, len(digits), GROUP))


def size_text(size: int) -> str:
    """A size in bytes as text: ``1 byte``, ``512 bytes``, ``1.5 KiB``."""
    if size == 1:
        return "1 byte"
    value, unit = float(size), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{size} bytes" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"


def date_text(moment: date) -> str:
    """A day: ``22 November 2026``; an instant is given as its day in UTC."""
    day = moment.astimezone(UTC) if isinstance(moment, datetime) else moment
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def time_text(moment: datetime) -> str:
    """An instant: ``22 November 2026, 12:00 UTC``."""
    utc = moment.astimezone(UTC)
    return f"{date_text(utc)}, {utc:%H:%M} UTC"


def count_text(count: int, one: str, many: str | None = None) -> str:
    """``1 HSM``, ``7 HSMs``; ``many`` where the plural is not the singular with an s."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def list_text(items: tuple[str, ...]) -> str:
    """``a``, ``a and b``, ``a, b and c``; empty text for nothing."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
