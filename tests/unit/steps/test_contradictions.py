"""Contradictions of a fleet are found where its attestations are only incomplete, and nothing becomes green by it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from generator.rehearsal import FAULTS, RehearsalOptions, rehearse
from tests.cases import harness
from tests.cases.library import procedures, run
from tests.cases.test_faults import CODES
from vaultproof.errors import Malformed
from vaultproof.procedure.document import read_procedure
from vaultproof.report import Outcome, Report, Status

REFERENCES = "rehearsal/reference-values.json"
OF_THE_FLEET = [name for name, fault in FAULTS.items() if fault.step in ("keys", "fleet")]
LATER = ("keys", "fleet")


def report(fault: str | None, change: dict[str, Any], *, file: str = REFERENCES) -> Report:
    """A small rehearsal under reference values that make its attestations incomplete in one way."""
    options = RehearsalOptions(seed="contradictions", id="rehearsal-case", members=5, sites=1, fault=fault)
    base = harness.load("over-the-air")
    case = replace(
        base,
        files=dict(rehearse(options)),
        trust=harness.changed(base.trust, [{"op": "set", "path": file, **change}]),
        evidence_digest=None,
    )
    return run(case)


INCOMPLETE: dict[str, dict[str, Any]] = {
    "freshness by the manifest alone": {"pointer": "/technologies/0/freshness", "value": "manifest"},
    "no firmware is allowed yet": {"pointer": "/technologies/0/allowed", "value": []},
    "no reference values at all": {"pointer": "/technologies/0/technology", "value": "abacus"},
}


@pytest.mark.parametrize("why", INCOMPLETE)
def test_without_a_contradiction_nothing_is_said(why: str) -> None:
    found = report(None, INCOMPLETE[why])
    assert found.step("attestation").status is Status.COULD_NOT_CHECK
    for id in LATER:
        step = found.step(id)
        assert (step.status, step.substeps) == (Status.NOT_EVALUATED, ())
    assert found.step("keys").because == "attestation"
    assert found.verdict.outcome is Outcome.INCOMPLETE


@pytest.mark.parametrize("why", INCOMPLETE)
@pytest.mark.parametrize("fault", OF_THE_FLEET)
def test_every_contradiction_of_a_fleet_is_found(fault: str, why: str) -> None:
    found = report(fault, INCOMPLETE[why])
    assert found.step("attestation").status is Status.COULD_NOT_CHECK
    step = found.step(FAULTS[fault].step)
    assert (step.status, step.code, step.because) == (Status.MISMATCH, CODES[fault], None)
    assert {item.status for item in step.substeps} == {Status.MISMATCH}
    assert found.verdict.outcome is Outcome.CONTRADICTED
    assert found.verdict.first_trouble == FAULTS[fault].step
    assert not {f"step:{id}" for id in LATER} & set(found.verdict.establishes)


@pytest.mark.parametrize("fault", OF_THE_FLEET)
def test_what_no_pinned_root_vouches_for_contradicts_nothing(fault: str) -> None:
    """Without a root of the technology nobody said any of it: only what needs no device is then found."""
    other = {"pointer": "/vendor_roots/0/technology", "value": "abacus"}
    found = report(fault, other, file="rehearsal/trust.json")
    assert found.step("attestation").code == "no-anchor"
    codes = {item.code for id in LATER for item in found.step(id).substeps}
    assert codes <= {"no-majority", "member-extra"}
    assert Status.MATCH not in {found.step(id).status for id in LATER}


def test_a_step_may_only_look_without_what_it_needs() -> None:
    (document,) = harness.tree(harness.EVIDENCE / "procedure").values()
    changed = document.replace(b'contradicts_without = ["keys"]', b'contradicts_without = ["digest"]')
    assert changed != document
    with pytest.raises(Malformed) as caught:
        read_procedure(changed)
    assert caught.value.pointer is not None
    assert caught.value.pointer.endswith("/contradicts_without/0")
    steps = next(iter(procedures().values())).steps
    assert {id: step.contradicts_without for id, step in steps.items() if step.contradicts_without} == {
        "keys": ("attestation",),
        "fleet": ("keys",),
    }
