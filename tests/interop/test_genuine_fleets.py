"""Genuine fleets through the real procedure with production trust: the honest outcome of each step, never verified."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from tests.cases.library import procedures
from tests.interop import genuine_fleets as genuine
from tests.interop.attested import NOW, TRUST, codes, judge, production
from tests.unit.attestation.test_yubico import f9, piv_files, slot
from vaultproof.archive import write_stored_zip
from vaultproof.asn1.pem import CERTIFICATE, read_pem
from vaultproof.asn1.x509 import parse_certificate
from vaultproof.attestation.anchors import TrustAnchor
from vaultproof.attestation.claims import CodeGrade, SiteSource
from vaultproof.attestation.findings import AsOf, Outcome
from vaultproof.attestation.fleet import (
    AnnouncedMember,
    Fleet,
    FleetAppraisal,
    FleetRecord,
    PublishedKey,
    appraise_fleet,
)
from vaultproof.attestation.registry import adapter_for
from vaultproof.cli.main import main
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import Algorithm, SignatureCheck, run_to_completion
from vaultproof.errors import Unsupported, VaultproofError
from vaultproof.evidence.files import sha256_hex
from vaultproof.evidence.google_key_vault_check import TECHNOLOGY, KeyListCheck, Seen, check_key_list
from vaultproof.report import Outcome as Verdict
from vaultproof.report import Report, Scope, Status
from vaultproof.strict.encodings import parse_time
from vaultproof.trust.configuration import read_trust_set
from vaultproof.verification import verify

pytestmark = pytest.mark.interop

DEPLOYED = parse_time(genuine.ROOT_DEPLOYED)
BACKEND = OpenSslBackend()
VERSIONS = (1, 2, 3)


def run(files: Mapping[str, bytes], clock: datetime = NOW) -> Report:
    trust = read_trust_set({path.relative_to(TRUST).as_posix(): path.read_bytes() for path in TRUST.rglob("*.json")})
    return run_to_completion(
        verify(files, trust=trust, procedures=procedures(), clock=clock, backend=BACKEND, engine={"name": "test"})
    )


@cache
def ceremony(vectors: Path, version: int) -> Report:
    return run(genuine.root_signing(vectors, version))


def outcomes(report: Report) -> dict[str, tuple[str, str]]:
    return {step.id: (step.status.value, step.code) for step in report.steps}


def checks(report: Report, member: str) -> dict[str, tuple[str, str]]:
    """What came of each check of one member."""
    substeps = report.step("attestation").substeps
    return {item.id: (item.status.value, item.code) for item in substeps if item.subject == member}


# --- the signing ceremony -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_the_ceremony_comes_out_incomplete_and_for_these_reasons(vectors: Path, version: int) -> None:
    report = ceremony(vectors, version)
    assert outcomes(report) == {
        "files": ("match", "match"),
        "digest": ("not_published", "not-published"),
        "signer": ("not_evaluated", "needs-earlier-step"),
        "counter-signature": ("not_evaluated", "needs-earlier-step"),
        "audit-log": ("not_evaluated", "needs-earlier-step"),
        "history": ("not_evaluated", "needs-earlier-step"),
        "attestation": ("could_not_check", "nothing-allowed"),
        "keys": ("not_evaluated", "needs-earlier-step"),
        "fleet": ("not_evaluated", "needs-earlier-step"),
        "ceremony": ("not_published", "not-published"),
        "evidence-log": ("not_published", "not-published"),
        "your-app": ("not_evaluated", "readers-own"),
    }
    assert (report.verdict.outcome, report.verdict.scope) == (Verdict.INCOMPLETE, Scope.PRODUCTION)
    assert report.verdict.first_trouble == "digest"


@pytest.mark.parametrize("serial", genuine.ROOT_MEMBERS)
def test_each_device_holds_up_to_what_nobody_can_show(vectors: Path, serial: str) -> None:
    report = ceremony(vectors, 1)
    assert checks(report, f"yubikey-{serial}") == {
        "chain": ("match", "chain-holds"),
        "signature": ("match", "signature-holds"),
        "dates": ("match", "dates-holds"),
        "code": ("could_not_check", "nothing-allowed"),
        "advisories": ("match", "advisories-holds"),
        "key-protection": ("match", "key-protection-holds"),
        "freshness": ("could_not_check", "listed-in-manifest"),
    }
    facts = [fact for item in report.step("attestation").substeps for fact in item.facts]
    assert "advisory-not-yet-published" in {fact.label for fact in facts}  # as of the ceremony
    assert "denied-by-advisory" in {fact.label for fact in facts}  # and now, in full sight


def test_an_advisory_that_was_public_before_the_deployment_counts(vectors: Path) -> None:
    files = genuine.root_signing(vectors, 1)
    value = json.loads(files["deployment.json"])
    later = genuine.deployment(  # the same fleet, had it been deployed after YSA-2024-03
        {**value, "deployed_at": "2025-01-01T00:00:00Z"},
        list(genuine.root_keys(genuine.tuf_root(vectors, 1)).values()),
        genuine.ROOT_ROLE,
        {path: data for path, data in files.items() if path.startswith(("attestations/", "documents/"))},
    )
    report = run(later)
    assert outcomes(report)["attestation"] == ("mismatch", "denied-by-advisory")
    assert report.verdict.outcome is Verdict.CONTRADICTED


def test_the_report_reads_the_same_next_year_and_on_the_command_line(
    vectors: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    files, report = genuine.root_signing(vectors, 3), ceremony(vectors, 3)
    assert run(files, NOW + timedelta(days=365)).digest == report.digest
    archive = tmp_path / "fleet.zip"
    archive.write_bytes(write_stored_zip(files))
    code = main(["verify", str(archive), "--trust", str(TRUST), "--at", "2026-11-22T12:00:00Z", "--format", "json"])
    assert code == 2
    assert json.loads(capfdbinary.readouterr().out)["report_digest"] == report.digest


# --- the ceremony's fleet as a whole: what the steps behind "attestation" would say ---------------------------------


def record(name: str, files: Mapping[str, bytes]) -> FleetRecord:
    judged = judge("yubikey-piv", files, DEPLOYED)
    assert codes(judged.chain.findings, Outcome.FAILED) == set()
    return FleetRecord(member=name, claims=judged.attestation.claims, code_allowed=judged.appraisal.code_allowed)


def appraised(
    members: Mapping[str, Mapping[str, bytes]], keys: Mapping[str, bytes], *, threshold: int
) -> FleetAppraisal:
    fleet = Fleet(
        members=tuple(
            AnnouncedMember(name=name, serial=name.split("-")[0], site="not-published", holds=(genuine.ROOT_ROLE,))
            for name in members
        ),
        records=tuple(record(name, files) for name, files in members.items()),
        published=tuple(PublishedKey(fingerprint=sha256_hex(key), role=genuine.ROOT_ROLE) for key in keys.values()),
        threshold=threshold,
    )
    return appraise_fleet(fleet, production().reference_values.fleet)


def members_of(vectors: Path, *without: str) -> dict[str, Mapping[str, bytes]]:
    return {
        serial: genuine.member_files(vectors, serial, signer)
        for serial, signer in genuine.ROOT_MEMBERS.items()
        if serial not in without
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_five_devices_hold_the_five_root_keys_and_differ_in_firmware(vectors: Path, version: int) -> None:
    root = genuine.tuf_root(vectors, version)
    found = appraised(
        members_of(vectors), genuine.root_keys(root), threshold=root["signed"]["roles"]["root"]["threshold"]
    )
    assert codes(found.members, Outcome.PROVEN) == {"member-present", "serial-as-announced"}
    assert codes(found.devices, Outcome.PROVEN) == {"devices-distinct"}  # although four share their attestation key
    assert codes(found.keys, Outcome.PROVEN) == {"key-attested", "role-held"}
    assert codes(found.majority, Outcome.PROVEN) == {"enough-members", "majority", "quorum-attested"}
    assert codes(found.code, Outcome.FAILED) == {"code-differs"}
    assert codes(found.code, Outcome.NOT_EVALUATED) == {"code-grade-too-weak"}
    assert (found.code_grade, found.site_source) == (CodeGrade.VERSION_ASSERTED, SiteSource.OPERATOR)
    (differs,) = [item for item in found.code if item.code == "code-differs"]
    assert differs.found == ("YubiKey 5.2.6 (13078778) | YubiKey 5.2.7 (14454335, 14470876, 15938765, 15938791)")
    for part in (found.members, found.devices, found.keys, found.majority):
        assert codes(part, Outcome.FAILED) == set()


def test_m8_a_device_under_two_names_is_one_device(vectors: Path) -> None:
    twice = {
        "14470888": genuine.member_files(vectors, "14470888", "f9_556cd0b72ddc.pem", "2021-06-14"),
        "14470888-again": genuine.member_files(vectors, "14470888", "f9_556cd0b72ddc.pem", "2021-06-15"),
    }
    found = appraised({**members_of(vectors), **twice}, {}, threshold=4)
    shared = [item for item in found.devices if item.code == "serial-shared"]
    assert [(item.subject, item.found) for item in shared] == [("14470888, 14470888-again", "14470888")]
    assert codes(found.devices, Outcome.PROVEN) == set()


def test_m9_a_root_key_that_no_device_attests_is_found(vectors: Path) -> None:
    """As from version 13 on, where one key of the root has no attestation; here a device's own is left out."""
    root = genuine.tuf_root(vectors, 3)
    found = appraised(members_of(vectors, "13078778"), genuine.root_keys(root), threshold=3)
    left = [item for item in found.keys if item.outcome is Outcome.FAILED]
    (key,) = [key for key in genuine.root_keys(root).values() if sha256_hex(key) == left[0].subject]
    assert [item.code for item in left] == ["key-not-attested"]
    assert key == adapter_for("yubikey-piv").read(members_of(vectors)["13078778"]).claims.keys[0].spki.value  # type: ignore[union-attr] # it has one


