"""Genuine attestations by Yubico: the YubiKeys of a public signing ceremony, and a YubiHSM 2, with production pins."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.interop.attested import Judged, check_cuts, check_flips, codes, judge, production
from vaultproof.asn1.pem import CERTIFICATE, read_pem
from vaultproof.asn1.x509 import Certificate, parse_certificate
from vaultproof.attestation.claims import ExportPath, Grade
from vaultproof.attestation.findings import AsOf, Outcome
from vaultproof.attestation.fleet import AnnouncedMember, Fleet, FleetRecord, appraise_fleet
from vaultproof.attestation.reference import AllowedCode, FleetRule, ReferenceValues, SameCode

pytestmark = pytest.mark.interop

HSM, PIV = "yubihsm2", "yubikey-piv"
AT = datetime(2021, 6, 18, 12, tzinfo=UTC)
SINCE = datetime(2024, 9, 3, tzinfo=UTC)

F9 = {
    "4.4.5": ("f9_a659c8aebe18.pem",),
    "5.2.6": ("f9_e4e5233563dc.pem",),
    "5.2.7": ("f9_556cd0b72ddc.pem",),
    "5.4.3": ("f9_dcbfad812528.pem", "f9_fbfcabe16328.pem"),
}
"""The certificates of slot f9 by firmware: devices share them."""

DEVICES = {
    "10550341": ("4.4.5", 4, None),
    "13078778": ("5.2.6", 1, "USB-C keychain"),
    "13078782": ("5.2.6", 11, "USB-C keychain"),
    "14454335": ("5.2.7", 1, "USB-C keychain"),
    "14469571": ("5.2.7", 1, "USB-C keychain"),
    "14470876": ("5.2.7", 1, "USB-C keychain"),
    "14470888": ("5.2.7", 5, "USB-C keychain"),
    "14833186": ("5.4.3", 12, "USB-A keychain"),
    "15026814": ("5.2.7", 2, "USB-C nano"),
    "15724862": ("5.2.7", 4, "USB-C nano"),
    "15743677": ("5.2.7", 3, "USB-C nano"),
    "15935408": ("5.2.7", 4, "USB-C keychain"),
    "15938765": ("5.2.7", 1, "USB-C keychain"),
    "15938791": ("5.2.7", 1, "USB-C keychain"),
}
"""Every device: firmware, how many of its keys are attested, and what it looks like."""

FIRST_EPOCH = ("13078778", "14454335", "14470876", "15938765", "15938791")
"""The devices whose keys signed the first root metadata, on 18 June 2021."""


@pytest.fixture
def piv(vectors: Path) -> Path:
    return vectors / "attestation" / "sigstore-yubikey-piv"


@pytest.fixture
def hsm(vectors: Path) -> Path:
    return vectors / "attestation" / "yubihsm2"


def certificate(path: Path) -> Certificate:
    (block,) = read_pem(path.read_bytes(), labels={CERTIFICATE})
    return parse_certificate(block.data)


def slots(piv: Path) -> list[Path]:
    return sorted((piv / "key_certs").iterdir())


def piv_files(piv: Path, slot: Path, f9: str | None = None) -> dict[str, bytes]:
    """A slot's attestation with the certificate of the f9 key that signed it (or of the one given)."""
    firmware = DEVICES[slot.name.partition("_")[0]][0]
    return {
        "attestation.pem": slot.read_bytes(),
        "chain.pem": (piv / "device_certs" / (f9 or F9[firmware][0])).read_bytes(),
    }


def hsm_files(hsm: Path, *, with_root: bool = False) -> dict[str, bytes]:
    names = ("31650425_device.pem", "subca_6742036.pem", "root_yubihsm2.pem")[: 3 if with_root else 2]
    return {
        "attestation.pem": (hsm / "31650425_key7e57.pem").read_bytes(),
        "chain.pem": b"".join((hsm / name).read_bytes() for name in names),
    }


def test_the_files_are_the_expected_ones(piv: Path, hsm: Path) -> None:
    counts: defaultdict[str, int] = defaultdict(int)
    for path in slots(piv):
        counts[path.name.partition("_")[0]] += 1
    assert dict(counts) == {serial: count for serial, (_, count, _) in DEVICES.items()}
    assert sorted(path.name for path in (piv / "device_certs").iterdir()) == sorted(sum(F9.values(), ()))
    assert len(list(hsm.iterdir())) == 4


@pytest.mark.parametrize(
    ("technology", "root"),
    [(PIV, "sigstore-yubikey-piv/yubico_piv_root_263751.pem"), (HSM, "yubihsm2/root_yubihsm2.pem")],
)
def test_the_pin_is_the_key_of_the_published_root(vectors: Path, technology: str, root: str) -> None:
    published = certificate(vectors / "attestation" / root)
    (pinned,) = [item for item in production().vendor_roots if item.anchor.technology == technology]
    assert pinned.anchor.spki_sha256 == published.public_key.sha256
    assert pinned.anchor.spki == published.public_key.raw
    assert pinned.anchor.minimum_rsa_bits == 2048
    assert any(published.sha256 in item.source for item in pinned.provenance)
    assert len(pinned.provenance) >= 2


