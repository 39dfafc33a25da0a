"""The fleet as a whole: each way of not being what was announced has its own code; the weakest member counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from tests.unit.attestation.makers import FIRMWARE, Device, device, read, spki
from tests.unit.attestation.references import changed, values
from vaultproof.attestation.claims import Claim, Claims, CodeGrade, Grade, SiteClaim, SiteSource, Source
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.attestation.fleet import (
    AnnouncedMember,
    Fleet,
    FleetAppraisal,
    FleetRecord,
    PublishedKey,
    appraise_fleet,
)
from vaultproof.attestation.pkix_evidence_writer import KeyValues

LABELS = ("a", "b", "c")


def fingerprint(label: str) -> str:
    return sha256(spki(f"fleet-{label}")).hexdigest()


def record(made: Device, member: str | None = None) -> FleetRecord:
    return FleetRecord(member=member or f"hsm-{made.label}", claims=read(made.files()).claims, code_allowed=True)


RECORDS = tuple(record(device(label)) for label in LABELS)
FLEET = Fleet(
    members=tuple(
        AnnouncedMember(name=f"hsm-{label}", serial=f"SN-{label}", site=site, holds=("store",))
        for label, site in zip(LABELS, ("zurich", "bern", "bern"), strict=True)
    ),
    records=RECORDS,
    published=tuple(PublishedKey(fingerprint=fingerprint(label), role="store") for label in LABELS),
    threshold=2,
)


def judged(fleet: Fleet = FLEET, **rule: Any) -> FleetAppraisal:
    return appraise_fleet(fleet, replace(values().fleet, **rule))


def with_record(index: int, changed_record: FleetRecord, fleet: Fleet = FLEET) -> Fleet:
    records = list(fleet.records)
    records[index] = changed_record
    return replace(fleet, records=tuple(records))


def with_claims(index: int, change: Callable[[Claims], Claims], fleet: Fleet = FLEET) -> Fleet:
    held = fleet.records[index]
    return with_record(index, replace(held, claims=change(held.claims)), fleet)


def troubles(findings: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    bad = (Outcome.FAILED, Outcome.NOT_EVALUATED, Outcome.COULD_NOT_CHECK)
    return [(item.code, item.subject, item.outcome.value) for item in findings if item.outcome in bad]


def test_a_whole_fleet_holds() -> None:
    appraisal = judged()
    assert troubles(appraisal.findings) == []
    assert appraisal.outcome is Outcome.PROVEN
    assert (appraisal.code_grade, appraisal.site_source) == (CodeGrade.MEASURED, SiteSource.OPERATOR)
    assert [item.code for item in appraisal.keys] == ["key-attested", "role-matches"] * 3 + ["role-held"] * 3


def test_an_empty_fleet_shows_nothing() -> None:
    appraisal = judged(Fleet(members=(), records=(), published=(), threshold=1))
    assert appraisal.outcome is Outcome.FAILED
    assert appraisal.code_grade is CodeGrade.NOT_ATTESTED
    assert appraisal.site_source is SiteSource.NONE


# --- members --------------------------------------------------------------------------------------------------------


def test_a_missing_member_is_not_evaluated_and_its_key_may_be_in_it() -> None:
    appraisal = judged(replace(FLEET, records=RECORDS[:2]))
    assert troubles(appraisal.members) == [("member-missing", "hsm-c", "not-evaluated")]
    assert troubles(appraisal.keys) == [("key-not-attested", fingerprint("c"), "not-evaluated")]
    assert appraisal.outcome is Outcome.NOT_EVALUATED


def test_an_extra_member_contradicts_the_announcement() -> None:
    appraisal = judged(replace(FLEET, records=(*RECORDS, record(device("d")))))
    assert troubles(appraisal.members) == [("member-extra", "hsm-d", "failed")]
    assert troubles(appraisal.keys) == [("key-unpublished", fingerprint("d"), "failed")]


def test_a_member_that_is_there_twice_is_one_too_many() -> None:
    again = judged(replace(FLEET, records=(*RECORDS, RECORDS[0])))
    assert ("member-duplicate", "hsm-a", "failed") in troubles(again.members)
    announced = judged(replace(FLEET, members=(*FLEET.members, FLEET.members[0])))
    assert ("member-duplicate", "hsm-a", "failed") in troubles(announced.members)


def test_the_announced_serial_number_is_the_attested_one() -> None:
    members = (replace(FLEET.members[0], serial="SN-z"), *FLEET.members[1:])
    assert troubles(judged(replace(FLEET, members=members)).members) == [("serial-not-as-announced", "hsm-a", "failed")]


# --- devices --------------------------------------------------------------------------------------------------------


def test_one_device_under_two_names_is_found_by_key_and_by_serial() -> None:
    twin = record(replace(device("a"), keys=device("b").keys), "hsm-b")
    found = {code for code, _, _ in troubles(judged(with_record(1, twin)).devices)}
    assert found == {"serial-shared", "device-shared"}


def test_equal_serials_of_different_makers_are_different_devices() -> None:
    def of(vendor: str | None) -> Fleet:
        platform = replace(device("b").platform, hwserial="SN-a", vendor=vendor, oemid=b"other" if vendor else None)
        return with_record(1, record(replace(device("b"), serial="SN-a", platform=platform)))

    assert troubles(judged(of("Other Works")).devices) == []
    unnamed = troubles(judged(of(None)).devices)
    assert unnamed == [("serial-shared", "hsm-a, hsm-b", "failed")], "a maker that is not named may be the same one"


def test_a_device_without_serial_cannot_be_told_apart() -> None:
    nameless = with_claims(0, lambda claims: replace(claims, attester=replace(claims.attester, hwserial=None)))
    assert troubles(judged(nameless).devices) == [("serial-absent", "hsm-a", "not-evaluated")]


def test_a_device_without_a_key_of_its_own_is_known_by_its_serial() -> None:
    shared = FLEET
    for index in range(3):
        shared = with_claims(
            index, lambda claims: replace(claims, attester=replace(claims.attester, device_identity=None)), shared
        )
    appraisal = judged(shared)
    assert troubles(appraisal.findings) == []
    assert [item.code for item in appraisal.devices].count("identity-absent") == 3


# --- keys -----------------------------------------------------------------------------------------------------------


def test_a_published_key_that_no_member_holds_contradicts() -> None:
    more = (*FLEET.published, PublishedKey(fingerprint="0" * 64, role="store"))
    assert troubles(judged(replace(FLEET, published=more)).keys) == [("key-not-attested", "0" * 64, "failed")]


def test_an_attested_key_that_is_not_published_contradicts() -> None:
    found = troubles(judged(replace(FLEET, published=FLEET.published[1:])).keys)
    assert ("key-unpublished", fingerprint("a"), "failed") in found
    assert ("role-not-held", "hsm-a", "failed") in found


def test_a_key_in_two_members_is_shared_only_where_the_rule_says_so() -> None:
    both = record(replace(device("b"), keys=(*device("b").keys, replace(device("a").keys[0], identifier="copy"))))
    fleet = with_record(1, both)
    assert troubles(judged(fleet).keys) == [("key-shared", fingerprint("a"), "failed")]
    rule = values(changed("fleet/keys", "shared")).fleet
    assert troubles(appraise_fleet(fleet, rule).keys) == []


def test_a_key_published_twice_is_counted_once_and_refused() -> None:
    found = troubles(judged(replace(FLEET, published=(*FLEET.published, FLEET.published[0]))).keys)
    assert found == [("key-published-twice", fingerprint("a"), "failed")]


def test_roles_agree_between_bundle_device_and_announcement() -> None:
    published = (replace(FLEET.published[0], role="seal"), *FLEET.published[1:])
    found = troubles(judged(replace(FLEET, published=published)).keys)
    assert found == [
        ("role-differs", f"hsm-a/{fingerprint('a')}", "failed"),
        ("holder-not-announced", f"hsm-a/{fingerprint('a')}", "failed"),
        ("role-not-held", "hsm-a", "failed"),
    ]


def test_nothing_is_asked_of_roles_that_nobody_announced() -> None:
    members = tuple(replace(member, holds=()) for member in FLEET.members)
    assert troubles(judged(replace(FLEET, members=members)).keys) == []


def test_a_key_without_public_half_is_noted() -> None:
    secret = KeyValues(identifier="wrapping key")
    held = record(replace(device("a"), keys=(*device("a").keys, secret)))
    appraisal = judged(with_record(0, held))
    assert troubles(appraisal.keys) == []
    assert ("key-without-public-half", "hsm-a/keys/1") in [(item.code, item.subject) for item in appraisal.keys]


# --- majority -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("threshold", "holds"), [(1, False), (2, True), (3, True), (4, False)])
def test_a_threshold_is_more_than_half_and_reachable(threshold: int, holds: bool) -> None:
    codes = [item.code for item in judged(replace(FLEET, threshold=threshold)).majority]
    assert ("majority" in codes) is holds
    assert ("no-majority" in codes) is not holds


def test_half_is_no_majority() -> None:
    four = replace(FLEET, members=(*FLEET.members, AnnouncedMember(name="hsm-d")))
    assert ("no-majority", "fleet", "failed") in troubles(judged(four).majority)


def test_a_fleet_has_a_least_size() -> None:
    assert ("too-few-members", "fleet", "failed") in troubles(judged(minimum_members=4).majority)


def test_a_quorum_counts_devices_not_records() -> None:
    twins = replace(FLEET, records=(RECORDS[0], replace(RECORDS[0], member="hsm-b")))
    assert ("quorum-not-attested", "fleet", "not-evaluated") in troubles(judged(twins).majority)


# --- code -----------------------------------------------------------------------------------------------------------


def other_code(**platform: Any) -> Fleet:
    made = device("b")
    return with_record(1, record(replace(made, platform=replace(made.platform, **platform))))


def test_different_code_is_found_whatever_the_majority_runs() -> None:
    assert troubles(judged(other_code(measurements=(FIRMWARE,))).code) == [("code-differs", "measurements", "failed")]
    assert troubles(judged(other_code(swversion="2.4.10")).code) == [("code-differs", "swversion", "failed")]


def test_a_version_string_is_not_a_measurement() -> None:
    fleet = other_code(measurements=())
    appraisal = judged(fleet)
    assert appraisal.code_grade is CodeGrade.VERSION_ASSERTED
    assert troubles(appraisal.code) == [("code-grade-too-weak", "fleet", "not-evaluated")]
    assert troubles(judged(fleet, code=CodeGrade.VERSION_ASSERTED).code) == []


def test_code_that_nobody_attests_is_not_the_same_code() -> None:
    fleet = FLEET
    for index, label in enumerate(LABELS):
        made = device(label)
        bare = replace(made, platform=replace(made.platform, measurements=(), swversion=None))
        fleet = with_record(index, record(bare), fleet)
    appraisal = judged(fleet, code=CodeGrade.NOT_ATTESTED)
    assert appraisal.code_grade is CodeGrade.NOT_ATTESTED
    assert troubles(appraisal.code) == [("code-not-attested", "fleet", "not-evaluated")]


def test_mixed_code_may_each_be_on_the_list() -> None:
    rule = values(changed("fleet/same_code", "allowed")).fleet
    mixed = other_code(swversion="2.4.2")
    assert troubles(appraise_fleet(mixed, rule).code) == []
    unlisted = with_record(0, replace(RECORDS[0], code_allowed=False))
    assert troubles(appraise_fleet(unlisted, rule).code) == [("code-not-on-list", "hsm-a", "not-evaluated")]


# --- sites ----------------------------------------------------------------------------------------------------------

WHERE = Source(file="evidence.der", offset=0, length=1)


def chain_site(site: str) -> Callable[[Claims], Claims]:
    claim = SiteClaim(value=Claim(value=site, grade=Grade.ATTESTED, source=WHERE), source=SiteSource.VENDOR_CHAIN)
    return lambda claims: replace(claims, site=claim)


def test_what_the_operator_says_of_sites_stays_asserted() -> None:
    (found,) = judged().sites
    assert (found.code, found.outcome, found.required) == ("sites-asserted", Outcome.ASSERTED_ONLY, False)
    assert found.found == "2 (operator-endorsement)"


def test_sites_that_only_the_operator_names_do_not_meet_a_stricter_rule() -> None:
    strict = judged(site_source=SiteSource.VENDOR_CHAIN)
    assert troubles(strict.sites) == [("site-source-too-weak", "fleet", "not-evaluated")]


def test_sites_in_the_vendors_chain_count() -> None:
    fleet = FLEET
    for index, site in enumerate(("zurich", "bern", "bern")):
        fleet = with_claims(index, chain_site(site), fleet)
    appraisal = judged(fleet, site_source=SiteSource.VENDOR_CHAIN)
    assert [item.code for item in appraisal.sites] == ["sites-attested"]
    assert appraisal.site_source is SiteSource.VENDOR_CHAIN
    weakest = judged(with_claims(0, lambda claims: replace(claims, site=None), fleet))
    assert weakest.site_source is SiteSource.OPERATOR, "one member without makes the whole claim the operator's"


def test_a_site_that_the_chain_contradicts_fails() -> None:
    assert ("site-differs", "hsm-a", "failed") in troubles(judged(with_claims(0, chain_site("bern"))).sites)


def test_too_few_sites_fail_and_no_rule_asks_nothing() -> None:
    assert troubles(judged(distinct_sites=3).sites) == [("too-few-sites", "fleet", "failed")]
    (found,) = judged(distinct_sites=None).sites
    assert (found.required, found.outcome) == (False, Outcome.ASSERTED_ONLY)


def test_a_member_without_any_site_makes_the_source_none() -> None:
    members = (replace(FLEET.members[0], site=None), *FLEET.members[1:])
    appraisal = judged(replace(FLEET, members=members))
    assert appraisal.site_source is SiteSource.NONE
    assert troubles(appraisal.sites) == [("too-few-sites", "fleet", "failed")]