def test_a_member_without_its_attestation_is_not_published(vectors: Path) -> None:
    members = {**{name: dict(files) for name, files in members_of(vectors).items()}, "13078778": {}}
    report = run(genuine.root_signing(vectors, 1, members=members))
    assert checks(report, "yubikey-13078778") == {"evidence": ("not_published", "not-published")}
    assert report.verdict.outcome is Verdict.INCOMPLETE


def test_m1_a_self_made_device_among_genuine_ones_contradicts(vectors: Path) -> None:
    """All is there and fits: root, names, serial number and firmware; only that the root is nobody's."""
    made = dict(piv_files(slot(number=13078778), signer=f9()))
    members = {**{name: dict(files) for name, files in members_of(vectors).items()}, "13078778": made}
    report = run(genuine.root_signing(vectors, 1, members=members))
    assert checks(report, "yubikey-13078778")["chain"] == ("mismatch", "unrecognised-root")
    assert outcomes(report)["attestation"] == ("mismatch", "unrecognised-root")
    assert report.verdict.outcome is Verdict.CONTRADICTED
    assert report.verdict.first_trouble == "attestation"


# --- the roots themselves: three of five, each by the quorum before it ----------------------------------------------


def canonical(value: object) -> bytes:
    """JSON as the repository signs it: sorted, no space, only quotation mark and backslash escaped."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signers(vectors: Path, version: int, keys: Mapping[str, bytes]) -> set[str]:
    """Ids of the keys whose signature over a root holds."""
    root = genuine.tuf_root(vectors, version)
    found = set()
    for item in root["signatures"]:
        if item["keyid"] not in keys or not item["sig"]:
            continue
        check = SignatureCheck(
            algorithm=Algorithm.ECDSA_P256_SHA256,
            public_key=keys[item["keyid"]],
            message=canonical(root["signed"]),
            signature=bytes.fromhex(item["sig"]),
        )
        try:
            run_to_completion(BACKEND.verify(check))
        except VaultproofError:
            continue
        found.add(item["keyid"])
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_m19_m20_each_root_is_signed_by_a_majority_of_distinct_keys_before_and_now(vectors: Path, version: int) -> None:
    own = genuine.root_keys(genuine.tuf_root(vectors, version))
    before = genuine.root_keys(genuine.tuf_root(vectors, max(1, version - 1)))
    assert genuine.tuf_root(vectors, version)["signed"]["version"] == version
    for keys in (own, before):
        assert len(set(keys.values())) == len(keys) == 5
        assert len({keys[id] for id in signers(vectors, version, keys)}) >= 3


# --- the key vault's list -------------------------------------------------------------------------------------------

PRODUCTION_ROOT = "7a7d3c91e0772eb11720d391141988434f4d72f9e4e371879482fc6f520958ec"
CREATED = datetime(2023, 9, 6, 21, 50, 58, tzinfo=UTC)
BEFORE = Seen(serial=10015, sha256="4d0b9daee8e7bb523d6dda03698c46418b9137ff12c132e3764eafcd84ce9085")


def pinned(vectors: Path, name: str) -> TrustAnchor:
    (block,) = read_pem((vectors / "google-key-vault" / name).read_bytes(), labels={CERTIFICATE})
    key = parse_certificate(block.data).public_key
    return TrustAnchor(id="key-vault", technology=TECHNOLOGY, name=name, spki_sha256=key.sha256, spki=key.raw)


def checked(vectors: Path, root: str = "root_production.pem", seen: Seen | None = BEFORE) -> KeyListCheck:
    data, signature = genuine.key_vault_files(vectors)
    anchors = (pinned(vectors, root),)
    return run_to_completion(check_key_list(data, signature, anchors=anchors, backend=BACKEND, now=NOW, seen=seen))


def test_the_pin_is_the_published_roots_key(vectors: Path) -> None:
    assert pinned(vectors, "root_production.pem").spki_sha256 == PRODUCTION_ROOT


def test_the_genuine_list_holds_as_of_its_making_but_for_what_it_does_not_have(vectors: Path) -> None:
    found = checked(vectors)
    assert found.list is not None
    assert (found.list.serial, found.list.created, len(found.list.endpoints)) == (10016, CREATED, 3)
    assert found.list.refresh == 2592000
    assert codes(found.findings, Outcome.NOT_EVALUATED) == {"no-hsm-attestation"}
    assert found.outcome(AsOf.DEPLOYMENT) is Outcome.NOT_EVALUATED
    assert {"endpoint-keys-distinct", "list-goes-on", "signed-by-pinned-root"} <= codes(found.findings, Outcome.PROVEN)
    assert codes(found.findings, Outcome.FAILED) == {"expired-now"}


def test_m3_its_endpoints_expired_since_and_its_signer_did_not(vectors: Path) -> None:
    found = checked(vectors)
    expired = [item.subject for item in found.findings if item.code == "expired-now"]
    assert expired == ["endpoint-0/0", "endpoint-1/0", "endpoint-2/0"]
    assert found.outcome(AsOf.NOW) is Outcome.FAILED
    valid = {item.subject for item in found.findings if item.code == "valid-at-deployment"}
    assert {"signer/0", "signer/1", *expired} <= valid


def test_m7_cohorts_share_a_certificate_serial_number_and_are_three(vectors: Path) -> None:
    found = checked(vectors)
    assert found.list is not None
    assert len({endpoint.serial for endpoint in found.list.endpoints}) == 1
    assert "certificate-serials-shared" in codes(found.findings, Outcome.NOTED)


@pytest.mark.parametrize("root", ["root_test_only_insecure.pem", None])
def test_m1_without_the_production_root_nothing_is_read(vectors: Path, root: str | None) -> None:
    """The maker's test root, and all roots of other technologies, vouch for nothing here."""
    data, signature = genuine.key_vault_files(vectors)
    others = tuple(anchor for anchor in production().anchors if anchor.technology != TECHNOLOGY)
    anchors = others if root is None else (pinned(vectors, root), *others)
    found = run_to_completion(check_key_list(data, signature, anchors=anchors, backend=BACKEND, now=NOW))
    problem = ("no-anchor", Outcome.COULD_NOT_CHECK) if root is None else ("unrecognised-root", Outcome.FAILED)
    assert [(item.code, item.outcome) for item in found.findings if item.subject == "signer/anchor"] == [problem]
    assert found.list is None


