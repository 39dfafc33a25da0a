"""Step ``keys``: are the fleet's keys really in those HSMs?"""

from __future__ import annotations

from vaultproof.attestation.claims import SiteSource
from vaultproof.attestation.findings import Finding as Appraised
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
from vaultproof.evidence.fleet_keys import FleetKey, raw_public_key, read_fleet_keys
from vaultproof.frozen import frozen
from vaultproof.steps.appraised import add_group
from vaultproof.steps.attestation import AttestedFleet
from vaultproof.steps.base import Context, Finding, Substeps

_SITE_SOURCES = {
    "operator-statement": SiteSource.OPERATOR,
    "auditor-statement": SiteSource.AUDITOR,
    "vendor-chain": SiteSource.NONE,
}
"""What an announcement's source of a site counts for: a vendor's chain speaks for itself, where there is one."""


@frozen
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
    groups: dict[str, list[Appraised]] = {}
    for item in appraisal.keys:
        groups.setdefault(item.subject.rpartition("/")[2], []).append(item)
    for key, announced in zip(published, fleet.published, strict=True):
        own = groups.pop(announced.fingerprint, [])
        add_group(substeps, "key", own, "attestations", subject=key.fingerprint)
    left = [item for group in groups.values() for item in group]
    add_group(substeps, "holders", left, "attestations")
    found = KeysInDevices(fleet=fleet, appraisal=appraisal)
    return substeps.finding(found, seen=found)


def _fleet(deployment: Deployment, attested: AttestedFleet, published: tuple[FleetKey, ...]) -> Fleet:
    """What fleet appraisal compares, from the announcement, the published keys and the attested members."""
    attested_as = _attested_fingerprints(attested)
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
            # A key that nobody attests keeps the fingerprint of its published bytes, and is then found unattested.
            PublishedKey(fingerprint=attested_as.get(key.key, key.fingerprint), role=key.role)
            for key in published
        ),
        threshold=deployment.threshold,
    )


def _attested_fingerprints(attested: AttestedFleet) -> dict[bytes, str]:
    """SHA-256 of every attested SubjectPublicKeyInfo, by its bytes and its raw public key: a file may have either."""
    fingerprints: dict[bytes, str] = {}
    for item in attested.members:
        for claimed in item.claims.keys:
            if claimed.spki is not None:
                spki = claimed.spki.value
                fingerprints.setdefault(raw_public_key(spki), sha256_hex(spki))
                fingerprints[spki] = sha256_hex(spki)
    return fingerprints
