"""From a plan to files: every byte of a rehearsal but its manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from generator.rehearsal.announcement import announcement
from generator.rehearsal.app_package import app_package
from generator.rehearsal.ceremony import ceremony_files
from generator.rehearsal.evidence import attestation_files
from generator.rehearsal.fleet import fleet_keys_file
from generator.rehearsal.plan import MemberPlan, Plan
from generator.rehearsal.signer import log_files, proof
from generator.rehearsal.statement import statement
from vaultproof.evidence.files import DEPLOYMENT, FLEET_KEYS, MANIFEST, PROOF
from vaultproof.evidence.manifest import make_manifest

Attest = Callable[[Plan, MemberPlan, int], Mapping[str, bytes]]
"""The files of one HSM by name, from the plan, the HSM and its place at the ceremony."""

_COPY_BEFORE_DEPLOYMENT = timedelta(days=1)


def make_files(plan: Plan, attest: Attest = attestation_files) -> dict[str, bytes]:
    """All files that the manifest will list; ``attest`` makes those of each HSM, the attestation itself first."""
    artifact = plan.log.last.artifact if plan.log is not None else fleet_keys_file(plan.published)
    files = {FLEET_KEYS: artifact, "statement.md": statement(plan)}
    package = None
    if plan.log is not None:
        files[PROOF] = proof(plan.log.last, plan.log.counter)
        files |= log_files(plan.log, fetched_at=plan.deployed_at - _COPY_BEFORE_DEPLOYMENT)
    if plan.app is not None:
        package = app_package(plan.app)
        files[plan.app.path] = package
    evidence = []
    materials = {FLEET_KEYS: artifact}
    for order, member in enumerate(plan.attesting):
        made = attest(plan, member, order)
        evidence.append((member.name, next(iter(made.values()))))
        materials |= {f"attestations/{member.name}/{name}": data for name, data in made.items()}
    files |= materials
    files |= ceremony_files(plan, evidence=evidence, materials=materials)
    files[DEPLOYMENT] = announcement(plan, package=package)
    return files


def with_manifest(id: str, files: dict[str, bytes]) -> dict[str, bytes]:
    """The files with their manifest, sorted by path."""
    return dict(sorted({**files, MANIFEST: make_manifest(id, files).to_bytes()}.items()))