@pytest.mark.parametrize(
    ("seen", "code", "outcome"),
    [
        (None, "list-before-not-at-hand", Outcome.NOT_EVALUATED),
        (BEFORE, "list-goes-on", Outcome.PROVEN),
        (Seen(serial=10015, sha256="00" * 32), "list-forked", Outcome.FAILED),
        (Seen(serial=10016, sha256="00" * 32), "list-forked", Outcome.FAILED),
        (Seen(serial=10017, sha256="00" * 32), "list-goes-back", Outcome.FAILED),
        (Seen(serial=10001, sha256="00" * 32), "list-before-not-at-hand", Outcome.NOT_EVALUATED),
    ],
)
def test_m19_a_list_goes_on_from_the_one_that_was_kept(
    vectors: Path, seen: Seen | None, code: str, outcome: Outcome
) -> None:
    (found,) = [item for item in checked(vectors, seen=seen).findings if item.code.startswith("list-")]
    assert (found.code, found.outcome) == (code, outcome)


def test_the_very_list_that_was_kept_is_the_same(vectors: Path) -> None:
    data, _ = genuine.key_vault_files(vectors)
    found = checked(vectors, seen=Seen(serial=10016, sha256=sha256_hex(data)))
    assert "list-same" in codes(found.findings, Outcome.PROVEN)


