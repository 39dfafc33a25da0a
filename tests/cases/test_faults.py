"""Every fault that can be planted: found by the step it belongs to, by no step before it; and no fault, no trouble."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from generator.rehearsal import FAULTS, RehearsalOptions, rehearse
from generator.rehearsal.committed import EVIDENCE
from generator.rehearsal.options import MESSENGER, WHATSAPP
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.evidence.deployment import HARDCODED, OVER_THE_AIR
from vaultproof.procedure.document import Procedure, read_procedure
from vaultproof.report import Outcome, Report, Scope, Status
from vaultproof.trust.configuration import TrustSet, read_trust_set
from vaultproof.verification import verify

CLOCK = datetime(2026, 11, 22, 12, tzinfo=UTC)
SEED = "REHEARSAL of faults"
PRODUCTS = {OVER_THE_AIR: MESSENGER, HARDCODED: WHATSAPP}
CASES = [
    (name, distribution)
    for name, fault in FAULTS.items()
    for distribution in PRODUCTS
    if fault.distribution in (None, distribution)
]
CODES = json.loads((Path(__file__).parent / "fault_codes.json").read_bytes())
STEPS = (
    "files", "digest", "signer", "counter-signature", "audit-log", "history", "app-pin", "attestation", "keys", "fleet",
    "ceremony",
)  # fmt: skip


@cache
def _trust() -> TrustSet:
    folder = EVIDENCE / "trust"
    return read_trust_set({path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.json")})


@cache
def _procedures() -> Mapping[str, Procedure]:
    documents = (EVIDENCE / "procedure").glob("*.md")
    read = (read_procedure(path.read_bytes(), file=path.name) for path in documents)
    return {procedure.version: procedure for procedure in read}


def _verify(files: Mapping[str, bytes]) -> Report:
    return run_to_completion(
        verify(
            files, trust=_trust(), procedures=_procedures(), clock=CLOCK, backend=OpenSslBackend(), engine={}
        )
    )  # fmt: skip


def _options(distribution: str, fault: str | None = None) -> RehearsalOptions:
    product = PRODUCTS[distribution]
    return RehearsalOptions(seed=SEED, id=f"rehearsal-{product}-faults", product=product, fault=fault)


@cache
def _faulty(name: str, distribution: str) -> Report:
    return _verify(rehearse(_options(distribution, name)))


def test_there_is_a_fault_for_every_step_and_there_are_many() -> None:
    assert {fault.step for fault in FAULTS.values()} == set(STEPS)
    assert len(FAULTS) >= 30
    assert [fault.step for fault in FAULTS.values() if not fault.sentence.endswith(".")] == []


@pytest.mark.parametrize("distribution", PRODUCTS)
def test_without_a_fault_everything_matches(distribution: str) -> None:
    report = _verify(rehearse(_options(distribution)))
    assert report.verdict.first_trouble is None
    assert (report.verdict.outcome, report.verdict.scope) == (Outcome.VERIFIED, Scope.REHEARSAL)
    assert report.step("ceremony").status is Status.MATCH


@pytest.mark.parametrize(("name", "distribution"), CASES)
def test_a_fault_is_found_by_its_step_and_by_none_before(name: str, distribution: str) -> None:
    fault = FAULTS[name]
    report = _faulty(name, distribution)
    found = next(step for step in report.steps if step.status is not Status.MATCH)
    assert (found.id, report.verdict.first_trouble) == (fault.step, fault.step)
    assert found.code == CODES[name]  # for the reason that was planted, not for another one
    assert report.verdict.outcome in (Outcome.CONTRADICTED, Outcome.INCOMPLETE)


ALSO_FOUND = {
    # The nonce that each HSM signs covers the published keys, so other keys make it another deployment's nonce.
    "artifact-swapped": {"attestation": "nonce-differs", "ceremony": "material-differs"},
    # The witnesses signed for the attestations as they were made.
    **{
        name: {"ceremony": "material-differs"}
        for name in (
            "attestation-chain-cut",
            "attestation-malformed",
            "attestation-signature-added",
            "attestation-signature-stripped",
        )
    },
    **{
        name: {"ceremony": "not-published"}
        for name in ("attestation-missing", "layers-evidence-missing", "layers-maker-missing", "member-missing")
    },
    # The nonce cannot be computed from a key file that cannot be read.
    "artifact-unreadable": {"attestation": "wrong-value"},
}
"""Faults that a step which does not depend on theirs sees as well, by nature."""


@pytest.mark.parametrize(("name", "distribution"), CASES)
def test_a_fault_is_one_fault(name: str, distribution: str) -> None:
    """Steps that do not depend on the one that finds it all match: everything else was made consistent with it."""
    report = _faulty(name, distribution)
    others = [item for item in report.steps if item.required and item.id != FAULTS[name].step and item.because is None]
    found = {item.id: item.code for item in others if item.status is not Status.MATCH}
    assert found == ALSO_FOUND.get(name, {})


@pytest.mark.parametrize("name", [name for name, distribution in CASES if distribution == OVER_THE_AIR])
def test_a_fault_is_one_fault_in_other_fleets_too(name: str) -> None:
    """Three members at one site, as a deployment that goes on from another one."""
    before = rehearse(_options(OVER_THE_AIR))
    options = replace(_options(OVER_THE_AIR, name), id="rehearsal-messenger-next", members=3, sites=1, previous=before)
    if name == "signer-before-key-validity":
        options = replace(options, previous=None)  # the log of `before` ends after the newer key became valid
    report = _verify(rehearse(options))
    assert report.verdict.first_trouble == FAULTS[name].step


@pytest.mark.parametrize("id", ["rehearsal-whatsapp-2025", "rehearsal-messenger-2025", "rehearsal-messenger-2026"])
def test_the_committed_deployments_verify(id: str) -> None:
    folder = EVIDENCE / "deployments" / id
    paths = (path for path in folder.rglob("*") if path.is_file())
    report = _verify({path.relative_to(folder).as_posix(): path.read_bytes() for path in paths})
    assert [(step.id, step.code) for step in report.steps if step.required and step.status is not Status.MATCH] == []
    assert report.verdict.outcome is Outcome.VERIFIED
