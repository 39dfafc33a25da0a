"""How everything here is timed: interleaved rounds, processor time or wall time, median with minimum and maximum."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ROUNDS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The rounds of one thing that was timed, in seconds."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median round, in seconds."""
        return statistics.median(self.seconds)

    def line(self, per: int, unit: str) -> str:
        """One line: how long ``per`` units took, and how many a second that is."""
        low, high = min(self.seconds), max(self.seconds)
        rate = per / self.median
        return f"{self.name:<44} {self.median * 1e3:9.2f} ms ({low * 1e3:.2f}-{high * 1e3:.2f})  {rate:10.0f} {unit}/s"


def interleaved(
    works: Mapping[str, Callable[[], object]],
    *,
    rounds: int = ROUNDS,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, Sample]:
    """Run each of ``works`` in turn, ``rounds`` times after one warm-up, so that a slow minute hits all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(rounds):
        for name, work in works.items():
            start = clock()
            work()
            seconds[name].append(clock() - start)
    return {name: Sample(name=name, seconds=tuple(times)) for name, times in seconds.items()}


def ratio(samples: Mapping[str, Sample], over: str, under: str) -> str:
    """The ratio of two samples round by round: median with minimum and maximum."""
    ratios = [a / b for a, b in zip(samples[over].seconds, samples[under].seconds, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
