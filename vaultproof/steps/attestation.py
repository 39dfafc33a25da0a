"""Step ``attestation``: do the HSMs' makers vouch for them?"""

from __future__ import annotations

from vaultproof.attestation.adapter import Attestation
from vaultproof.attestation.appraisal import appraise
from vaultproof.attestation.chain import verify_chain
from vaultproof.attestation.checks import CHECKS, grouped
from vaultproof.attestation.claims import Claims
from vaultproof.attestation.findings import AsOf, Outcome, fold
from vaultproof.attestation.freshness import attestation_nonce
from vaultproof.attestation.registry import adapter_for
from vaultproof.errors import Unavailable, VaultproofError
from vaultproof.evidence.deployment import Member
from vaultproof.evidence.files import DEPLOYMENT, FLEET_KEYS, required
from vaultproof.evidence.fleet_keys import read_fleet_keys
from vaultproof.frozen import frozen
from vaultproof.report import Fact, Origin, Status
from vaultproof.steps.appraised import add_group
from vaultproof.steps.base import Context, Finding, Substeps, shown
from vaultproof.strict.encodings import format_time

__all__ = ["CHECKS", "AttestedFleet", "AttestedMember", "attestation", "folder_of", "member_files"]


@frozen
class AttestedMember:
    """A member whose chain, signature and claims all held; ``code_allowed`` is whether its code is an allowed one."""

    member: Member
    claims: Claims
    code_allowed: bool


@frozen
class AttestedFleet:
    """Every announced member, each attested; of a step that did not match, those whose signatures hold."""

    members: tuple[AttestedMember, ...]


async def attestation(context: Context) -> Finding:
    """Check each announced member's chain, signature and claims."""
    substeps = Substeps()
    adapter = adapter_for(context.deployment.technology)
    keys = read_fleet_keys(required(context.files, FLEET_KEYS))
    nonce = attestation_nonce(
        context.deployment.id, context.deployment.technology, (key.fingerprint for key in keys.keys)
    )
    if context.now < context.deployment.deployed_at:
        substeps.add("clock", Status.COULD_NOT_CHECK, "clock-before-deployment", _deployed_at(context))
    attested, signed = [], []
    for member in context.deployment.members:
        try:
            read = adapter.read(member_files(context, member.name))
        except VaultproofError as error:
            substeps.trouble("evidence", error.in_file(folder_of(member.name)), subject=member.name)
            continue
        found, holds = await _member(substeps, context, member, read, nonce)
        attested.append(found)
        if holds:
            signed.append(found)
    return substeps.finding(AttestedFleet(members=tuple(attested)), seen=AttestedFleet(members=tuple(signed)))


def _deployed_at(context: Context) -> Fact:
    """The instant of the deployment; the clock of the run itself never stands in a fact."""
    moment = format_time(context.deployment.deployed_at)
    return shown("deployed-at", moment, Origin.OPERATOR_STATEMENT, file=DEPLOYMENT)


def folder_of(member: str) -> str:
    """The folder of a member's attestation files."""
    return f"attestations/{member}"


def member_files(context: Context, member: str) -> dict[str, bytes]:
    """A member's files by name within its folder.  Raises ``Unavailable("not-published")`` when there are none."""
    prefix = folder_of(member) + "/"
    files = {path.removeprefix(prefix): data for path, data in context.files.items() if path.startswith(prefix)}
    if not files:
        raise Unavailable("not-published", "no attestation of this member is published", file=prefix)
    return files


async def _member(
    substeps: Substeps, context: Context, member: Member, read: Attestation, nonce: bytes
) -> tuple[AttestedMember, bool]:
    """The member, and whether chain and signatures hold under what it says: then its maker's device said it."""
    at, folder = context.deployment.deployed_at, folder_of(member.name)
    chain = await verify_chain(read, context.trust.anchors, context.backend, at, context.now)
    appraisal = appraise(read, context.trust.reference_values, at, context.now, nonce)
    groups = grouped(read, chain, appraisal.findings)
    for check in CHECKS:
        add_group(substeps, check, groups.get(check, ()), folder, subject=member.name)
    signed = fold((item for check in _SIGNED for item in groups.get(check, ())), AsOf.DEPLOYMENT) is Outcome.PROVEN
    return AttestedMember(member=member, claims=appraisal.claims, code_allowed=appraisal.code_allowed), signed


_SIGNED = ("chain", "signature")
