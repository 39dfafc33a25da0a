"""View models: what a page, a terminal or a worker shows of a report, in words, with no logic about trust left to do.

All values are plain text, numbers and tuples; ``as_json`` of a view is what the browser's worker posts to its page.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from vaultproof.frozen import frozen
from vaultproof.presentation.words import Words
from vaultproof.procedure.document import ProcedureStep
from vaultproof.report import Fact, Report, Scope, Status, StepResult, Substep


@frozen
class FactView:
    """A fact in words: ``found`` and ``expected`` as text (``expected`` None when nothing was compared)."""

    label: str
    found: str
    expected: str | None
    differs: bool
    origin: str
    origin_label: str
    compared: bool
    file: str | None


@frozen
class SubstepView:
    """A substep in words: ``sentence`` is for anyone, ``code`` for experts."""

    id: str
    subject: str | None
    status: str
    status_label: str
    sentence: str
    code: str
    facts: tuple[FactView, ...]


@frozen
class StepView:
    """A step in words.

    ``question`` is what an ordinary person would ask; ``doing`` the label while it runs; ``title`` its name;
    ``sentence`` the outcome for anyone; ``advice`` what to do about it (None when there is nothing to do).
    """

    id: str
    number: int
    required: bool
    title: str
    question: str
    doing: str
    compared: str
    establishes: str
    does_not_establish: str
    rests_on: str
    status: str
    status_label: str
    sentence: str
    advice: str | None
    code: str
    substeps: tuple[SubstepView, ...]


@frozen
class VerdictView:
    """The verdict in words, with both lists, at the same size; ``in_short`` says the first one for anyone."""

    outcome: str
    scope: str
    label: str
    sentence: str
    advice: str | None
    counts: str
    in_short: tuple[str, ...]
    establishes: tuple[str, ...]
    does_not_establish: tuple[str, ...]
    parties: tuple[tuple[str, ...], ...]
    parties_sentence: str
    report_digest: str
    report_words: tuple[str, ...]
    evidence_digest: str | None


def as_json(view: FactView | SubstepView | StepView | VerdictView) -> dict[str, Any]:
    """A view as JSON values."""
    return asdict(view)


def plan_view(step: ProcedureStep, number: int, words: Words, *, required: bool) -> StepView:
    """A step before it ran: known from the procedure alone."""
    return _step(step, number, required, Status.NOT_EVALUATED, "not-run", None, (), words)


def step_view(step: ProcedureStep, result: StepResult, words: Words) -> StepView:
    """A step after it ran."""
    substeps = tuple(_substep(result.id, item, words) for item in result.substeps)
    return _step(step, result.number, result.required, result.status, result.code, result.because, substeps, words)


def verdict_view(report: Report, words: Words) -> VerdictView:
    """The verdict of a report, with both lists and the parties that it rests on."""
    verdict, digest = report.verdict, report.digest
    rehearsal = verdict.scope is Scope.REHEARSAL
    return VerdictView(
        outcome=verdict.outcome.value,
        scope=verdict.scope.value,
        label=words.verdict_label(verdict.outcome, rehearsal=rehearsal),
        sentence=words.verdict_sentence(report),
        advice=words.verdict_advice(verdict.outcome, rehearsal=rehearsal),
        counts=words.counts(report),
        in_short=words.in_short(verdict.establishes),
        establishes=tuple(words.claim(id) for id in verdict.establishes),
        does_not_establish=tuple(words.unmet_claim(id) for id in verdict.does_not_establish),
        parties=tuple(tuple(words.party(id) for id in group) for group in report.parties),
        parties_sentence=words.parties_sentence(report),
        report_digest=digest,
        report_words=words.digest_words(digest),
        evidence_digest=report.evidence_digest,
    )


def _step(
    step: ProcedureStep,
    number: int,
    required: bool,
    status: Status,
    code: str,
    because: str | None,
    substeps: tuple[SubstepView, ...],
    words: Words,
) -> StepView:
    return StepView(
        id=step.id,
        number=number,
        required=required,
        title=step.title,
        question=step.question,
        doing=step.doing,
        compared=step.compares,
        establishes=step.establishes,
        does_not_establish=step.does_not_establish,
        rests_on=step.rests_on,
        status=status.value,
        status_label=words.status(status, code),
        sentence=words.step_sentence(step, status, code, because),
        advice=words.step_advice(status, code),
        code=code,
        substeps=substeps,
    )


def _substep(step_id: str, substep: Substep, words: Words) -> SubstepView:
    return SubstepView(
        id=substep.id,
        subject=substep.subject,
        status=substep.status.value,
        status_label=words.status(substep.status, substep.code),
        sentence=words.substep_sentence(step_id, substep),
        code=substep.code,
        facts=tuple(_fact(fact, words) for fact in substep.facts),
    )


def _fact(fact: Fact, words: Words) -> FactView:
    return FactView(
        label=words.fact_label(fact.label),
        found=words.value(fact.found),
        expected=None if fact.expected is None else words.value(fact.expected),
        differs=fact.compared and fact.expected is not None and fact.expected != fact.found,
        origin=fact.origin.value,
        origin_label=words.origin(fact.origin),
        compared=fact.compared,
        file=fact.file,
    )
