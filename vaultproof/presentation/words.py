"""Words for people, made from stable codes; the catalogue of a language is data (``english``)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from vaultproof.presentation import english
from vaultproof.presentation.digest_words import digest_words
from vaultproof.procedure.document import Plan, Procedure, ProcedureStep
from vaultproof.report import Origin, Outcome, Report, Scope, Status, Substep, Value


class Words:
    """The words of one language for one procedure and plan.

    Every lookup has an answer: a code without words is shown as itself, in a sentence that says what its status means,
    so that something new is never passed over and never looks better than it is.
    """

    def __init__(self, procedure: Procedure, plan: Plan, *, rehearsal: bool = False) -> None:
        self._procedure = procedure
        self._rehearsal = rehearsal
        self._number: Mapping[str, int] = {id: number for number, id in enumerate(plan.order, start=1)}

    def status(self, status: Status, code: str) -> str:
        """The label of a state."""
        return english.STATUS_BY_CODE.get(code) or english.STATUS[status]

    def step_sentence(self, step: ProcedureStep, status: Status, code: str, because: str | None) -> str:
        """What a step came to, in one sentence for anyone."""
        if status is Status.MATCH:
            return step.establishes
        if status is Status.NOT_EVALUATED and because is not None:
            return english.NOT_EVALUATED.format(step=self.step_name(because))
        return self._code_sentence(status, code)

    def substep_sentence(self, step_id: str, substep: Substep) -> str:
        """What a substep came to; ``subject`` is put in front where there is one, a bare number with what it counts."""
        specific = english.CODES.get(f"{step_id}/{substep.code}")
        sentence = specific or self._code_sentence(substep.status, substep.code)
        if not substep.subject:
            return sentence
        numbered = english.NUMBERED.get(step_id) if substep.subject.isdecimal() else None
        subject = numbered.format(number=substep.subject) if numbered else substep.subject
        return f"{subject}: {sentence}"

    def step_advice(self, status: Status, code: str) -> str | None:
        """What the reader may do about a state; None when there is nothing to do.

        A rehearsal has no operator to tell: then it says what one would do with a real fleet.
        """
        advice = english.ADVICE_BY_CODE.get(code) or english.ADVICE.get(status)
        if advice is None or not self._rehearsal or status is not Status.MISMATCH:
            return advice
        return english.ADVICE_IN_REHEARSAL.format(advice=advice[:1].lower() + advice[1:])

    def step_name(self, id: str) -> str:
        """A step by number and title: ``step 3 (Independent signature)``."""
        title = self._procedure.steps[id].title
        return f"step {self._number[id]} ({title})" if id in self._number else title

    def fact_label(self, label: str) -> str:
        """The label of a fact."""
        text = english.LABELS.get(label) or english.CODES.get(label) or label.replace("-", " ")
        return text.removesuffix(".")

    def origin(self, origin: Origin) -> str:
        """Who vouches for a fact."""
        return english.ORIGINS[origin]

    def value(self, value: Value) -> str:
        """A value as text."""
        if value is None:
            return english.NOTHING
        if isinstance(value, bool):
            return english.YES if value else english.NO
        return english.VALUES.get(value, value) if isinstance(value, str) else str(value)

    def verdict_label(self, outcome: Outcome, *, rehearsal: bool) -> str:
        """The verdict in one or two words; a rehearsal says so."""
        label = english.OUTCOMES[outcome]
        return f"{english.REHEARSAL}: {label}" if rehearsal else label

    def verdict_sentence(self, report: Report) -> str:
        """The verdict in one sentence that a reader could test."""
        outcome, scope = report.verdict.outcome, report.verdict.scope
        trouble = report.verdict.first_trouble
        kind = english.KINDS[(scope, report.distribution)]
        return english.VERDICTS[(outcome, scope)].format(
            total=sum(1 for step in report.steps if step.required),
            matched=sum(1 for step in report.steps if step.required and step.status is Status.MATCH),
            kind=kind,
            trouble=self.step_name(trouble) if trouble else "",
        )

    def verdict_advice(self, outcome: Outcome, *, rehearsal: bool) -> str | None:
        """What to do about the verdict."""
        advice = (english.OUTCOME_ADVICE.get(outcome), english.REHEARSAL_ADVICE if rehearsal else None)
        return " ".join(text for text in advice if text) or None

    def counts(self, report: Report) -> str:
        """How many steps came to which state: ``9 match, 1 not published, 2 not evaluated``."""
        told: dict[str, int] = {}
        for status in Status:
            for step in report.steps:
                if step.status is status:
                    words = english.COUNTED_BY_CODE.get(step.code, english.COUNTED[status])
                    told[words] = told.get(words, 0) + 1
        return ", ".join(f"{number} {words}" for words, number in told.items())

    def claim(self, id: str) -> str:
        """A claim that a verdict does or does not establish, as a sentence."""
        if id.startswith("step:"):
            step = self._procedure.steps.get(id.removeprefix("step:"))
            if step is not None:
                return step.establishes
        return english.CLAIMS.get(id, id)

    def in_short(self, ids: Collection[str]) -> tuple[str, ...]:
        """What a verdict establishes, in few sentences for anyone, from the ids of its claims."""
        return tuple(sentence for steps, sentence in english.IN_SHORT if all(f"step:{step}" in ids for step in steps))

    def unmet_claim(self, id: str) -> str:
        """A claim in the list of what is not established: a step that did not match says that it was not shown."""
        return english.NOT_SHOWN.format(claim=self.claim(id)) if id.startswith("step:") else self.claim(id)

    def limits(self) -> tuple[str, ...]:
        """What no run can establish, for places without a report."""
        return tuple(english.CLAIMS.values())

    def party(self, id: str) -> str:
        """A party by its role."""
        return english.PARTIES.get(id, id)

    def parties_sentence(self, report: Report) -> str:
        """Who would have to lie, as one sentence."""
        if not report.parties:
            return english.NO_PARTIES
        groups = [" and ".join(self.party(id) for id in group) + (" together" if len(group) > 1 else " alone")
                  for group in report.parties]  # fmt: skip
        return english.WOULD_HAVE_TO_LIE.format(groups="; or ".join(groups))

    def digest_words(self, digest: str) -> tuple[str, ...]:
        """A digest in words, one a byte."""
        return digest_words(digest)

    def _code_sentence(self, status: Status, code: str) -> str:
        sentence = english.CODES.get(code) or self._family_sentence(code)
        if sentence is None or (status is Status.MATCH and code not in english.CODES):
            return english.STATUS_SENTENCES[status].format(code=code)
        if status is Status.COULD_NOT_CHECK:
            return f"{sentence} {english.NOTHING_WRONG}"
        return sentence

    def _family_sentence(self, code: str) -> str | None:
        return next((text for prefix, text in english.CODE_FAMILIES.items() if code.startswith(prefix)), None)


def is_rehearsal(report: Report) -> bool:
    """Whether a report speaks of rehearsal data."""
    return report.verdict.scope is Scope.REHEARSAL
