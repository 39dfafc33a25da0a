"""The verdict: a fold over the required steps, with what it does and does not establish."""

from __future__ import annotations

from collections.abc import Sequence

from vaultproof.report import Outcome, Scope, Status, StepResult, Verdict

ALWAYS_UNESTABLISHED = ("no-maker-fault", "no-other-administrator", "your-app-uses-it", "this-page-is-honest")
"""Claims that no run can establish: they stand beside every verdict, also a verified one."""


def fold(steps: Sequence[StepResult], scope: Scope, *, planned: Sequence[str]) -> Verdict:
    """Verified if every required step matches; contradicted if any step does not match; incomplete otherwise.

    A mismatch counts wherever it is found: a step that was not required and contradicts still contradicts.
    ``planned`` are the ids of all steps of the plan in order: with a step left out nothing is verified, so that leaving
    one out can never look like passing it.
    """
    required = [step for step in steps if step.required]
    complete = [step.id for step in steps] == list(planned)
    if any(step.status is Status.MISMATCH for step in steps):
        outcome = Outcome.CONTRADICTED
    elif complete and required and all(step.status is Status.MATCH for step in required):
        outcome = Outcome.VERIFIED
    else:
        outcome = Outcome.INCOMPLETE
    return Verdict(
        outcome=outcome,
        scope=scope,
        first_trouble=_first_trouble(steps, planned),
        establishes=tuple(f"step:{step.id}" for step in steps if step.status is Status.MATCH),
        does_not_establish=ALWAYS_UNESTABLISHED
        + tuple(f"step:{step.id}" for step in required if step.status is not Status.MATCH),
    )


def _first_trouble(steps: Sequence[StepResult], planned: Sequence[str]) -> str | None:
    """The first mismatch; without one, the first required step that did not match; else the first that was left out."""
    ids = [step.id for step in steps]
    mismatched = (step.id for step in steps if step.status is Status.MISMATCH)
    unmatched = (step.id for step in steps if step.required and step.status is not Status.MATCH)
    return next(
        (id for found in (mismatched, unmatched, (id for id in planned if id not in ids)) for id in found), None
    )
