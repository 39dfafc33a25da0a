"""The fold takes the worst required outcome at an instant; nothing at all is never a pass."""

from __future__ import annotations

import pytest

from vaultproof.attestation.findings import AsOf, Finding, Outcome, fold


def found(outcome: Outcome, as_of: AsOf = AsOf.ALWAYS, *, required: bool = True) -> Finding:
    return Finding(code="x", outcome=outcome, subject="x", as_of=as_of, required=required)


PROVEN = found(Outcome.PROVEN)


def test_nothing_is_not_a_pass() -> None:
    assert fold([], AsOf.NOW) is Outcome.NOT_EVALUATED
    assert fold([found(Outcome.NOTED)], AsOf.NOW) is Outcome.NOT_EVALUATED
    assert fold([found(Outcome.PROVEN, required=False)], AsOf.NOW) is Outcome.NOT_EVALUATED
    assert fold([found(Outcome.PROVEN, AsOf.DEPLOYMENT)], AsOf.NOW) is Outcome.NOT_EVALUATED


@pytest.mark.parametrize("worse", [item for item in Outcome if item not in (Outcome.PROVEN, Outcome.NOTED)])
def test_anything_worse_than_proven_counts(worse: Outcome) -> None:
    assert fold([PROVEN, found(worse), PROVEN], AsOf.NOW) is worse
    assert fold([PROVEN, found(worse, required=False)], AsOf.NOW) is Outcome.PROVEN
    assert fold([PROVEN, found(worse), found(Outcome.FAILED)], AsOf.NOW) is Outcome.FAILED


def test_each_instant_has_its_own_answer() -> None:
    later = [PROVEN, found(Outcome.FAILED, AsOf.NOW)]
    assert [fold(later, as_of) for as_of in (AsOf.DEPLOYMENT, AsOf.NOW)] == [Outcome.PROVEN, Outcome.FAILED]
