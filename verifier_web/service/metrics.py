"""What the service counts about itself: numbers only, nothing about anybody.

The text format is that of Prometheus, version 0.0.4.  Labels have values from closed sets that stand here: no address,
no name of a file, no digest, no deployment can become one.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of durations, in seconds."""

COUNTERS = {
    "workers_replaced": ("Worker processes that were replaced.", None, ()),
    "checks": (
        "Checks by how they ended.",
        "outcome",
        ("verified", "contradicted", "incomplete", "refused", "time", "memory", "crash", "left"),
    ),
    "requests": ("Requests by kind of answer.", "status", ("1xx", "2xx", "3xx", "4xx", "5xx")),
    "turned_away": ("Requests that were turned away.", "reason", ("busy", "client", "stopping", "slow", "memory")),
}


class Metrics:
    """Counters and one histogram, safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters = {name: dict.fromkeys(values or ("",), 0) for name, (_, _, values) in COUNTERS.items()}
        self._buckets = [0] * (len(BUCKETS) + 1)
        self._sum = 0.0

    def count(self, name: str, value: str = "") -> None:
        """One more.  Raises ``KeyError`` for a name or value that is not of ``COUNTERS``."""
        with self._lock:
            values = self._counters[name]
            values[value] = values[value] + 1

    def took(self, seconds: float) -> None:
        """One check's duration, the wait for it included."""
        place = next((place for place, bound in enumerate(BUCKETS) if seconds <= bound), len(BUCKETS))
        with self._lock:
            self._buckets[place] += 1
            self._sum += seconds

    def text(self, gauges: Mapping[str, float]) -> str:
        """Everything, in the text format; ``gauges`` are values of this moment."""
        with self._lock:
            lines = [line for name in COUNTERS for line in self._counter(name)] + self._histogram()
        for name, value in gauges.items():
            lines += [f"# TYPE vaultproof_{name} gauge", f"vaultproof_{name} {value:g}"]
        return "\n".join(lines) + "\n"

    def _counter(self, name: str) -> list[str]:
        about, label, _ = COUNTERS[name]
        full = f"vaultproof_{name}_total"
        lines = [f"# HELP {full} {about}", f"# TYPE {full} counter"]
        for value, number in self._counters[name].items():
            lines.append(f'{full}{{{label}="{value}"}} {number}' if label else f"{full} {number}")
        return lines

    def _histogram(self) -> list[str]:
        full, total = "vaultproof_check_seconds", 0
        lines = [f"# HELP {full} How long checks took, the wait included.", f"# TYPE {full} histogram"]
        for bound, number in zip((*map(str, BUCKETS), "+Inf"), self._buckets, strict=True):
            total += number
            lines.append(f'{full}_bucket{{le="{bound}"}} {total}')
        return [*lines, f"{full}_sum {self._sum:g}", f"{full}_count {total}"]
