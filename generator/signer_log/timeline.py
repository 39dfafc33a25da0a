"""A log in time as a drawing: epochs above the axis, published evidence below it, and the moment of the copy.

Coordinates are computed here, so that the template only draws; the table of epochs is the drawing in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from generator.formatting import date_text

WIDTH = 800
HEIGHT = 236
AXIS = 116
LEFT = 70
RIGHT = WIDTH - LEFT
APART = 150
"""Between the middles of two labels."""
MOST_LABELS = 5
MOST_TICKS = 9
MOST_MARKS = 300
"""Marks that are drawn on each side: more would be a line."""
_STEPS = (1, 3, 6, 12, 24, 60)
"""Months between two ticks."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something at a point in time: a name, what stands before its date, when, and the state that it is drawn with."""

    name: str
    detail: str = ""
    at: datetime
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeMark:
    """A moment on the axis, in user units; ``label_x`` is the middle of its label, None where there is no room."""

    name: str
    date: str
    status: str
    x: int
    label_x: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A date on the axis."""

    x: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The whole drawing; ``description`` says what it shows in one sentence."""

    width: int
    height: int
    axis: int
    left: int
    right: int
    epochs: tuple[TimeMark, ...]
    evidence: tuple[TimeMark, ...]
    ticks: tuple[Tick, ...]
    copied_x: int
    copied: str
    description: str


def draw_timeline(epochs: Sequence[Moment], evidence: Sequence[Moment], copied_at: datetime) -> Timeline:
    """The drawing; the newest moments keep their labels where there are too many."""
    times = [item.at for item in (*epochs, *evidence)] + [copied_at]
    start, end = min(times), max(times)
    if end - start < timedelta(days=2):
        start = end - timedelta(days=2)
    scale = _Scale(start, end)
    return Timeline(
        width=WIDTH,
        height=HEIGHT,
        axis=AXIS,
        left=LEFT,
        right=RIGHT,
        epochs=_marks(epochs, scale),
        evidence=_marks(evidence, scale),
        ticks=_ticks(scale),
        copied_x=scale.place(copied_at),
        copied=date_text(copied_at),
        description=f"Epochs of the log and evidence published for them, from {date_text(start)} to {date_text(end)}.",
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    """Time to place."""

    start: datetime
    end: datetime

    def place(self, at: datetime) -> int:
        return LEFT + round((RIGHT - LEFT) * ((at - self.start) / (self.end - self.start)))


def _marks(moments: Sequence[Moment], scale: _Scale) -> tuple[TimeMark, ...]:
    shown = sorted(moments, key=lambda item: (item.at, item.name))[-MOST_MARKS:]
    labelled = len(shown) - min(len(shown), MOST_LABELS)
    places = [scale.place(item.at) for item in shown]
    labels = [None] * labelled + _apart(places[labelled:])
    marks = (
        TimeMark(name=item.name, date=item.detail + date_text(item.at), status=item.status, x=x, label_x=label)
        for item, x, label in zip(shown, places, labels, strict=True)
    )
    return tuple(sorted(marks, key=lambda mark: mark.status != "match"))  # trouble is drawn last, so that it is seen


def _apart(places: Sequence[int]) -> list[int | None]:
    """Rising places moved so that no two are closer than ``APART``, each as near to where it was as that leaves."""
    moved: list[int] = []
    for number, place in enumerate(places):
        last = RIGHT - APART * (len(places) - 1 - number)
        moved.append(min(max(place, moved[-1] + APART) if moved else place, last))
    return list(moved)


def _ticks(scale: _Scale) -> tuple[Tick, ...]:
    every = (_months(scale, step) for step in _STEPS)
    found = next((months for months in every if len(months) <= MOST_TICKS), _months(scale, _STEPS[-1]))
    return tuple(
        Tick(x=scale.place(at), label=str(at.year) if at.month == 1 else f"{_MONTHS[at.month - 1]} {at.year}")
        for at in found[-MOST_TICKS:]
    )


def _months(scale: _Scale, step: int) -> list[datetime]:
    """The first of every ``step``th month, counted from a January."""
    first = scale.start.year * 12 + scale.start.month - 1
    last = scale.end.year * 12 + scale.end.month - 1
    months = (datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in range(first, last + 1)
              if month % step == 0)  # fmt: skip
    return [at for at in months if scale.start <= at <= scale.end]
