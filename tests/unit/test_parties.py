"""Who would have to lie: computed from the steps that matched, and no set larger than it must be."""

from __future__ import annotations

from itertools import combinations

import pytest

from tests.cases import harness
from tests.cases.library import procedures, run
from vaultproof.parties import BACKERS, PAGE, STATEMENTS, who_would_have_to_lie
from vaultproof.presentation import english
from vaultproof.report import Status, StepResult

BACKED = sorted({id for alternatives in STATEMENTS.values() for needed in alternatives for id in needed})


def lying(*matched: str, status: Status = Status.MATCH) -> tuple[tuple[str, ...], ...]:
    ids = sorted({*BACKED, *matched})
    return who_would_have_to_lie(
        [
            StepResult(
                id=id, number=1, required=True, status=status if id in matched else Status.COULD_NOT_CHECK, code="c"
            )
            for id in ids
        ]
    )


def test_nothing_matched_means_that_nobody_would_have_to_lie() -> None:
    assert lying() == ()
    assert who_would_have_to_lie([]) == ()


def test_whoever_serves_the_verifier_always_stands_alone() -> None:
    assert lying("files") == ((PAGE,),)


def test_two_signatures_over_one_bundle_need_two_liars() -> None:
    assert ("operator", "signer") in lying("signer", "counter-signature")
    assert ("signer",) not in lying("signer", "counter-signature")


def test_without_the_confirmation_the_signer_alone_is_enough() -> None:
    assert ("signer",) in lying("signer")
    assert ("operator", "signer") not in lying("signer")


def test_every_set_is_computed_from_steps_that_matched_and_none_holds_another() -> None:
    for size in range(len(BACKED) + 1):
        for matched in combinations(BACKED, size):
            groups = lying(*matched)
            backers = {BACKERS[id] for id in matched} | ({PAGE} if matched else set())
            assert {party for group in groups for party in group} <= backers
            for one, other in combinations(groups, 2):
                assert not set(one) <= set(other), (matched, groups)
                assert not set(other) <= set(one), (matched, groups)
            assert list(groups) == sorted(groups, key=lambda group: (len(group), group))
            assert all(list(group) == sorted(set(group)) for group in groups)


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.MATCH}))
def test_a_step_that_did_not_match_backs_nothing(status: Status) -> None:
    assert lying(*BACKED, status=status) == ()


def test_another_step_that_matches_never_lets_fewer_liars_do() -> None:
    """More evidence cannot make a statement easier to falsify, but for statements that it adds."""
    for id in ("counter-signature", "keys"):
        partner = {"counter-signature": "signer", "keys": "attestation"}[id]
        before, after = lying(partner), lying(partner, id)
        assert min(len(set(group) | {BACKERS[partner]}) for group in after if group != (PAGE,)) >= min(
            len(group) for group in before if group != (PAGE,)
        )


def test_every_step_named_here_is_a_step_and_every_party_has_words() -> None:
    steps = {id for procedure in procedures().values() for id in procedure.steps}
    assert set(BACKED) <= steps
    assert set(BACKED) <= set(BACKERS) <= steps
    assert {*BACKERS.values(), PAGE} <= set(english.PARTIES)


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("over-the-air", (("hsm-vendor",), ("this-page",), ("operator", "signer"))),
        ("hardcoded", (("hsm-vendor",), ("operator",), ("this-page",))),
        ("unconfirmed_fail", (("hsm-vendor",), ("signer",), ("this-page",))),
        ("missing-manifest_fail", ()),
    ],
)
def test_real_reports_name_the_parties_behind_what_ran(name: str, groups: tuple[tuple[str, ...], ...]) -> None:
    assert run(harness.load(name)).parties == groups