def test_every_slot_holds_with_its_own_signer_and_no_other(piv: Path) -> None:
    for path in slots(piv):
        firmware, _, looks = DEVICES[path.name.partition("_")[0]]
        for f9 in sorted((piv / "device_certs").iterdir()):
            judged = judge(PIV, piv_files(piv, path, f9.name), AT)
            mine = f9.name == F9[firmware][0]
            assert (judged.chain.outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN) is mine
            assert bool(codes(judged.chain.findings, Outcome.FAILED)) is not mine
        judged = judge(PIV, piv_files(piv, path), AT)
        shown = {item.code: item.found for item in judged.chain.findings if item.outcome is Outcome.NOTED}
        assert (shown["pin-policy"], shown["touch-policy"], shown.get("form-factor")) == ("always", "always", looks)


def test_claims_of_every_slot(piv: Path) -> None:
    for path in slots(piv):
        serial = path.name.partition("_")[0]
        claims = judge(PIV, piv_files(piv, path), AT).attestation.claims
        assert claims.attester.hwserial is not None
        assert (claims.attester.hwserial.value, claims.attester.hwserial.grade) == (serial, Grade.ATTESTED)
        assert claims.attester.device_identity is None
        assert claims.platform.swversion is not None
        assert claims.platform.swversion.value == DEVICES[serial][0]
        (key,) = claims.keys
        assert key.identifier is not None
        assert key.identifier.value == "9c"
        assert key.local is not None
        assert (key.local.value, key.local.grade) == (True, Grade.IMPLIED)
        assert claims.evidence.digest == certificate(path).sha256


def test_the_advisory_concerns_every_genuine_yubikey_since_its_publication(piv: Path) -> None:
    for path in slots(piv):
        before, since = (judge(PIV, piv_files(piv, path), at).appraisal for at in (AT, SINCE))
        assert codes(before.findings, Outcome.FAILED) == {"denied-by-advisory"}
        assert before.outcome(AsOf.NOW) is Outcome.FAILED
        assert before.outcome(AsOf.DEPLOYMENT) is Outcome.NOT_EVALUATED, "no firmware of YubiKeys is on the list"
        assert since.outcome(AsOf.DEPLOYMENT) is Outcome.FAILED


def test_m1_and_m10_without_the_pinned_root_nothing_holds(piv: Path, vectors: Path) -> None:
    """The f9 key can be replaced by its owner: a chain to any other root, genuine or not, is nobody's."""
    slot = slots(piv)[0]
    other = (vectors / "attestation" / "yubihsm2" / "root_yubihsm2.pem").read_bytes()
    files = piv_files(piv, slot)
    judged = judge(PIV, {**files, "chain.pem": files["chain.pem"] + other}, AT)
    assert {"unrecognised-root", "name-mismatch"} <= codes(judged.chain.findings, Outcome.FAILED)
    root = (piv / "yubico_piv_root_263751.pem").read_bytes()
    assert judge(PIV, {**files, "chain.pem": files["chain.pem"] + root}, AT).chain.outcome(AsOf.NOW) is Outcome.PROVEN


def _fleet(members: dict[str, Judged], rule: FleetRule) -> set[str]:
    records = tuple(
        FleetRecord(member=name, claims=judged.attestation.claims, code_allowed=True)
        for name, judged in members.items()
    )
    fleet = Fleet(
        members=tuple(AnnouncedMember(name=name) for name in members), records=records, published=(), threshold=3
    )
    appraisal = appraise_fleet(fleet, rule)
    return {finding.code for finding in appraisal.findings if finding.outcome is not Outcome.NOTED}


def test_m8_repeats_of_one_device_are_one_device(piv: Path) -> None:
    repeats = [path for path in slots(piv) if path.name.startswith("14833186_")]
    members = {path.stem: judge(PIV, piv_files(piv, path), AT) for path in repeats}
    keys = {judged.attestation.claims.keys[0].spki_sha256 for judged in members.values()}
    assert len(keys) == len(repeats) == 12, "every one with a key of its own"
    found = _fleet(members, production().reference_values.fleet)
    assert {"serial-shared", "quorum-not-attested"} <= found
    assert "devices-distinct" not in found


def test_m15_the_first_ceremonys_fleet_is_distinct_and_mixed(piv: Path) -> None:
    """Firmware 5.2.6 and 5.2.7: never the same code, but each may be an allowed one."""
    members = {
        path.name.partition("_")[0]: judge(PIV, piv_files(piv, path), AT)
        for path in slots(piv)
        if path.name.partition("_")[0] in FIRST_EPOCH and "_2021-06-18_" in path.name
    }
    assert tuple(members) == FIRST_EPOCH
    rule = production().reference_values.fleet
    equal = _fleet(members, rule)
    assert {"devices-distinct", "quorum-attested", "code-differs", "code-grade-too-weak"} <= equal
    assert "code-on-list" in _fleet(members, replace(rule, same_code=SameCode.ALLOWED))