@pytest.mark.parametrize("offset", [0, 60, 100, 2000, 7000])
def test_m18_a_changed_byte_of_the_list_is_found_before_anything_is_read(vectors: Path, offset: int) -> None:
    data, signature = genuine.key_vault_files(vectors)
    changed = bytearray(data)
    changed[offset] ^= 1
    found = run_to_completion(
        check_key_list(
            bytes(changed), signature, anchors=(pinned(vectors, "root_production.pem"),), backend=BACKEND, now=NOW
        )
    )
    assert [(item.code, item.subject) for item in found.findings if item.outcome is Outcome.FAILED] == [
        ("bad-signature", "cert.xml")
    ]
    assert found.list is None


def test_the_list_as_a_deployment_has_no_attestation_to_check(vectors: Path) -> None:
    keys = checked(vectors).list
    assert keys is not None
    report = run(genuine.key_vault(vectors, keys))
    assert outcomes(report)["files"] == ("match", "match")
    assert outcomes(report)["attestation"] == ("not_published", "not-published")
    assert {item.status for item in report.step("attestation").substeps} == {Status.NOT_PUBLISHED}
    assert outcomes(report)["keys"] == outcomes(report)["fleet"] == ("not_evaluated", "needs-earlier-step")
    assert (report.verdict.outcome, report.verdict.scope) == (Verdict.INCOMPLETE, Scope.PRODUCTION)


def test_no_chain_of_the_list_is_an_attestation() -> None:
    """A certificate under a key vault's root says nothing of an HSM, whatever adapter it is given to."""
    with pytest.raises(Unsupported):
        adapter_for(TECHNOLOGY)
