"""Keys, both ways: every published key is held by the members that should hold it, and nothing else is attested."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from vaultproof.attestation.claims import KeyClaims
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.attestation.fleet_records import Fleet, PublishedKey
from vaultproof.attestation.reference import FleetRule, KeyHolding

_Holding = tuple[str, KeyClaims]
_Holders = Mapping[str, list[_Holding]]


def key_findings(fleet: Fleet, rule: FleetRule) -> Iterator[Finding]:
    """Published keys against attested keys, attested keys against published ones, and roles against announcements."""
    holders = _holders(fleet)
    for published in fleet.published:
        yield from _published(published, holders.get(published.fingerprint, []), fleet, rule)
    known = {published.fingerprint for published in fleet.published}
    for fingerprint, holding in holders.items():
        if fingerprint not in known:
            names = ", ".join(member for member, _ in holding)
            yield Finding(code="key-unpublished", outcome=Outcome.FAILED, subject=fingerprint, found=names)
    yield from _listed_twice(fleet)
    yield from _roles(fleet, holders)
    for record in fleet.records:
        for index, key in enumerate(record.claims.keys):
            if key.spki is None:
                yield Finding(
                    code="key-without-public-half",
                    outcome=Outcome.NOTED,
                    subject=f"{record.member}/keys/{index}",
                    required=False,
                )


def _holders(fleet: Fleet) -> _Holders:
    found: defaultdict[str, list[_Holding]] = defaultdict(list)
    for record in fleet.records:
        for key in record.claims.keys:
            if key.spki_sha256 is not None:
                found[key.spki_sha256].append((record.member, key))
    return dict(found)


def _published(published: PublishedKey, holding: list[_Holding], fleet: Fleet, rule: FleetRule) -> Iterator[Finding]:
    names = ", ".join(member for member, _ in holding)
    if not holding:
        # While an announced member is missing, the key may be in it: then nothing speaks against it yet.
        outcome = Outcome.NOT_EVALUATED if fleet.missing else Outcome.FAILED
        yield Finding(
            code="key-not-attested", outcome=outcome, subject=published.fingerprint, expected="a member", found="none"
        )
        return
    if len(holding) > 1 and rule.keys is KeyHolding.ONE_HOLDER:
        yield Finding(
            code="key-shared", outcome=Outcome.FAILED, subject=published.fingerprint, expected="one member", found=names
        )
    else:
        yield Finding(code="key-attested", outcome=Outcome.PROVEN, subject=published.fingerprint, found=names)
    for member, key in holding:
        yield from _holder(published, member, key, fleet)


def _holder(published: PublishedKey, member: str, key: KeyClaims, fleet: Fleet) -> Iterator[Finding]:
    subject = f"{member}/{published.fingerprint}"
    if key.role is not None:
        same = key.role.value == published.role
        yield Finding(
            code="role-matches" if same else "role-differs",
            outcome=Outcome.PROVEN if same else Outcome.FAILED,
            subject=subject,
            expected=published.role,
            found=key.role.value,
            grade=key.role.grade,
            source=key.role.source,
        )
    announced = fleet.announced(member)
    if announced is not None and announced.holds and published.role not in announced.holds:
        yield Finding(
            code="holder-not-announced",
            outcome=Outcome.FAILED,
            subject=subject,
            expected=", ".join(announced.holds),
            found=published.role,
        )


def _listed_twice(fleet: Fleet) -> Iterator[Finding]:
    seen: set[str] = set()
    for published in fleet.published:
        if published.fingerprint in seen:
            yield Finding(code="key-published-twice", outcome=Outcome.FAILED, subject=published.fingerprint)
        seen.add(published.fingerprint)


def _roles(fleet: Fleet, holders: _Holders) -> Iterator[Finding]:
    """Every announced role of every attested member is there: a published key of that role lives in it."""
    held: set[tuple[str, str]] = {
        (member, published.role)
        for published in fleet.published
        for member, _ in holders.get(published.fingerprint, [])
    }
    attested = {record.member for record in fleet.records}
    for member in fleet.members:
        for role in member.holds if member.name in attested else ():
            holds = (member.name, role) in held
            yield Finding(
                code="role-held" if holds else "role-not-held",
                outcome=Outcome.PROVEN if holds else Outcome.FAILED,
                subject=member.name,
                expected=role,
            )
