"""The log in time as a drawing: in order, inside its frame, and never two labels on each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from generator.signer_log.timeline import APART, FAR, LEFT, MOST_LABELS, MOST_MARKS, MOST_TICKS, RIGHT, WIDTH, Moment
from generator.signer_log.timeline import draw_timeline as draw

START = datetime(2025, 3, 31, 9, tzinfo=UTC)


def moments(*hours: float) -> list[Moment]:
    return [
        Moment(name=f"Epoch {number}", at=START + timedelta(hours=hour), status="match")
        for number, hour in enumerate(hours, 1)
    ]


@pytest.mark.parametrize(
    "hours",
    [(0,), (0, 1), (0, 0, 0), (0, 8000, 8001, 8002, 8003, 8004), tuple(range(1000)), (0, 100_000), (0, 500_000)],
    ids=lambda hours: f"{len(hours)} up to {hours[-1]}",
)
def test_everything_stands_inside_and_apart(hours: tuple[float, ...]) -> None:
    shown = draw(moments(*hours), moments(hours[-1]), START + timedelta(hours=hours[-1] + 1))
    marks = sorted(shown.epochs, key=lambda mark: mark.x)
    assert len(marks) == min(len(hours), MOST_MARKS)
    assert all(LEFT <= mark.x <= RIGHT for mark in (*marks, *shown.evidence))
    labels = sorted(mark.label_x for mark in marks if mark.label_x is not None)
    assert 1 <= len(labels) <= min(len(hours), MOST_LABELS)
    assert all(abs(mark.label_x - mark.x) <= FAR for mark in marks if mark.label_x is not None)
    assert all(after - before >= APART for before, after in pairwise(labels))
    assert all(0 < label < WIDTH for label in labels)
    assert 0 < len(shown.ticks) <= MOST_TICKS or hours[-1] < 1000
    assert all(LEFT <= tick.x <= RIGHT for tick in shown.ticks)


def test_the_newest_keep_their_labels() -> None:
    shown = draw(moments(*range(0, 8000, 1000)), (), START + timedelta(days=400))
    named = {mark.name for mark in shown.epochs if mark.label_x is not None}
    assert named == {f"Epoch {number}" for number in range(8 - MOST_LABELS + 1, 9)}


def test_marks_that_touch_have_one_label_where_each_ones_own_would_stand_far_away() -> None:
    together = draw(moments(0, 8000, 8010, 8020, 9000, 9010), (), START + timedelta(days=400))
    named = {mark.name: mark.date for mark in together.epochs if mark.label_x is not None}
    assert named == {
        "Epoch 1": "31 March 2025", "Epochs 2 to 4": "28 February 2026", "Epochs 5 and 6": "10 April 2026",
    }  # fmt: skip
    assert len(together.epochs) == 6
    evidence = [Moment(name="Evidence", detail="epoch 1, ", at=item.at, status="match") for item in moments(0, 0, 0, 0)]
    (label,) = [mark for mark in draw((), evidence, START).evidence if mark.label_x is not None]
    assert (label.name, label.date) == ("Evidence, 4 times", "31 March 2025")


def test_trouble_is_drawn_over_what_holds() -> None:
    items = [Moment(name=name, at=START, status=name) for name in ("mismatch", "match", "could_not_check")]
    assert draw(items, (), START).epochs[0].status == "match"


def test_the_moment_of_the_copy_is_drawn() -> None:
    shown = draw(moments(0), (), START + timedelta(days=10))
    assert (shown.copied_x, shown.copied) == (RIGHT, "10 April 2025")
    assert shown.description.endswith("from 31 March 2025 to 10 April 2025.")
