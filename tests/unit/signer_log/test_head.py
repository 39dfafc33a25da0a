"""Finding a log's head: any hidden head, any pattern of answers that do not come."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultproof.signer_log.head import PATIENCE, Head, Presence, search
from vaultproof.strict.json import MAX_SAFE_INTEGER


class Log:
    """A log that ends at ``head`` and does not answer for ``silent``; it remembers what it was asked."""

    def __init__(self, head: int, silent: frozenset[int] = frozenset(), first: int = 1) -> None:
        self.head = head
        self.first = first
        self.silent = silent
        self.asked: list[int] = []

    def answer(self, epoch: int) -> Presence:
        self.asked.append(epoch)
        if epoch in self.silent:
            return Presence.UNKNOWN
        return Presence.PRESENT if self.first <= epoch <= self.head else Presence.ABSENT


def found(log: Log, *, first: int = 1, known: int | None = None, hint: int | None = None) -> Head:
    asking = search(first=first, known=known, hint=hint)
    epoch = next(asking)
    while True:
        try:
            epoch = asking.send(log.answer(epoch))
        except StopIteration as done:
            head: Head = done.value
            return head


@pytest.mark.parametrize(("head", "known"), [(0, None), (1, None), (2, None), (7, None), (1000, 990), (5, 5)])
def test_the_head_is_found_and_certain(head: int, known: int | None) -> None:
    assert found(Log(head), known=known) == Head(epoch=head or None, certain=True)


def test_one_question_is_enough_when_nothing_is_new() -> None:
    log = Log(489_193)
    assert found(log, known=489_193).certain
    assert log.asked == [489_194]


def test_a_log_that_begins_late_is_found_from_its_root() -> None:
    log = Log(722_700, first=722_677)
    assert found(log, first=722_677) == Head(epoch=722_700, certain=True)


@pytest.mark.parametrize("hint", [1, 499, 500, 501, 10**9, MAX_SAFE_INTEGER, MAX_SAFE_INTEGER + 1, -3])
def test_a_hint_is_never_believed(hint: int) -> None:
    assert found(Log(500), hint=hint) == Head(epoch=500, certain=True)


def test_silence_everywhere_is_no_head_and_no_certainty() -> None:
    log = Log(100, silent=frozenset(range(1, 10**4)))
    assert found(log) == Head(epoch=None, certain=False)
    assert len(log.asked) == PATIENCE


def test_silence_after_what_is_known_leaves_what_is_known() -> None:
    assert found(Log(100, silent=frozenset(range(41, 10**4))), known=40) == Head(epoch=40, certain=False)


def test_a_log_that_answers_for_every_epoch_ends_the_search() -> None:
    log = Log(MAX_SAFE_INTEGER)
    assert not found(log).certain
    assert len(log.asked) <= 60


@given(
    head=st.integers(0, 10**7),
    known=st.none() | st.integers(0, 10**7),
    hint=st.none() | st.integers(-5, 2 * 10**7),
    silent=st.frozensets(st.integers(1, 300), max_size=300),
    offset=st.integers(0, 10**7),
)
def test_any_head_and_any_silence(
    head: int, known: int | None, hint: int | None, silent: frozenset[int], offset: int
) -> None:
    known = None if known is None else min(known, head)
    log = Log(head, silent=frozenset(offset + number for number in silent) | silent)
    result = found(log, known=known, hint=hint)
    assert len(set(log.asked)) == len(log.asked)
    assert len(log.asked) <= 2 * math.log2(2 * 10**7 + 2) + PATIENCE + 4
    assert (result.epoch or 0) <= head
    assert result.epoch is None or result.epoch == known or result.epoch in log.asked
    if result.certain:
        assert (result.epoch or 0) == head
    if not set(log.asked) & log.silent:
        assert result.certain
