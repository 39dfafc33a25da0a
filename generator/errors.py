"""Errors of the build: one line for the person who builds, with what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class BuildError(Exception):
    """The site cannot be built as asked; ``hint`` says what to do."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text}\n  {self.hint}" if self.hint else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that keeps a deployment from being verified: step, stable code, and the fact that tells it.

    ``because`` names the step that withheld this one, for steps that were not evaluated.
    """

    step: str
    code: str
    because: str | None = None
    subject: str | None = None
    file: str | None = None
    label: str | None = None
    expected: str | None = None
    found: str | None = None

    def __str__(self) -> str:
        if self.because is not None:
            return f"step {self.step}: not evaluated, because {self.because} did not match"
        parts = [f"step {self.step}: {self.code}"]
        if self.subject:
            parts.append(f"about {self.subject}")
        if self.file:
            parts.append(f"in {self.file}")
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        if self.found is not None:
            parts.append(f"found {self.found}")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTrouble:
    """One finding that keeps a copy of the signer's log from holding: stable code, and what it is in words."""

    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A deployment or a copy of the log that is not published, and why.

    ``deployment`` is the id or the namespace, ``outcome`` that of its verdict.
    """

    deployment: str
    outcome: str
    troubles: tuple[Trouble | LogTrouble, ...]

    def __str__(self) -> str:
        lines = [f"{self.deployment}: {self.outcome}"]
        return "\n".join(lines + [f"    {trouble}" for trouble in self.troubles])


class PublicationRefusedError(BuildError):
    """What does not verify and was not named to be published as failing.  Nothing was written."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)
        told = "\n".join(f"  {refusal}" for refusal in self.refusals)
        super().__init__(
            f"not published, because this does not verify:\n{told}",
            hint="mend the evidence, or name it to be published as failing: its page says so at its top",
        )
