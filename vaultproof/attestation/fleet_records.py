"""What fleet appraisal compares: announced members, published keys, and one record per member that was attested."""

from __future__ import annotations

from vaultproof.attestation.claims import Claims, SiteSource
from vaultproof.frozen import frozen


@frozen
class AnnouncedMember:
    """A member as the operator announced it: serial number, site and who names it, and the roles of the keys it holds.

    None, and no roles, mean that nothing was announced.
    """

    name: str
    serial: str | None = None
    site: str | None = None
    site_source: SiteSource = SiteSource.OPERATOR
    holds: tuple[str, ...] = ()


@frozen
class PublishedKey:
    """A key of the published bundle: SHA-256 (hex) of its SubjectPublicKeyInfo, and its role."""

    fingerprint: str
    role: str


@frozen
class FleetRecord:
    """The claims of one member, whose signatures were found to hold; ``code_allowed`` comes from its appraisal."""

    member: str
    claims: Claims
    code_allowed: bool


@frozen
class Fleet:
    """Everything that is compared; ``threshold`` is how many members it takes to act."""

    members: tuple[AnnouncedMember, ...]
    records: tuple[FleetRecord, ...]
    published: tuple[PublishedKey, ...]
    threshold: int

    @property
    def missing(self) -> tuple[str, ...]:
        """Announced members without a record."""
        attested = {record.member for record in self.records}
        return tuple(member.name for member in self.members if member.name not in attested)

    def announced(self, name: str) -> AnnouncedMember | None:
        """The announcement of a member, if there is one."""
        return next((member for member in self.members if member.name == name), None)
