"""The fleet as a whole: all members' records together, against what was announced and published.

One device, one key or one version at a time says little.  A fleet is complete when every announced member is there
once, as a device of its own with keys of its own, every published key is held and nothing else is, and the code is the
same.  All functions are pure and take records whose signatures and claims were already found to hold; subjects of
findings are members, key fingerprints (SHA-256 of the SubjectPublicKeyInfo, hex) or ``fleet``.
"""

from __future__ import annotations

from vaultproof.attestation.claims import CodeGrade, SiteSource
from vaultproof.attestation.findings import AsOf, Finding, Outcome, fold
from vaultproof.attestation.fleet_code import code_findings, site_findings, weakest_grade, weakest_source
from vaultproof.attestation.fleet_keys import key_findings
from vaultproof.attestation.fleet_members import distinct_findings, majority_findings, member_findings
from vaultproof.attestation.fleet_records import AnnouncedMember, Fleet, FleetRecord, PublishedKey
from vaultproof.attestation.reference import FleetRule
from vaultproof.frozen import frozen

__all__ = ["AnnouncedMember", "Fleet", "FleetAppraisal", "FleetRecord", "PublishedKey", "appraise_fleet"]


@frozen
class FleetAppraisal:
    """What holds of the fleet: findings by question, the weakest code grade and the weakest source of a site."""

    members: tuple[Finding, ...]
    devices: tuple[Finding, ...]
    keys: tuple[Finding, ...]
    majority: tuple[Finding, ...]
    code: tuple[Finding, ...]
    sites: tuple[Finding, ...]
    code_grade: CodeGrade
    site_source: SiteSource

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, question by question."""
        return (*self.members, *self.devices, *self.keys, *self.majority, *self.code, *self.sites)

    @property
    def outcome(self) -> Outcome:
        """The worst of all that is asked of the fleet; nothing here depends on the instant."""
        return fold(self.findings, AsOf.ALWAYS)


def appraise_fleet(fleet: Fleet, rule: FleetRule) -> FleetAppraisal:
    """Appraise all members together.  Raises nothing."""
    return FleetAppraisal(
        members=tuple(member_findings(fleet)),
        devices=tuple(distinct_findings(fleet)),
        keys=tuple(key_findings(fleet, rule)),
        majority=tuple(majority_findings(fleet, rule)),
        code=tuple(code_findings(fleet, rule)),
        sites=tuple(site_findings(fleet, rule)),
        code_grade=weakest_grade(fleet.records),
        site_source=weakest_source(fleet),
    )
