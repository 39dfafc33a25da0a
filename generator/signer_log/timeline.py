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
FAR = 170
"""From a mark to the middle of its label; where one would stand farther, marks that touch have one label together."""
MARK = 14
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
    places = [scale.place(item.at) for item in shown]
    groups = [[number] for number in range(len(shown))]
    labels = _apart([places[group[-1]] for group in groups[-MOST_LABELS:]])
    if any(abs(label - places[group[-1]]) > FAR for group, label in zip(groups[-MOST_LABELS:], labels, strict=True)):
        groups = _together(places)
        labels = _apart([places[group[-1]] for group in groups[-MOST_LABELS:]])
    at = {group[-1]: (label, group) for group, label in zip(groups[-MOST_LABELS:], labels, strict=True)}
    marks = []
    for number, (item, x) in enumerate(zip(shown, places, strict=True)):
        label, group = at.get(number, (None, [number]))
        marks.append(_mark([shown[one] for one in group], item.status, x, label))
    return tuple(sorted(marks, key=lambda mark: mark.status != "match"))  # trouble is drawn last, so that it is seen


def _mark(group: Sequence[Moment], status: str, x: int, label: int | None) -> TimeMark:
    """The mark of the last moment of a group, which has one label, with the date of that moment."""
    first, last = group[0], group[-1]
    if len(group) == 1:
        return TimeMark(name=last.name, date=last.detail + date_text(last.at), status=status, x=x, label_x=label)
    kind, _, number = last.name.partition(" ")
    between = "and" if len(group) == 2 else "to"
    name = f"{kind}s {first.name.partition(' ')[2]} {between} {number}" if number else f"{kind}, {len(group)} times"
    return TimeMark(name=name, date=date_text(last.at), status=status, x=x, label_x=label)


def _together(places: Sequence[int]) -> list[list[int]]:
    """The numbers of rising places, in groups of such that their marks touch."""
    groups: list[list[int]] = []
    for number, place in enumerate(places):
        if groups and place - places[groups[-1][-1]] < MARK:
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups


def _apart(places: Sequence[int]) -> list[int]:
    """Rising places moved so that no two are closer than ``APART``, each as near to where it was as that leaves."""
    moved: list[int] = []
    for number, place in enumerate(places):
        last = RIGHT - APART * (len(places) - 1 - number)
        moved.append(min(max(place, moved[-1] + APART) if moved else place, last))
    return moved


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
