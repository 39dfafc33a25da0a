"""Which step is running, on a terminal: one line on standard error that is gone when the result is printed."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from vaultproof.cli import voice
from vaultproof.procedure.document import Procedure
from vaultproof.verification import Event, StepStarted


class Progress:
    """Told of each step by the verification; silent unless somebody looks."""

    def __init__(self, procedures: Mapping[str, Procedure]) -> None:
        self._steps = procedures[max(procedures)].steps
        self._shown = voice.is_terminal(sys.stderr)
        self._width = 0

    def __call__(self, event: Event) -> None:
        """Show the step that begins."""
        if self._shown and isinstance(event, StepStarted):
            step = self._steps.get(event.id)
            self._line(f"{event.number:2}  {step.doing if step else event.id} ...")

    def clear(self) -> None:
        """Take the line away."""
        if self._width:
            self._line("")
            self._width = 0

    def _line(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self._width) + ("" if text else "\r"))
        sys.stderr.flush()
        self._width = len(text)
