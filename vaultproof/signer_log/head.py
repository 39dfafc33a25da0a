"""Finding a log's newest epoch where nobody tells it: by doubling and bisection, without any I/O.

``search`` is a generator: it yields an epoch to ask for, is sent what came of that, and ends with a ``Head``.  Epochs
follow each other without a gap (the signer's rule: epoch plus one), so that what is present lies below what is absent.
An absence may be stale (a cache before the signer keeps "no such epoch" for a while) and an answer may not come at all;
neither can make the head larger than it is, and what is not known is said to be not known.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from enum import StrEnum

from vaultproof.frozen import frozen
from vaultproof.strict.json import MAX_SAFE_INTEGER

PATIENCE = 6
"""Answers that may fail to come before the search ends as it stands."""


class Presence(StrEnum):
    """What came of asking for an epoch: a record; "no such epoch" (404); or neither, for whatever reason."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@frozen
class Head:
    """The newest epoch that was seen.

    ``epoch`` is None where none was: before the first epoch, or because nothing was answered.  ``certain`` means that
    the epoch after it was said to be absent, which is as certain as a log's own word; otherwise answers did not come.
    """

    epoch: int | None
    certain: bool


@dataclass(slots=True)
class _Bounds:
    """What is known: ``low`` is the highest epoch present, ``high`` the lowest absent; ``unknown`` had no answer."""

    low: int
    high: int | None = None
    unknown: set[int] = field(default_factory=set)

    def learn(self, epoch: int, presence: Presence) -> None:
        if presence is Presence.UNKNOWN:
            self.unknown.add(epoch)
        elif presence is Presence.PRESENT:
            self.low = epoch
        else:
            self.high = epoch

    @property
    def is_hopeless(self) -> bool:
        return len(self.unknown) >= PATIENCE


def search(*, first: int = 1, known: int | None = None, hint: int | None = None) -> Generator[int, Presence, Head]:
    """Search from ``known``, the newest epoch that is at hand already, or from the namespace's ``first``.

    ``hint`` is where the head is said to be (``last-verified-epoch``): it is asked early and never believed.  No epoch
    is asked for twice; with a head at distance n from ``known`` (or from the hint), about 2 log2(n) are.
    """
    start = first - 1 if known is None else max(known, first - 1)
    bounds = _Bounds(low=start)
    if hint is not None and start < hint <= MAX_SAFE_INTEGER:
        bounds.learn(hint, (yield hint))
    step = 1
    while bounds.high is None and not bounds.is_hopeless and bounds.low + step <= MAX_SAFE_INTEGER:
        epoch = bounds.low + step
        step *= 2
        if epoch not in bounds.unknown:
            bounds.learn(epoch, (yield epoch))
    while not bounds.is_hopeless:
        between = _between(bounds)
        if between is None:
            break
        bounds.learn(between, (yield between))
    seen = bounds.low > start or known is not None
    return Head(epoch=bounds.low if seen else None, certain=bounds.high == bounds.low + 1)


def _between(bounds: _Bounds) -> int | None:
    """The epoch nearest the middle of what is open that was not asked in vain; None where there is none."""
    if bounds.high is None:
        return None
    middle = (bounds.low + bounds.high) // 2
    for distance in range(len(bounds.unknown) + 1):
        for epoch in (middle - distance, middle + distance):
            if bounds.low < epoch < bounds.high and epoch not in bounds.unknown:
                return epoch
    return None