def test_a_genuine_yubihsm_holds_and_is_allowed(hsm: Path) -> None:
    for with_root in (True, False):
        judged = judge(HSM, hsm_files(hsm, with_root=with_root), SINCE)
        assert judged.chain.outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
        assert judged.chain.outcome(AsOf.NOW) is Outcome.PROVEN
        assert judged.appraisal.code_allowed
        assert codes(judged.appraisal.findings, Outcome.FAILED) == set()
        assert codes(judged.appraisal.findings, Outcome.ASSERTED_ONLY) == {"listed-in-manifest"}
    claims = judge(HSM, hsm_files(hsm), SINCE).attestation.claims
    (key,) = claims.keys
    assert claims.attester.hwserial is not None
    assert claims.attester.hwserial.value == "31650425"
    assert claims.platform.swversion is not None
    assert claims.platform.swversion.value == "2.4.0"
    assert key.identifier is not None
    assert key.identifier.value == "0x7e57"
    assert key.purposes is not None
    assert key.purposes.value == ("sign-ecdsa",)
    assert key.exportable_path is not None
    assert key.exportable_path.value is ExportPath.NONE
    shown = {item.code: item.found for item in judge(HSM, hsm_files(hsm), SINCE).chain.findings}
    assert (shown["key-origin"], shown["key-domains"], shown["key-label"]) == ("generated", "1", "hsmaudit-test")


def test_m6_a_policy_with_another_purpose_refuses_the_genuine_key(hsm: Path) -> None:
    values: ReferenceValues = production().reference_values
    policy = values.policy(HSM)
    assert policy is not None
    assert policy.allowed == (
        AllowedCode(
            id="yubihsm2-2.4.0", hwmodel="YubiHSM 2", swversion="2.4.0", measurements=frozenset(),
            source=policy.allowed[0].source,
        ),
    )  # fmt: skip
    assert policy.keys.purposes is not None
    assert "sign-attestation-certificate" not in policy.keys.purposes


@pytest.mark.parametrize("missing", ["31650425_device.pem", "subca_6742036.pem"])
def test_m10_a_chain_with_a_link_less_does_not_hold(hsm: Path, missing: str) -> None:
    names = [name for name in ("31650425_device.pem", "subca_6742036.pem", "root_yubihsm2.pem") if name != missing]
    files = {**hsm_files(hsm), "chain.pem": b"".join((hsm / name).read_bytes() for name in names)}
    assert judge(HSM, files, SINCE).chain.outcome(AsOf.DEPLOYMENT) is Outcome.FAILED


def test_m10_a_key_of_the_device_does_not_stand_for_the_device(hsm: Path) -> None:
    """The genuine key's certificate where the device's must stand."""
    names = ("31650425_key7e57.pem", "31650425_device.pem")
    files = {**hsm_files(hsm), "chain.pem": b"".join((hsm / name).read_bytes() for name in names)}
    assert {"not-a-factory-key", "wrong-role", "unrecognised-root"} <= codes(
        judge(HSM, files, SINCE).chain.findings, Outcome.FAILED
    )


# --- damaged copies -------------------------------------------------------------------------------------------------


def test_files_of_the_yubihsm_cut_anywhere(hsm: Path) -> None:
    files = hsm_files(hsm, with_root=True)
    for file in files:
        check_cuts(HSM, file, files, SINCE)


def test_files_of_the_yubikeys_cut_anywhere(piv: Path) -> None:
    for path in slots(piv):
        check_cuts(PIV, "attestation.pem", piv_files(piv, path), AT)
    for firmware in F9:
        (first, *_) = [path for path in slots(piv) if DEVICES[path.name.partition("_")[0]][0] == firmware]
        check_cuts(PIV, "chain.pem", piv_files(piv, first), AT)


@pytest.mark.slow
def test_files_of_the_yubihsm_changed_anywhere(hsm: Path) -> None:
    files = hsm_files(hsm, with_root=True)
    for file in files:
        check_flips(HSM, file, files, SINCE)


@pytest.mark.slow
@pytest.mark.parametrize("serial", DEVICES)
def test_slots_of_a_yubikey_changed_anywhere(piv: Path, serial: str) -> None:
    """Every byte of the certificate itself; text around it is another test's."""
    for path in slots(piv):
        if path.name.startswith(f"{serial}_"):
            der = {"attestation.der": certificate(path).raw, "chain.pem": piv_files(piv, path)["chain.pem"]}
            check_flips(PIV, "attestation.der", der, AT)


@pytest.mark.slow
@pytest.mark.parametrize("firmware", F9)
def test_pem_files_of_yubikeys_changed_anywhere(piv: Path, firmware: str) -> None:
    root = (piv / "yubico_piv_root_263751.pem").read_bytes()
    (first, *_) = [path for path in slots(piv) if DEVICES[path.name.partition("_")[0]][0] == firmware]
    files = piv_files(piv, first)
    files["chain.pem"] += root
    for file in files:
        check_flips(PIV, file, files, AT)
