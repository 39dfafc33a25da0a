"""A report as text: one line a step, the first trouble in full, the verdict with both lists at the same weight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from vaultproof.cli.voice import Tone, painted, printable, say
from vaultproof.evidence.deployment import OVER_THE_AIR
from vaultproof.presentation.view import FactView, StepView, SubstepView, step_view, verdict_view
from vaultproof.presentation.words import Words
from vaultproof.procedure.document import Procedure
from vaultproof.report import Outcome, Report, Scope, Status

MOST_SUBSTEPS = 20
"""Parts of the first trouble that are told; thousands of files can differ."""

WORDS_A_LINE = 8

_TONES = {
    Status.MATCH.value: Tone.GOOD,
    Status.MISMATCH.value: Tone.BAD,
    Status.COULD_NOT_CHECK.value: Tone.UNSURE,
    Status.NOT_PUBLISHED.value: Tone.UNSURE,
    Status.NOT_EVALUATED.value: Tone.QUIET,
    Status.NOT_APPLICABLE.value: Tone.QUIET,
}
_OUTCOME_TONES = {
    Outcome.VERIFIED.value: Tone.GOOD,
    Outcome.CONTRADICTED.value: Tone.BAD,
    Outcome.INCOMPLETE.value: Tone.UNSURE,
}


def print_report(report: Report, procedure: Procedure) -> None:
    """Print the whole report."""
    words = _words(report, procedure)
    # A line needs no facts, and a fleet has thousands of them.
    steps = [step_view(procedure.steps[result.id], replace(result, substeps=()), words) for result in report.steps]
    _print_heading(report)
    width = max(len(step.title) for step in steps)
    for step in steps:
        _print_step_line(step, width)
    trouble = report.verdict.first_trouble
    if trouble is not None:
        say()
        _print_trouble(step_view(procedure.steps[trouble], report.step(trouble), words))
    say()
    _print_verdict(report, words)


def print_step(report: Report, procedure: Procedure, id: str) -> None:
    """Print one step in full, and nothing of the verdict."""
    step = step_view(procedure.steps[id], report.step(id), _words(report, procedure))
    _print_heading(report)
    _print_step_line(step, len(step.title))
    _print_substeps(step.substeps, len(step.substeps))
    say()
    say(f"Compared:  {printable(step.compared)}")
    say(f"Rests on:  {printable(step.rests_on)}")
    _print_lists([step.establishes] if step.status == Status.MATCH.value else [], [step.does_not_establish])
    if step.advice:
        say(printable(step.advice))
    say()
    say("This is one step; the verdict is about all that are required.")


def _words(report: Report, procedure: Procedure) -> Words:
    rehearsal = report.verdict.scope is Scope.REHEARSAL
    return Words(procedure, procedure.plan(report.distribution or OVER_THE_AIR), rehearsal=rehearsal)


def _print_heading(report: Report) -> None:
    rehearsal = painted("REHEARSAL  ", Tone.REHEARSAL, bold=True) if report.verdict.scope is Scope.REHEARSAL else ""
    name = printable(report.deployment) if report.deployment else "a deployment that does not say its name"
    say(f"{rehearsal}{name}, procedure {report.procedure_version}, checked as of {report.clock}")
    say()


def _print_step_line(step: StepView, width: int) -> None:
    aside = "" if step.required else "  (not required)"
    say(f"{step.number:2}  {step.title.ljust(width)}  {_state(step)}{aside}")


def _state(step: StepView) -> str:
    """The state in words, and, unless all is well, what it came to; some sentences begin with the state itself."""
    label, sentence = step.status_label, printable(step.sentence)
    painted_label = painted(label, _TONES[step.status])
    if step.status == Status.MATCH.value:
        return painted_label
    if sentence.casefold().startswith(label.casefold()):
        return painted_label + sentence[len(label) :]
    return f"{painted_label}: {sentence}"


def _print_trouble(step: StepView) -> None:
    say(painted(f"Step {step.number}: {step.question}", _TONES[step.status], bold=True))
    say(f"  {printable(step.sentence)} [{step.id}/{step.code}]")
    _print_substeps([part for part in step.substeps if part.status != Status.MATCH.value], MOST_SUBSTEPS)
    if step.advice:
        say(f"  {printable(step.advice)}")


def _print_substeps(parts: Sequence[SubstepView], most: int) -> None:
    for part in parts[:most]:
        state = painted(part.status_label, _TONES[part.status])
        say(f"  - {state}: {printable(part.sentence)} [{part.id}/{part.code}]")
        for fact in part.facts:
            _print_fact(fact)
    if len(parts) > most:
        say(f"  - and {len(parts) - most} more like these; --step and --format json show all of them")


def _print_fact(fact: FactView) -> None:
    origin = printable(fact.origin_label) + ("" if fact.compared else ", shown and not checked")
    place = f", in {printable(fact.file)}" if fact.file else ""
    say(f"      {printable(fact.label)} ({origin}{place})")
    if fact.compared and fact.expected is not None and not fact.differs:
        say(f"        equal     {printable(fact.found)}")
        return
    if fact.expected is not None:
        say(f"        expected  {printable(fact.expected)}")
    say(f"        found     {printable(fact.found)}")


def _print_verdict(report: Report, words: Words) -> None:
    verdict = verdict_view(report, words)
    say(painted(verdict.label, _OUTCOME_TONES[verdict.outcome], bold=True))
    say(printable(verdict.sentence))
    if verdict.advice:
        say(printable(verdict.advice))
    say(f"Steps: {verdict.counts}.")
    _print_lists(verdict.establishes, verdict.does_not_establish)
    say(printable(verdict.parties_sentence))
    say()
    say(f"Evidence digest  {verdict.evidence_digest or 'none: there is no manifest'}")
    say(f"Trust digest     {report.trust_digest}")
    say(f"Report digest    {verdict.report_digest}")
    for start in range(0, len(verdict.report_words), WORDS_A_LINE):
        label = "" if start else "  in words"
        say(f"{label:<17}{' '.join(verdict.report_words[start : start + WORDS_A_LINE])}")
    engine = report.engine
    say(
        f"Checked on this computer by vaultproof {engine['vaultproof']} with {engine['crypto']}"
        f" on {engine['name']} {engine['python']}, with files from where you took them."
    )


def _print_lists(establishes: Iterable[str], does_not: Iterable[str]) -> None:
    for title, claims in (("It establishes:", list(establishes)), ("It does not establish:", list(does_not))):
        say()
        say(title)
        for claim in claims or ["nothing"]:
            say(f"  - {printable(claim)}")
    say()
