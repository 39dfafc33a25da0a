"""Step ``keys``: are the fleet's keys really in those HSMs?"""

from __future__ import annotations

from dataclasses import dataclass

from vaultproof.attestation.claims import SiteSource
from vaultproof.attestation.fleet import (
    AnnouncedMember,
    Fleet,
    FleetAppraisal,
    FleetRecord,
    PublishedKey,
    appraise_fleet,
)
from vaultproof.evidence.deployment import Deployment
from vaultproof.evidence.files import FLEET_KEYS, required, sha256_hex
from vaultproof.evidence.fleet_keys import FleetKey, read_fleet_keys
from vaultproof.steps.appraised import add_group
from vaultproof.steps.attestation import AttestedFleet
from vaultproof.steps.base import Context, Finding, Substeps

_SITE_SOURCES = {
    "operator-statement": SiteSource.OPERATOR,
    "auditor-statement": SiteSource.AUDITOR,
    "vendor-chain": SiteSource.NONE,
}
"""What an announcement's source of a site counts for: a vendor's chain speaks for itself, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysInDevices:
    """Every published key is attested by devices that are all different; the appraisal of the fleet goes on from it."""

    fleet: Fleet
    appraisal: FleetAppraisal


async def keys(context: Context) -> Finding:
    """Match published with attested keys both ways, and tell the devices apart."""
    substeps = Substeps()
    published = read_fleet_keys(required(context.files, FLEET_KEYS)).keys
    fleet = _fleet(context.deployment, context.relying_on(AttestedFleet), published)
    appraisal = appraise_fleet(fleet, context.trust.reference_values.fleet)
    add_group(substeps, "devices", appraisal.devices, "attestations")
    left = list(appraisal.keys)
    for key, announced in zip(published, fleet.published, strict=True):
        own = [item for item in left if item.subject.endswith(announced.fingerprint)]
        left = [item for item in left if item not in own]
        add_group(substeps, "key", own, "attestations", subject=key.fingerprint)
    add_group(substeps, "holders", left, "attestations")
    return substeps.finding(KeysInDevices(fleet=fleet, appraisal=appraisal))


def _fleet(deployment: Deployment, attested: AttestedFleet, published: tuple[FleetKey, ...]) -> Fleet:
    """What fleet appraisal compares, from the announcement, the published keys and the attested members."""
    sources = {site.id: _SITE_SOURCES[site.source] for site in deployment.sites}
    return Fleet(
        members=tuple(
            AnnouncedMember(
                name=member.name,
                serial=member.serial,
                site=member.site,
                site_source=sources[member.site],
                holds=member.holds,
            )
            for member in deployment.members
        ),
        records=tuple(
            FleetRecord(member=item.member.name, claims=item.claims, code_allowed=item.code_allowed)
            for item in attested.members
        ),
        published=tuple(
            PublishedKey(fingerprint=_attested_fingerprint(key, attested), role=key.role) for key in published
        ),
        threshold=deployment.threshold,
    )


def _attested_fingerprint(key: FleetKey, attested: AttestedFleet) -> str:
    """SHA-256 of the SubjectPublicKeyInfo that a member attests for a published key, whichever shape the file has.

    A key that nobody attests keeps the fingerprint of its published bytes, and is then found to be unattested.
    """
    for item in attested.members:
        for claimed in item.claims.keys:
            if claimed.spki is not None and key.is_key_of(claimed.spki.value):
                return sha256_hex(claimed.spki.value)
    return key.fingerprint
