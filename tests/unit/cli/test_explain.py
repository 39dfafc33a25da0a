"""``vaultproof explain``: the published procedure, as it is published."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Run
from vaultproof.cli.sources import load_procedures

PROCEDURE = load_procedures()["2026-11"]


@pytest.mark.parametrize("id", PROCEDURE.steps)
def test_a_step_is_told_as_it_was_published(run: Run, id: str) -> None:
    ran = run("explain", id)
    step = PROCEDURE.steps[id]
    assert ran.code == 0
    for text in (step.title, step.question, step.compares, step.establishes, step.does_not_establish, step.text):
        assert text in ran.out
    assert all(other == id or f"\n{other}: " not in ran.out for other in PROCEDURE.steps)


def test_without_a_step_all_are_told_in_order(run: Run) -> None:
    out = run("explain").out
    assert out.startswith(f"Procedure 2026-11, published {PROCEDURE.published}, SHA-256 {PROCEDURE.digest}\n")
    assert PROCEDURE.introduction in out
    places = [out.index(f"\n{id}: ") for id in PROCEDURE.steps]
    assert places == sorted(places)


def test_where_a_step_stands_is_told_for_each_distribution(run: Run) -> None:
    assert "step 7 of over-the-air (required); step 3 of hardcoded (required)" in run("explain", "attestation").out
    assert "(required if it was promised)" in run("explain", "ceremony").out
    assert "(the reader's own, not required)" in run("explain", "your-app").out
