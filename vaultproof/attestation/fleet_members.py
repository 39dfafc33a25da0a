"""Members: each announced one is there once, and each is a device of its own."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations

from vaultproof.attestation.claims import AttesterClaims, Claim
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.attestation.fleet_records import Fleet, FleetRecord
from vaultproof.attestation.reference import FleetRule

FLEET = "fleet"


def member_findings(fleet: Fleet) -> Iterator[Finding]:
    """Present, missing, extra and duplicate members, and the serial number announced for each."""
    announced = Counter(member.name for member in fleet.members)
    attested = Counter(record.member for record in fleet.records)
    for name in sorted(announced | attested):
        if announced[name] > 1 or attested[name] > 1:
            yield Finding(code="member-duplicate", outcome=Outcome.FAILED, subject=name, expected="once")
        elif not announced[name]:
            yield Finding(code="member-extra", outcome=Outcome.FAILED, subject=name, expected="announced")
        elif not attested[name]:
            yield Finding(code="member-missing", outcome=Outcome.NOT_EVALUATED, subject=name, expected="attested")
        else:
            yield Finding(code="member-present", outcome=Outcome.PROVEN, subject=name)
    for record in fleet.records:
        yield from _serial(fleet, record)


def _serial(fleet: Fleet, record: FleetRecord) -> Iterator[Finding]:
    member, claim = fleet.announced(record.member), record.claims.attester.hwserial
    if member is None or member.serial is None or claim is None:
        return
    same = member.serial == claim.value
    yield Finding(
        code="serial-as-announced" if same else "serial-not-as-announced",
        outcome=Outcome.PROVEN if same else Outcome.FAILED,
        subject=record.member,
        expected=member.serial,
        found=claim.value,
        grade=claim.grade,
        source=claim.source,
    )


def distinct_findings(fleet: Fleet) -> Iterator[Finding]:
    """Distinct serial numbers per maker and distinct device keys; one device under two names is found by either."""
    shared = list(_shared_serials(fleet.records))
    shared += _shared_identities(fleet.records)
    yield from shared
    for record in fleet.records:
        attester = record.claims.attester
        if attester.hwserial is None:
            yield Finding(code="serial-absent", outcome=Outcome.NOT_EVALUATED, subject=record.member)
        if attester.device_identity is None:
            # Some makers give a device no key of its own (YubiKeys share an intermediate): the serial stands for it.
            yield Finding(code="identity-absent", outcome=Outcome.NOTED, subject=record.member, required=False)
    if fleet.records and not shared:
        count = f"{len(fleet.records)} of {len(fleet.members)}"
        yield Finding(code="devices-distinct", outcome=Outcome.PROVEN, subject=FLEET, found=count)


def _shared_serials(records: tuple[FleetRecord, ...]) -> Iterator[Finding]:
    by_serial: defaultdict[str, list[FleetRecord]] = defaultdict(list)
    for record in records:
        if record.claims.attester.hwserial is not None:
            by_serial[record.claims.attester.hwserial.value].append(record)
    for serial, holders in by_serial.items():
        first = holders[0]
        shared = [one for one in holders[1:] if _maybe_same_maker(first.claims.attester, one.claims.attester)]
        pairs = combinations(holders, 2) if not shared else ()
        for one, other in pairs:  # makers may differ from the first one's and still be one another's
            if _maybe_same_maker(one.claims.attester, other.claims.attester):
                shared = [other]
                first = one
                break
        if shared:
            yield _shared("serial-shared", serial, (first, *shared))


def _maybe_same_maker(one: AttesterClaims, other: AttesterClaims) -> bool:
    """Two serial numbers may only be equal when both devices name their makers and these differ."""
    return not (_differ(one.oemid, other.oemid) or _differ(one.vendor, other.vendor))


def _differ(one: Claim[str] | None, other: Claim[str] | None) -> bool:
    return one is not None and other is not None and one.value != other.value


def _shared_identities(records: tuple[FleetRecord, ...]) -> Iterator[Finding]:
    by_identity: defaultdict[str, list[FleetRecord]] = defaultdict(list)
    for record in records:
        if record.claims.attester.device_identity is not None:
            by_identity[record.claims.attester.device_identity.value].append(record)
    for identity, holders in by_identity.items():
        if len(holders) > 1:
            yield _shared("device-shared", identity, tuple(holders))


def _shared(code: str, found: str, holders: tuple[FleetRecord, ...]) -> Finding:
    names = ", ".join(sorted(record.member for record in holders))
    return Finding(code=code, outcome=Outcome.FAILED, subject=names, expected="a device of its own", found=found)


def majority_findings(fleet: Fleet, rule: FleetRule) -> Iterator[Finding]:
    """Enough members, a threshold that is a majority of them, and as many distinct attested devices as it takes."""
    size = len({member.name for member in fleet.members})
    enough = size >= rule.minimum_members
    yield Finding(
        code="enough-members" if enough else "too-few-members",
        outcome=Outcome.PROVEN if enough else Outcome.FAILED,
        subject=FLEET,
        expected=f"at least {rule.minimum_members}",
        found=str(size),
    )
    majority = 2 * fleet.threshold > size >= fleet.threshold
    yield Finding(
        code="majority" if majority else "no-majority",
        outcome=Outcome.PROVEN if majority else Outcome.FAILED,
        subject=FLEET,
        expected=f"{size // 2 + 1} to {size}",
        found=str(fleet.threshold),
    )
    devices = len({_device(record) for record in fleet.records})
    yield Finding(
        code="quorum-attested" if devices >= fleet.threshold else "quorum-not-attested",
        outcome=Outcome.PROVEN if devices >= fleet.threshold else Outcome.NOT_EVALUATED,
        subject=FLEET,
        expected=f"at least {fleet.threshold} devices",
        found=str(devices),
    )


def _device(record: FleetRecord) -> str:
    """What a device is counted by: its own key, else its serial number; without either, nothing tells it apart."""
    attester = record.claims.attester
    claim = attester.device_identity or attester.hwserial
    return "" if claim is None else claim.value
