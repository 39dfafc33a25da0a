"""Code and sites: is it the same code everywhere, how well is that known; where do devices stand, who says so.

The weakest member counts: a fleet of which one device states only a version string is ``version-asserted``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from vaultproof.attestation.claims import CodeGrade, SiteSource
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.attestation.fleet_members import FLEET
from vaultproof.attestation.fleet_records import Fleet, FleetRecord
from vaultproof.attestation.reference import FleetRule, SameCode

_GRADES = tuple(CodeGrade)
_SOURCES = tuple(SiteSource)


def weakest_grade(records: Iterable[FleetRecord]) -> CodeGrade:
    """The weakest grade of code evidence among members; ``not-attested`` when there are none."""
    grades = [record.claims.platform.code_grade for record in records]
    return max(grades, key=_GRADES.index, default=CodeGrade.NOT_ATTESTED)


def code_findings(fleet: Fleet, rule: FleetRule) -> Iterator[Finding]:
    """The weakest grade against the rule's, and whether the members run the same code, or each an allowed one."""
    grade = weakest_grade(fleet.records)
    enough = _GRADES.index(grade) <= _GRADES.index(rule.code)
    yield Finding(
        code="code-grade" if enough else "code-grade-too-weak",
        outcome=Outcome.PROVEN if enough else Outcome.NOT_EVALUATED,
        subject=FLEET,
        expected=rule.code.value,
        found=grade.value,
    )
    for record in fleet.records:
        own = record.claims.platform.code_grade
        yield Finding(
            code="member-code-grade", outcome=Outcome.NOTED, subject=record.member, found=own.value, required=False
        )
    yield from _equal_code(fleet) if rule.same_code is SameCode.EQUAL else _allowed_code(fleet)


def _equal_code(fleet: Fleet) -> Iterator[Finding]:
    differing = False
    for subject, groups in (("measurements", _by_measurements(fleet)), ("swversion", _by_version(fleet))):
        if len(groups) > 1:
            differing = True
            found = " | ".join(f"{value} ({', '.join(names)})" for value, names in sorted(groups.items()))
            yield Finding(code="code-differs", outcome=Outcome.FAILED, subject=subject, expected="equal", found=found)
    if not differing:
        known = bool(fleet.records) and weakest_grade(fleet.records) is not CodeGrade.NOT_ATTESTED
        yield Finding(
            code="code-equal" if known else "code-not-attested",
            outcome=Outcome.PROVEN if known else Outcome.NOT_EVALUATED,
            subject=FLEET,
            found="; ".join((*_by_measurements(fleet), *_by_version(fleet))) or None,
        )


def _by_measurements(fleet: Fleet) -> dict[str, list[str]]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for record in fleet.records:
        claim = record.claims.platform.measurements
        if claim is not None:
            groups["; ".join(sorted(item.text for item in claim.value))].append(record.member)
    return dict(groups)


def _by_version(fleet: Fleet) -> dict[str, list[str]]:
    """Model, name and version as one value, compared whole: never by prefix, never by what most members have."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for record in fleet.records:
        platform, model = record.claims.platform, record.claims.attester.hwmodel
        if platform.swversion is not None:
            parts = (model, platform.swname, platform.swversion)
            groups[" ".join(claim.value for claim in parts if claim is not None)].append(record.member)
    return dict(groups)


def _allowed_code(fleet: Fleet) -> Iterator[Finding]:
    for record in fleet.records:
        yield Finding(
            code="code-on-list" if record.code_allowed else "code-not-on-list",
            outcome=Outcome.PROVEN if record.code_allowed else Outcome.NOT_EVALUATED,
            subject=record.member,
        )


def weakest_source(fleet: Fleet) -> SiteSource:
    """The weakest source of a site among the announced members; ``none`` when one has no site at all."""
    sources = [source for _, source in _sites(fleet).values()]
    return max(sources, key=_SOURCES.index, default=SiteSource.NONE)


def _sites(fleet: Fleet) -> dict[str, tuple[str | None, SiteSource]]:
    """Site and source of each announced member: the vendor's chain before what is announced."""
    attested = {record.member: record.claims.site for record in fleet.records}
    sites: dict[str, tuple[str | None, SiteSource]] = {}
    for member in fleet.members:
        claim = attested.get(member.name)
        if claim is not None:
            sites[member.name] = (claim.value.value, claim.source)
        else:
            sites[member.name] = (member.site, SiteSource.NONE if member.site is None else member.site_source)
    return sites


def site_findings(fleet: Fleet, rule: FleetRule) -> Iterator[Finding]:
    """Sites with their sources: what is only said stays ``asserted-only``, however many sites are said."""
    for record in fleet.records:
        member, claim = fleet.announced(record.member), record.claims.site
        if claim is not None and member is not None and member.site is not None and claim.value.value != member.site:
            yield Finding(
                code="site-differs",
                outcome=Outcome.FAILED,
                subject=record.member,
                expected=member.site,
                found=claim.value.value,
                grade=claim.value.grade,
                source=claim.value.source,
            )
    source = weakest_source(fleet)
    count = len({site for site, _ in _sites(fleet).values() if site is not None})
    code, outcome = _site_outcome(count, source, rule)
    yield Finding(
        code=code,
        outcome=outcome,
        subject=FLEET,
        expected=None if rule.distinct_sites is None else f"at least {rule.distinct_sites}",
        found=f"{count} ({source.value})",
        required=rule.distinct_sites is not None and outcome is not Outcome.ASSERTED_ONLY,
    )


def _site_outcome(count: int, source: SiteSource, rule: FleetRule) -> tuple[str, Outcome]:
    if rule.distinct_sites is not None and count < rule.distinct_sites:
        return "too-few-sites", Outcome.FAILED
    if rule.distinct_sites is not None and _SOURCES.index(source) > _SOURCES.index(rule.site_source):
        return "site-source-too-weak", Outcome.NOT_EVALUATED
    if source is SiteSource.VENDOR_CHAIN:
        return "sites-attested", Outcome.PROVEN
    return "sites-asserted", Outcome.ASSERTED_ONLY
