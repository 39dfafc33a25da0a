"""What stands at the very top of a page whose deployment is published although it does not verify."""

from __future__ import annotations

from dataclasses import dataclass

from vaultproof.presentation.view import VerdictView
from vaultproof.presentation.words import Words
from vaultproof.report import Outcome, Report, Status, StepResult, Substep

SHOWN = 4
"""Troubles of one step that are told at the top; the rest are counted, and stand with the step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleLine:
    """One trouble in a sentence; ``differs`` gives expected and found, where two things were compared."""

    sentence: str
    code: str
    differs: tuple[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingStep:
    """A step that did not match: its name, what is wrong, and how many troubles more there are."""

    id: str
    name: str
    lines: tuple[TroubleLine, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """The alarm: ``contradicted`` tells it from what only could not be checked; ``withheld`` names steps left out."""

    contradicted: bool
    sentence: str
    steps: tuple[FailingStep, ...]
    withheld: tuple[str, ...]


def failing_view(report: Report, verdict: VerdictView, words: Words) -> Failing:
    """The alarm for a report that is not verified."""
    failing = [step for step in report.steps if _counts(step)]
    return Failing(
        contradicted=report.verdict.outcome is Outcome.CONTRADICTED,
        sentence=verdict.sentence,
        steps=tuple(_step(step, words) for step in failing if step.because is None),
        withheld=tuple(words.step_name(step.id) for step in failing if step.because is not None),
    )


def _counts(step: StepResult) -> bool:
    return step.status is Status.MISMATCH or (step.required and step.status is not Status.MATCH)


def _step(step: StepResult, words: Words) -> FailingStep:
    held = [item for item in step.substeps if item.status not in (Status.MATCH, Status.NOT_APPLICABLE)]
    name = words.step_name(step.id)
    return FailingStep(
        id=step.id,
        name=name[0].upper() + name[1:],
        lines=tuple(_line(step, item, words) for item in held[:SHOWN]),
        more=max(0, len(held) - SHOWN),
    )


def _line(step: StepResult, substep: Substep, words: Words) -> TroubleLine:
    differs = next(
        (
            (words.value(fact.expected), words.value(fact.found))
            for fact in substep.facts
            if fact.compared and fact.expected is not None and fact.expected != fact.found
        ),
        None,
    )
    return TroubleLine(sentence=words.substep_sentence(step.id, substep), code=substep.code, differs=differs)
