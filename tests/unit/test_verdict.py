"""The verdict is a fold, checked over every combination of statuses of short plans."""

from __future__ import annotations

from itertools import product

import pytest

from vaultproof.report import Outcome, Scope, Status, StepResult, Verdict
from vaultproof.verdict import ALWAYS_UNESTABLISHED, fold

States = tuple[tuple[Status, bool], ...]
EVERY_STATE = tuple(product(Status, (True, False)))
GOOD = {Outcome.CONTRADICTED: 0, Outcome.INCOMPLETE: 1, Outcome.VERIFIED: 2}


def results(states: States) -> list[StepResult]:
    return [
        StepResult(id=f"s{number}", number=number, required=required, status=status, code="c")
        for number, (status, required) in enumerate(states, start=1)
    ]


def verdict(states: States, *, without: int | None = None) -> Verdict:
    steps = results(states)
    planned = [step.id for step in steps]
    return fold([step for index, step in enumerate(steps) if index != without], Scope.PRODUCTION, planned=planned)


def every_combination() -> list[States]:
    return [states for length in range(4) for states in product(EVERY_STATE, repeat=length)]


def test_verified_exactly_when_all_required_steps_match_and_nothing_contradicts() -> None:
    for states in every_combination():
        required = [status for status, required in states if required]
        wanted = bool(required) and set(required) == {Status.MATCH} and (Status.MISMATCH, False) not in states
        assert (verdict(states).outcome is Outcome.VERIFIED) is wanted, states


def test_contradicted_exactly_when_any_step_does_not_match() -> None:
    for states in every_combination():
        wanted = Status.MISMATCH in [status for status, _ in states]
        assert (verdict(states).outcome is Outcome.CONTRADICTED) is wanted, states


def test_leaving_a_step_out_never_makes_a_verdict_verified() -> None:
    for states in every_combination():
        for index in range(len(states)):
            assert verdict(states, without=index).outcome is not Outcome.VERIFIED, (states, index)
            assert verdict(states, without=index).first_trouble is not None, (states, index)


def test_leaving_out_a_step_that_is_no_mismatch_never_improves_the_verdict() -> None:
    for states in every_combination():
        before = GOOD[verdict(states).outcome]
        for index, (status, _) in enumerate(states):
            if status is not Status.MISMATCH:
                assert GOOD[verdict(states, without=index).outcome] <= before, (states, index)


def test_a_worse_step_never_makes_a_better_verdict() -> None:
    for states in every_combination():
        for index, (status, required) in enumerate(states):
            if status is Status.MATCH:
                for worse in set(Status) - {Status.MATCH}:
                    changed = (*states[:index], (worse, required), *states[index + 1 :])
                    assert GOOD[verdict(changed).outcome] <= GOOD[verdict(states).outcome], (states, index, worse)


def test_steps_in_another_order_or_twice_are_not_verified() -> None:
    one, two = results(((Status.MATCH, True), (Status.MATCH, True)))
    assert fold([one, two], Scope.REHEARSAL, planned=["s1", "s2"]).outcome is Outcome.VERIFIED
    for steps in ([two, one], [one, two, two], [one, one]):
        assert fold(steps, Scope.REHEARSAL, planned=["s1", "s2"]).outcome is Outcome.INCOMPLETE
    assert fold([], Scope.REHEARSAL, planned=[]).outcome is Outcome.INCOMPLETE


def test_the_first_trouble_is_a_mismatch_before_anything_else() -> None:
    for states in every_combination():
        found = verdict(states).first_trouble
        statuses = [status for status, _ in states]
        if Status.MISMATCH in statuses:
            assert found == f"s{statuses.index(Status.MISMATCH) + 1}"
        else:
            wanted = [f"s{n}" for n, (status, needed) in enumerate(states, 1) if needed and status is not Status.MATCH]
            assert found == (wanted[0] if wanted else None)


def test_what_is_established_is_what_matched_and_the_limits_always_stand() -> None:
    for states in every_combination():
        found = verdict(states)
        assert found.establishes == tuple(f"step:s{n}" for n, (s, _) in enumerate(states, 1) if s is Status.MATCH)
        assert found.does_not_establish[: len(ALWAYS_UNESTABLISHED)] == ALWAYS_UNESTABLISHED
        assert not set(found.establishes) & set(found.does_not_establish)


@pytest.mark.parametrize("scope", list(Scope))
def test_the_scope_is_the_one_that_was_given(scope: Scope) -> None:
    assert fold(results(((Status.MATCH, True),)), scope, planned=["s1"]).scope is scope
