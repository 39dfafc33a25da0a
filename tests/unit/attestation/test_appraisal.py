"""A valid signature is not a good device: absent is not evaluated, asserted is not proven, denied is denied."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.attestation.makers import AT, FIRMWARE, LOADER, NONCE, NOW, Device, read
from tests.unit.attestation.references import GOOD, changed, values
from vaultproof.attestation.adapter import Attestation
from vaultproof.attestation.appraisal import Appraisal, appraise
from vaultproof.attestation.claims import Claim, DebugState, ExportPath, Grade, UnknownClaim
from vaultproof.attestation.findings import AsOf, Finding, Outcome
from vaultproof.attestation.pkix_evidence_writer import KeyValues, PlatformValues

DEVICE = Device()
FIRST = "technologies/0"


def attested(platform: dict[str, Any] | None = None, key: dict[str, Any] | None = None, **device: Any) -> Attestation:
    made = replace(DEVICE, platform=replace(DEVICE.platform, **(platform or {})), **device)
    return read(replace(made, keys=tuple(replace(item, **(key or {})) for item in made.keys)).files())


def judged(
    attestation: Attestation, reference: dict[str, Any] = GOOD, *, at: datetime = AT, now: datetime = NOW,
    nonce: bytes | None = NONCE,
) -> Appraisal:  # fmt: skip
    return appraise(attestation, values(reference), at, now, nonce)


def troubles(appraisal: Appraisal) -> list[tuple[str, str, str]]:
    passed = (Outcome.PROVEN, Outcome.NOTED)
    return [(item.code, item.subject, item.outcome.value) for item in appraisal.findings if item.outcome not in passed]


def finding(appraisal: Appraisal, subject: str) -> Finding:
    (found,) = (item for item in appraisal.findings if item.subject == subject)
    return found


def test_a_good_device_is_proven_in_everything_that_is_asked() -> None:
    appraisal = judged(attested())
    assert troubles(appraisal) == []
    assert appraisal.outcome(AsOf.DEPLOYMENT) is appraisal.outcome(AsOf.NOW) is Outcome.PROVEN
    assert appraisal.code_allowed
    asked = {item.subject for item in appraisal.findings if item.required}
    assert asked == {
        "attester/hwmodel", "platform/swversion", "platform/measurements", "platform/dbgstat", "keys/0/local",
        "keys/0/extractable", "keys/0/never_extractable", "keys/0/sensitive", "keys/0/purposes", "evidence/nonce",
    }  # fmt: skip
    measured = finding(appraisal, "platform/measurements")
    assert (measured.reference, measured.grade) == ("9000-2.4.1", Grade.ATTESTED)
    assert measured.source is not None


def test_without_reference_values_nothing_is_allowed() -> None:
    appraisal = judged(attested(), changed(f"{FIRST}/technology", "another"))
    assert troubles(appraisal) == [("no-reference-values", "pkix-evidence", "not-evaluated")]
    assert not appraisal.code_allowed
    nothing = judged(attested(), changed(f"{FIRST}/allowed", []))
    assert ("nothing-allowed", "platform", "not-evaluated") in troubles(nothing)
    assert not nothing.code_allowed


@pytest.mark.parametrize(
    ("platform", "trouble"),
    [
        ({"hwmodel": "HSM-9001"}, ("hwmodel-differs", "attester/hwmodel", "failed")),
        ({"hwmodel": None}, ("claim-absent", "attester/hwmodel", "not-evaluated")),
        ({"swversion": "2.4.10"}, ("swversion-differs", "platform/swversion", "failed")),
        ({"swversion": "2.4.1 "}, ("swversion-differs", "platform/swversion", "failed")),
        ({"swversion": "2.4"}, ("swversion-differs", "platform/swversion", "failed")),
        ({"measurements": (FIRMWARE,)}, ("measurements-differs", "platform/measurements", "failed")),
        (
            {"measurements": (FIRMWARE, LOADER, replace(LOADER, component="more"))},
            ("measurements-differs", "platform/measurements", "failed"),
        ),
        (
            {"measurements": (replace(FIRMWARE, component="loader"), replace(LOADER, component="firmware"))},
            ("measurements-differs", "platform/measurements", "failed"),
        ),
        ({"measurements": ()}, ("claim-absent", "platform/measurements", "not-evaluated")),
        ({"dbgstat": DebugState.ENABLED}, ("debug-differs", "platform/dbgstat", "failed")),
        ({"dbgstat": DebugState.DISABLED_SINCE_BOOT}, ("debug-differs", "platform/dbgstat", "failed")),
        ({"dbgstat": None}, ("claim-absent", "platform/dbgstat", "not-evaluated")),
    ],
)
def test_each_platform_claim_is_compared(platform: dict[str, Any], trouble: tuple[str, str, str]) -> None:
    appraisal = judged(attested(platform))
    assert troubles(appraisal)[0] == trouble
    assert {item[1] for item in troubles(appraisal)} == {trouble[1]}
    if trouble[1] != "platform/dbgstat":
        assert not appraisal.code_allowed


def test_a_missing_version_leaves_advisories_open() -> None:
    appraisal = judged(attested({"swversion": None}))
    assert troubles(appraisal) == [("claim-absent", "platform/swversion", "not-evaluated")] * 2


def test_an_entry_without_measurements_asks_for_none() -> None:
    appraisal = judged(attested({"swversion": "2.4.2", "measurements": ()}))
    assert troubles(appraisal) == []
    assert finding(appraisal, "attester/hwmodel").reference == "9000-2.4.1, 9000-2.4.2"
    assert appraisal.code_allowed


def test_an_entry_for_any_model_is_used_when_no_other_fits() -> None:
    anything = {"id": "any", "swversion": "2.4.1"}
    appraisal = judged(
        attested({"hwmodel": "other"}), changed(f"{FIRST}/allowed", [*GOOD["technologies"][0]["allowed"], anything])
    )
    assert appraisal.code_allowed
    assert [item.reference for item in appraisal.findings if item.code == "swversion-matches"] == ["any"]


@pytest.mark.parametrize(
    ("key", "trouble"),
    [
        ({"local": False}, ("key-local-differs", "keys/0/local", "failed")),
        ({"local": None}, ("claim-absent", "keys/0/local", "not-evaluated")),
        ({"extractable": True}, ("key-extractable-differs", "keys/0/extractable", "failed")),
        ({"extractable": None}, ("claim-absent", "keys/0/extractable", "not-evaluated")),
        ({"never_extractable": False}, ("key-never-extractable-differs", "keys/0/never_extractable", "failed")),
        ({"sensitive": False}, ("key-sensitive-differs", "keys/0/sensitive", "failed")),
        ({"purposes": ("sign", "wrap")}, ("key-purposes-differs", "keys/0/purposes", "failed")),
        ({"purposes": ()}, ("claim-absent", "keys/0/purposes", "not-evaluated")),
    ],
)
def test_each_key_attribute_is_compared(key: dict[str, Any], trouble: tuple[str, str, str]) -> None:
    assert troubles(judged(attested(key=key))) == [trouble]


def test_every_key_counts_and_no_keys_at_all_show_nothing() -> None:
    second = KeyValues(identifier="second", local=False)
    appraisal = judged(attested(keys=(*DEVICE.keys, second)))
    assert ("key-local-differs", "keys/1/local", "failed") in troubles(appraisal)
    assert troubles(judged(attested(keys=()))) == [("no-keys", "keys", "not-evaluated")]


def test_the_export_path_is_compared_where_it_is_asked_for() -> None:
    asked = changed(f"{FIRST}/keys/exportable_path", "none")
    attestation = attested()
    assert ("claim-absent", "keys/0/exportable_path", "not-evaluated") in troubles(judged(attestation, asked))
    (key,) = attestation.claims.keys
    assert key.local is not None
    for path, expected in (
        (ExportPath.NONE, []),
        (ExportPath.WRAP, [("key-export-path-differs", "keys/0/exportable_path", "failed")]),
    ):
        claim = Claim(value=path, grade=Grade.ATTESTED, source=key.local.source)
        known = replace(attestation, claims=replace(attestation.claims, keys=(replace(key, exportable_path=claim),)))
        assert troubles(judged(known, asked)) == expected


def test_a_key_that_expired_is_answered_twice() -> None:
    appraisal = judged(attested(key={"expiry": datetime(2026, 11, 10, tzinfo=UTC)}))
    assert troubles(appraisal) == [("key-expiry-differs", "keys/0/expiry", "failed")]
    assert (appraisal.outcome(AsOf.DEPLOYMENT), appraisal.outcome(AsOf.NOW)) == (Outcome.PROVEN, Outcome.FAILED)


def test_what_is_only_asserted_never_becomes_a_pass() -> None:
    attestation = attested()
    platform = attestation.claims.platform
    assert platform.measurements is not None
    hearsay = replace(platform, measurements=replace(platform.measurements, grade=Grade.ASSERTED))
    appraisal = judged(replace(attestation, claims=replace(attestation.claims, platform=hearsay)))
    assert troubles(appraisal) == [("measurements-asserted", "platform/measurements", "asserted-only")]
    assert appraisal.outcome(AsOf.DEPLOYMENT) is Outcome.ASSERTED_ONLY
    assert not appraisal.code_allowed


def test_what_a_profile_implies_holds_and_says_so() -> None:
    attestation = attested()
    (key,) = attestation.claims.keys
    assert key.never_extractable is not None
    implied = replace(key, never_extractable=replace(key.never_extractable, grade=Grade.IMPLIED))
    appraisal = judged(replace(attestation, claims=replace(attestation.claims, keys=(implied,))))
    found = finding(appraisal, "keys/0/never_extractable")
    assert (found.outcome, found.grade) == (Outcome.PROVEN, Grade.IMPLIED)


@pytest.mark.parametrize(
    ("version", "published", "deployment", "now"),
    [
        ("2.3.9", "2024-09-03", "denied-by-advisory", "denied-by-advisory"),
        ("2.4.1-rc1", "2024-09-03", "denied-by-advisory", "denied-by-advisory"),
        ("2.3.9", "2026-11-01", "denied-by-advisory", "denied-by-advisory"),
        ("2.3.9", "2026-11-02", "advisory-not-yet-published", "denied-by-advisory"),
        ("2.3.9", "2027-01-01", "advisory-not-yet-published", "advisory-not-yet-published"),
        ("2.4.0", "2024-09-03", "advisory-not-concerned", "advisory-not-concerned"),
    ],
)
def test_an_advisory_gives_two_answers(version: str, published: str, deployment: str, now: str) -> None:
    reference = changed(f"{FIRST}/denied/0/advisory/published", published)
    found = [item for item in judged(attested({"swversion": version}), reference).findings if item.advisory is not None]
    assert [(item.as_of, item.code) for item in found] == [(AsOf.DEPLOYMENT, deployment), (AsOf.NOW, now)]
    assert [item.outcome is Outcome.FAILED for item in found] == [
        code == "denied-by-advisory" for code in (deployment, now)
    ]


def test_a_version_that_cannot_be_compared_is_not_waved_through() -> None:
    appraisal = judged(attested({"swversion": "2.3.9b"}))
    assert ("version-not-comparable", "platform/swversion", "not-evaluated") in troubles(appraisal)


def test_an_advisory_for_another_model_does_not_apply() -> None:
    reference = changed(f"{FIRST}/denied/0/hwmodel", "HSM-1")
    assert not [item for item in judged(attested(), reference).findings if item.advisory is not None]
    nameless = judged(attested({"hwmodel": None}), reference)
    assert ("claim-absent", "attester/hwmodel", "not-evaluated") in troubles(nameless)


@pytest.mark.parametrize("nonce", [bytes(32), NONCE[:31], NONCE + b"\x00", b""])
def test_evidence_for_another_deployment_fails(nonce: bytes) -> None:
    assert troubles(judged(attested(), nonce=nonce)) == [("nonce-differs", "evidence/nonce", "failed")]


def test_without_a_nonce_freshness_stays_open() -> None:
    absent = [("claim-absent", "evidence/nonce", "not-evaluated")]
    assert troubles(judged(attested(), nonce=None)) == absent
    attestation = attested()
    silent = replace(attestation.claims, evidence=replace(attestation.claims.evidence, nonce=None))
    assert troubles(judged(replace(attestation, claims=silent))) == absent


def test_being_listed_in_a_manifest_is_only_asserted() -> None:
    appraisal = judged(attested(), changed(f"{FIRST}/freshness", "manifest"))
    assert troubles(appraisal) == [("listed-in-manifest", "evidence/nonce", "asserted-only")]


def test_debug_is_compared_only_where_it_is_asked_for() -> None:
    assert troubles(judged(attested({"dbgstat": DebugState.ENABLED}), changed(f"{FIRST}/debug", ...))) == []


def test_the_devices_own_time_is_shown_and_decides_nothing() -> None:
    noted = finding(judged(attested()), "evidence/iat")
    assert (noted.outcome, noted.required, noted.grade) == (Outcome.NOTED, False, Grade.ASSERTED)


def test_a_silent_device_shows_nothing() -> None:
    silent = replace(DEVICE, platform=PlatformValues(vendor="x", hwserial="SN-a"), keys=())
    appraisal = judged(read(silent.files()))
    assert appraisal.outcome(AsOf.DEPLOYMENT) is Outcome.NOT_EVALUATED


def test_attributes_that_nobody_asks_for_are_not_judged() -> None:
    careless = changed(f"{FIRST}/keys", {"local": True})
    appraisal = judged(attested(key={"extractable": True, "sensitive": None, "purposes": ("wrap",)}), careless)
    assert troubles(appraisal) == []
    assert [item.subject for item in appraisal.findings if item.subject.startswith("keys/")] == ["keys/0/local"]


def test_unknown_claims_are_shown_and_decide_nothing() -> None:
    attestation = attested()
    nonce = attestation.claims.evidence.nonce
    assert nonce is not None
    unknown = UnknownClaim(place="platform", type="1.2.3", raw=b"\x05\x00", source=nonce.source)
    appraisal = judged(replace(attestation, claims=replace(attestation.claims, unknown=(unknown,))))
    noted = [(item.subject, item.found, item.outcome) for item in appraisal.findings if item.code == "unknown-claim"]
    assert noted == [("platform", "1.2.3", Outcome.NOTED)]
    assert troubles(appraisal) == []
