"""How far a long run is, on a terminal: one line on standard error that is gone when the result is printed."""

from __future__ import annotations

import sys
import time

from vaultproof.cli import voice

EVERY = 0.2
"""Seconds between two changes of the line."""


class Counting:
    """Counts things; silent unless somebody looks."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = voice.is_terminal(sys.stderr)
        self._width = 0
        self._next = 0.0

    def __call__(self, done: int, total: int | None = None) -> None:
        """Show how many are done, of how many if that is known."""
        now = time.monotonic()
        if not self._shown or now < self._next:
            return
        self._next = now + EVERY
        self._line(f"{self._what}: {done:,}" + (f" of {total:,}" if total is not None else ""))

    def clear(self) -> None:
        """Take the line away."""
        if self._width:
            self._line("")
            sys.stderr.write("\r")
            self._width = 0

    def _line(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self._width))
        sys.stderr.flush()
        self._width = len(text)
