"""Yubico's two kinds of attestation, made by ourselves: each case breaks one rule, and M-numbers are known mistakes.

The mistakes are those that published verifiers make: no pinned root (M1), a pin by name (M2), dates at the wrong
instant (M3), no binding (M5), a signature taken for an appraisal (M6), a device counted twice (M8), a user's key taken
for the factory's (M10), lenient parsing (M11), bombs (M13).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.attestation.makers import AT, NOW, ROOT, Certified, anchor, authority, chain, extension, name, pem, spki
from vaultproof.asn1 import writer
from vaultproof.attestation.adapter import Attestation
from vaultproof.attestation.appraisal import Appraisal, appraise
from vaultproof.attestation.chain import ChainResult, verify_chain
from vaultproof.attestation.claims import CodeGrade, ExportPath, Grade, SerialSource
from vaultproof.attestation.findings import AsOf, Outcome
from vaultproof.attestation.fleet import AnnouncedMember, Fleet, FleetRecord, appraise_fleet
from vaultproof.attestation.reference import ReferenceValues
from vaultproof.attestation.registry import adapter_for
from vaultproof.attestation.yubihsm import CAPABILITIES, DOMAINS, FIRMWARE, LABEL, OBJECT_ID, ORIGIN, SERIAL
from vaultproof.attestation.yubikey_piv import FIRMWARE as PIV_FIRMWARE
from vaultproof.attestation.yubikey_piv import FORM_FACTOR, POLICIES
from vaultproof.attestation.yubikey_piv import SERIAL as PIV_SERIAL
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import Malformed, Mismatch, Unavailable, Unsupported, VaultproofError

Files = Mapping[str, bytes]
OTHER_ROOT = Certified(label="root-2", subject=ROOT.subject, extensions=authority())
SUB_CA = Certified(label="sub-ca", subject=name("Batch Sub-CA"), extensions=authority(1))


def firmware(version: bytes = b"\x02\x04\x00") -> bytes:
    return extension(FIRMWARE, writer.octet_string(version))


def serial(number: int = 31650425) -> bytes:
    return extension(SERIAL, writer.integer(number))


def hsm_key(label: str = "fleet-a", *, number: int = 0x7E57, subject: str | None = None, **changes: bytes) -> Certified:
    """A key's attestation; ``changes`` replace an extension, or leave it out where they are empty."""
    held = {
        "firmware": firmware(),
        "serial": serial(),
        "origin": extension(ORIGIN, writer.bit_string(b"\x01")),
        "domains": extension(DOMAINS, writer.bit_string(b"\x00\x01")),
        "capabilities": capabilities(7),
        "object_id": extension(OBJECT_ID, writer.integer(number)),
        "called": extension(LABEL, writer.utf8_string("fleet key")),
        **changes,
    }
    named = f"YubiHSM Attestation id:0x{number:04x}" if subject is None else subject
    return Certified(label=label, subject=name(named), extensions=tuple(held.values()))


def capabilities(*bits: int) -> bytes:
    return extension(CAPABILITIES, writer.bit_string(sum(1 << bit for bit in bits).to_bytes(8, "big")))


def hsm_device(number: int = 31650425, label: str = "device-key", **changes: Any) -> Certified:
    made = Certified(
        label=label,
        subject=name(f"YubiHSM Attestation ({number})"),
        extensions=(firmware(), serial(number), *authority(0, usage=None)),
    )
    return replace(made, **changes)


def hsm_files(
    *keys: Certified, device: Certified | None = None, batch: Certified = SUB_CA, root: Certified = ROOT,
    with_root: bool = False,
) -> Files:  # fmt: skip
    """One member's files; every key is signed by the device."""
    issuers = chain(device or hsm_device(), batch, root)
    signed = [chain(item, device or hsm_device())[0] for item in keys or (hsm_key(),)]
    return {"attestation.pem": pem(*signed), "chain.pem": pem(*issuers[: 3 if with_root else 2])}


def slot(
    label: str = "fleet-a", *, number: int = 13078778, version: bytes = b"\x05\x02\x06", more: tuple[bytes, ...] = (),
    subject: str = "YubiKey PIV Attestation 9c",
) -> Certified:  # fmt: skip
    return Certified(
        label=label,
        subject=name(subject),
        extensions=(extension(PIV_FIRMWARE, version), extension(PIV_SERIAL, writer.integer(number)), *more),
    )


def f9(label: str = "f9", version: bytes = b"\x05\x02\x06", **changes: Any) -> Certified:
    made = Certified(
        label=label,
        subject=name("Yubico PIV Attestation"),
        extensions=(extension(PIV_FIRMWARE, version), *authority(0, usage=None)),
    )
    return replace(made, **changes)


def piv_files(*slots: Certified, signer: Certified | None = None, root: Certified = ROOT) -> Files:
    issuers = chain(signer or f9(), root)
    signed = [chain(item, signer or f9())[0] for item in slots or (slot(),)]
    return {"attestation.pem": pem(*signed), "chain.pem": pem(issuers[0])}


def read(technology: str, files: Files) -> Attestation:
    return adapter_for(technology).read(files)


def verify(attestation: Attestation, *, at: datetime = AT, now: datetime = NOW) -> ChainResult:
    pinned = anchor(technology=attestation.technology)
    return run_to_completion(verify_chain(attestation, (pinned,), OpenSslBackend(), at, now))


def judged(attestation: Attestation, *, at: datetime = AT, **policy: object) -> Appraisal:
    """An appraisal by reference values like the production ones, ``policy`` replacing fields of them."""
    entry = {
        "technology": attestation.technology,
        "allowed": [{"id": "good", "swversion": "2.4.0"}, {"id": "older", "swversion": "5.2.6"}],
        "denied": [
            {
                "id": "denied", "below": "2.4.0",
                "advisory": {"id": "YSA-2024-03", "published": "2024-09-03", "url": "https://www.yubico.com/"},
            }
        ],
        "keys": {"local": True, "extractable": False, "never_extractable": True, "exportable_path": "none"},
        "freshness": "manifest",
        **policy,
    }  # fmt: skip
    values = {
        "schema": "vaultproof/reference-values@1",
        "technologies": [entry],
        "fleet": {"minimum_members": 1, "code": "version-asserted", "same_code": "equal", "keys": "one-holder"},
    }
    return appraise(attestation, ReferenceValues.from_json(values), at, NOW, b"n" * 32)


def outcomes(result: ChainResult | Appraisal, code: str) -> list[Outcome]:
    return [finding.outcome for finding in result.findings if finding.code == code]


def failures(result: ChainResult | Appraisal) -> set[str]:
    return {finding.code for finding in result.findings if finding.outcome is Outcome.FAILED}


# --- what is read ---------------------------------------------------------------------------------------------------


def test_a_key_of_a_yubihsm_is_read_into_claims() -> None:
    attestation = read("yubihsm2", hsm_files())
    attester, platform, (key,) = attestation.claims.attester, attestation.claims.platform, attestation.claims.keys
    assert attester.hwserial is not None
    assert (attester.hwserial.value, attester.hwserial.grade) == ("31650425", Grade.ATTESTED)
    assert attester.hwserial_source is SerialSource.CERTIFICATE_EXTENSION
    assert attester.device_identity is not None
    assert attester.device_identity.source.file == "chain.pem"
    assert platform.swversion is not None
    assert (platform.swversion.value, platform.code_grade) == ("2.4.0", CodeGrade.VERSION_ASSERTED)
    assert key.spki is not None
    assert key.spki.value == spki("fleet-a")
    assert key.identifier is not None
    assert key.identifier.value == "0x7e57"
    assert [
        (claim.value, claim.grade)
        for claim in (key.local, key.extractable, key.never_extractable, key.exportable_path)
        if claim is not None
    ] == [
        (True, Grade.ATTESTED),
        (False, Grade.ATTESTED),
        (True, Grade.IMPLIED),
        (ExportPath.NONE, Grade.ATTESTED),
    ]
    assert key.purposes is not None
    assert key.purposes.value == ("sign-ecdsa",)
    assert (key.sensitive, key.role, key.expiry) == (None, None, None), "what a device does not say is absent"


@pytest.mark.parametrize("technology", ["yubihsm2", "yubikey-piv"])
def test_claims_name_the_bytes_that_they_were_read_from(technology: str) -> None:
    files = hsm_files() if technology == "yubihsm2" else piv_files()
    claims = read(technology, files).claims
    (key,) = claims.keys
    assert key.spki is not None
    assert claims.platform.swversion is not None
    made = chain(hsm_key(), hsm_device())[0] if technology == "yubihsm2" else chain(slot(), f9())[0]
    for claim, wanted in (
        (key.spki, spki("fleet-a")),
        (claims.platform.swversion, None),
        (claims.attester.hwserial, None),
    ):
        assert claim is not None
        source = claim.source
        assert (source.file, source.block) == ("attestation.pem", 0)
        found = made[source.offset : source.offset + source.length]
        assert found == wanted if wanted is not None else found[0] == 0x04  # the extension's OCTET STRING


def test_a_good_yubihsm_holds_with_and_without_its_root() -> None:
    for with_root in (True, False):
        result = verify(read("yubihsm2", hsm_files(with_root=with_root)))
        assert result.outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
        assert result.outcome(AsOf.NOW) is Outcome.PROVEN
    appraisal = judged(read("yubihsm2", hsm_files()))
    assert appraisal.code_allowed
    assert failures(appraisal) == set()


def test_a_slot_of_a_yubikey_is_read_into_claims() -> None:
    more = (extension(POLICIES, b"\x03\x02"), extension(FORM_FACTOR, b"\x81"), extension("1.3.6.1.4.1.41482.3.10", b""))
    attestation = read("yubikey-piv", piv_files(slot(more=more)))
    attester, (key,) = attestation.claims.attester, attestation.claims.keys
    assert attester.hwserial is not None
    assert attester.hwserial.value == "13078778"
    assert attester.device_identity is None, "M7: devices of a kind share slot f9's key"
    assert {claim.grade for claim in (key.local, key.extractable, key.never_extractable) if claim is not None} == {
        Grade.IMPLIED
    }
    noted = {finding.code: finding.found for finding in attestation.findings if finding.outcome is Outcome.NOTED}
    assert noted == {"pin-policy": "always", "touch-policy": "always", "form-factor": "USB-A keychain, FIPS"}
    assert [(claim.place, claim.type) for claim in attestation.claims.unknown] == [("keys/0", "1.3.6.1.4.1.41482.3.10")]
    assert verify(attestation).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN


def test_what_an_old_yubikey_does_not_state_is_absent() -> None:
    bare = Certified(label="fleet-a", subject=slot().subject, extensions=(extension(PIV_FIRMWARE, b"\x04\x03\x01"),))
    claims = read("yubikey-piv", piv_files(bare)).claims
    assert (claims.attester.hwserial, claims.attester.hwserial_source) == (None, None)


def test_values_without_a_name_are_shown_as_numbers() -> None:
    more = (extension(POLICIES, b"\x09\x07"), extension(FORM_FACTOR, b"\x3f"))
    noted = {item.code: item.found for item in read("yubikey-piv", piv_files(slot(more=more))).findings}
    assert (noted["pin-policy"], noted["touch-policy"], noted["form-factor"]) == ("value 9", "value 7", "value 63")
    files = hsm_files(hsm_key(capabilities=capabilities(7, 40), origin=extension(ORIGIN, writer.bit_string(b"\x80"))))
    attestation = read("yubihsm2", files)
    assert attestation.claims.keys[0].purposes is not None
    assert attestation.claims.keys[0].purposes.value == ("sign-ecdsa", "capability-40")
    assert "value 128" in [item.found for item in attestation.findings if item.code == "key-origin"]


def test_one_file_may_attest_several_keys_of_one_device() -> None:
    files = hsm_files(hsm_key(), hsm_key("fleet-b", number=2))
    attestation = read("yubihsm2", files)
    assert [key.spki_sha256 is not None for key in attestation.claims.keys] == [True, True]
    assert [statement.name for statement in attestation.statements] == ["keys/0", "keys/1"]
    assert verify(attestation).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN


def test_a_label_may_be_left_out() -> None:
    attestation = read("yubihsm2", hsm_files(hsm_key(called=b"")))
    assert "key-label" not in [item.code for item in attestation.findings]


def test_a_label_that_cannot_be_shown_is_shown_as_hex() -> None:
    label = extension(LABEL, writer.utf8_string("\u202eevil"))
    found = [item.found for item in read("yubihsm2", hsm_files(hsm_key(called=label))).findings]
    assert "hex:e280ae6576696c" in found


# --- files and forms ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "error", "code"),
    [
        ({}, Unavailable, "no-evidence"),
        ({**hsm_files(), "attestation.der": b""}, Malformed, "two-evidence-files"),
        ({"attestation.pem": hsm_files()["attestation.pem"]}, Unavailable, "no-chain-file"),
        ({**hsm_files(), "chain.pem": pem(chain(SUB_CA, ROOT)[0])}, Malformed, "chain-length"),
        ({**hsm_files(), "chain.pem": 2 * hsm_files()["chain.pem"]}, Malformed, "chain-length"),
        ({**hsm_files(), "attestation.pem": 2 * hsm_files()["attestation.pem"]}, Malformed, "same-key-twice"),
        ({**hsm_files(), "attestation.pem": 17 * hsm_files()["attestation.pem"]}, Malformed, "pem-count"),  # M13
        ({**hsm_files(), "attestation.pem": b"\n" * 300_000}, Malformed, "pem-size"),  # M13
        (hsm_files(hsm_key(firmware=b"")), Malformed, "missing-claim"),
        (hsm_files(hsm_key(serial=b"")), Malformed, "missing-claim"),
        (hsm_files(hsm_key(origin=b"")), Malformed, "missing-claim"),
        (hsm_files(hsm_key(domains=b"")), Malformed, "missing-claim"),
        (hsm_files(hsm_key(capabilities=b"")), Malformed, "missing-claim"),
        (hsm_files(hsm_key(object_id=b"")), Malformed, "missing-claim"),
        (hsm_files(hsm_key(firmware=firmware(b"\x02\x04"))), Malformed, "claim-value"),
        (hsm_files(hsm_key(serial=serial(0))), Malformed, "claim-value"),
        (hsm_files(hsm_key(serial=serial(-31650425))), Malformed, "claim-value"),
        (hsm_files(hsm_key(serial=serial(2**32))), Malformed, "claim-value"),
        (hsm_files(hsm_key(origin=extension(ORIGIN, writer.bit_string(b"\x01\x00")))), Malformed, "claim-value"),
        (hsm_files(hsm_key(origin=extension(ORIGIN, writer.bit_string(b"\x02", 1)))), Malformed, "claim-value"),
        (hsm_files(hsm_key(capabilities=extension(CAPABILITIES, writer.bit_string(b"")))), Malformed, "claim-value"),
        (hsm_files(hsm_key(object_id=extension(OBJECT_ID, writer.integer(65536)))), Malformed, "claim-value"),
        (hsm_files(hsm_key(called=extension(LABEL, writer.utf8_string("x" * 41)))), Malformed, "claim-value"),
        (hsm_files(hsm_key(subject="YubiHSM Attestation id:0x7e58")), Mismatch, "object-id-differs"),
        (hsm_files(hsm_key(subject="YubiHSM Attestation (31650425)")), Unsupported, "attestation-subject"),
        # M11: trailing bytes, padded numbers, an extension twice.
        (hsm_files(hsm_key(serial=extension(SERIAL, writer.integer(7) + b"\x00"))), Malformed, "der-trailing-bytes"),
        (hsm_files(hsm_key(serial=extension(SERIAL, b"\x02\x02\x00\x07"))), Malformed, "der-integer"),
        (hsm_files(hsm_key(called=serial())), Malformed, "x509-extension"),
        (hsm_files(hsm_key(firmware=extension(FIRMWARE, b"\x02\x04\x00"))), Malformed, "der-truncated"),
    ],
)  # fmt: skip
def test_files_of_a_yubihsm_that_are_refused(files: Files, error: type[VaultproofError], code: str) -> None:
    with pytest.raises(error) as caught:
        read("yubihsm2", files)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("files", "error", "code"),
    [
        ({**piv_files(), "chain.pem": pem(*chain(f9(), SUB_CA, ROOT))}, Malformed, "chain-length"),
        (piv_files(slot(version=b"\x05\x02")), Malformed, "claim-value"),
        (piv_files(slot(number=0)), Malformed, "claim-value"),
        (piv_files(slot(more=(extension(POLICIES, b"\x03"),))), Malformed, "claim-value"),
        (piv_files(slot(more=(extension(FORM_FACTOR, b"\x01\x02"),))), Malformed, "claim-value"),
        (piv_files(slot(subject="YubiKey PIV Attestation 9C")), Unsupported, "attestation-subject"),
        (piv_files(slot(subject="YubiKey PIV Attestation 9c, really")), Unsupported, "attestation-subject"),
        (piv_files(Certified(label="a", subject=slot().subject, extensions=())), Malformed, "missing-claim"),
    ],
)
def test_files_of_a_yubikey_that_are_refused(files: Files, error: type[VaultproofError], code: str) -> None:
    with pytest.raises(error) as caught:
        read("yubikey-piv", files)
    assert caught.value.code == code


def test_an_error_names_the_file_that_it_is_about() -> None:
    with pytest.raises(Malformed) as caught:
        read("yubihsm2", hsm_files(hsm_key(serial=serial(0))))
    assert caught.value.file == "attestation.pem"
    with pytest.raises(Malformed) as caught:
        read("yubihsm2", hsm_files(device=hsm_device(extensions=(firmware(b"\x01"), serial()))))
    assert caught.value.file == "chain.pem"


def test_a_file_that_nobody_reads_is_told() -> None:
    for technology, files in (("yubihsm2", hsm_files()), ("yubikey-piv", piv_files())):
        found = read(technology, {**files, "notes.txt": b""}).findings
        assert [finding.subject for finding in found if finding.code == "unread-file"] == ["notes.txt"]


def test_a_der_file_is_read_like_a_pem_file() -> None:
    files = hsm_files()
    der = {"attestation.der": chain(hsm_key(), hsm_device())[0], "chain.pem": files["chain.pem"]}
    one, other = read("yubihsm2", files).claims, read("yubihsm2", der).claims
    assert one.evidence.digest == other.evidence.digest
    assert other.attester.hwserial is not None
    assert (other.attester.hwserial.source.file, other.attester.hwserial.source.block) == ("attestation.der", None)


# --- mistakes of others ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("technology", ["yubihsm2", "yubikey-piv"])
def test_m1_a_root_in_the_files_is_nobodys_root(technology: str) -> None:
    make = hsm_files if technology == "yubihsm2" else piv_files
    result = verify(read(technology, make(root=OTHER_ROOT)))
    assert failures(result) == {"unrecognised-root"}
    assert result.anchors == {}
    with_root = hsm_files(root=OTHER_ROOT, with_root=True)
    assert "unrecognised-root" in failures(verify(read("yubihsm2", with_root)))


def test_m2_a_root_is_its_key_not_its_name_and_not_its_certificate() -> None:
    renamed = replace(ROOT, subject=name("Root of another name"), not_after=datetime(2027, 1, 1, tzinfo=UTC))
    assert verify(read("yubihsm2", hsm_files(root=renamed, with_root=True))).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    assert OTHER_ROOT.subject == ROOT.subject
    assert "unrecognised-root" in failures(verify(read("yubihsm2", hsm_files(root=OTHER_ROOT, with_root=True))))


def test_m3_dates_are_judged_at_the_deployment_and_now() -> None:
    until = datetime(2026, 11, 10, tzinfo=UTC)
    device = hsm_device(not_after=until)
    result = verify(read("yubihsm2", hsm_files(replace(hsm_key(), not_after=until), device=device)))
    assert result.outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    assert result.outcome(AsOf.NOW) is Outcome.FAILED
    assert failures(result) == {"expired-now"}


def test_m3_a_key_that_claims_other_dates_than_its_signer_is_no_attestation() -> None:
    longer = replace(hsm_key(), not_after=datetime(2049, 1, 1, tzinfo=UTC))
    assert failures(verify(read("yubihsm2", hsm_files(longer)))) == {"validity-differs"}


def test_m5_nothing_shows_when_an_attestation_was_made() -> None:
    for technology, files in (("yubihsm2", hsm_files()), ("yubikey-piv", piv_files())):
        attestation = read(technology, files)
        assert (attestation.claims.evidence.nonce, attestation.claims.evidence.iat) == (None, None)
        assert outcomes(judged(attestation), "listed-in-manifest") == [Outcome.ASSERTED_ONLY]
        absent = judged(attestation, freshness="nonce")
        assert outcomes(absent, "claim-absent") == [Outcome.NOT_EVALUATED]


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        (
            hsm_key(capabilities=capabilities(7, 16)),
            {"key-extractable-differs", "key-never-extractable-differs", "key-export-path-differs"},
        ),
        *(
            (
                hsm_key(origin=extension(ORIGIN, writer.bit_string(bytes([origin])))),
                {"key-local-differs", "key-never-extractable-differs"},
            )
            for origin in (0x00, 0x02, 0x03, 0x10, 0x11, 0x12, 0xFF)
        ),
    ],
)
def test_m6_a_signature_that_holds_is_no_good_key(key: Certified, wrong: set[str]) -> None:
    attestation = read("yubihsm2", hsm_files(key))
    assert verify(attestation).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    assert failures(judged(attestation)) == wrong


def test_m6_a_key_that_signs_attestations_is_outside_of_the_purposes_of_a_fleet_key() -> None:
    attestation = read("yubihsm2", hsm_files(hsm_key(capabilities=capabilities(7, 34))))
    wanted = {"purposes": ["sign-ecdsa"]}
    assert failures(judged(attestation, keys=wanted)) == {"key-purposes-differs"}


def test_an_advisory_counts_from_the_day_of_its_publication() -> None:
    old = b"\x02\x02\x00"
    device = hsm_device(extensions=(firmware(old), serial(), *authority(0, usage=None)))
    attestation = read("yubihsm2", hsm_files(hsm_key(firmware=firmware(old)), device=device))
    allowed = [{"id": "old", "swversion": "2.2.0"}]
    before = judged(attestation, at=datetime(2024, 9, 2, tzinfo=UTC), allowed=allowed)
    since = judged(attestation, at=datetime(2024, 9, 3, tzinfo=UTC), allowed=allowed)
    assert [result.outcome(AsOf.DEPLOYMENT) is Outcome.FAILED for result in (before, since)] == [False, True]
    assert before.outcome(AsOf.NOW) is Outcome.FAILED


def _fleet(*attestations: Attestation) -> set[str]:
    names = [f"hsm-{index}" for index, _ in enumerate(attestations)]
    records = tuple(
        FleetRecord(member=member, claims=attestation.claims, code_allowed=True)
        for member, attestation in zip(names, attestations, strict=True)
    )
    values = ReferenceValues.from_json(
        {
            "schema": "vaultproof/reference-values@1",
            "technologies": [],
            "fleet": {"minimum_members": 1, "code": "version-asserted", "same_code": "equal", "keys": "one-holder"},
        }
    )
    fleet = Fleet(
        members=tuple(AnnouncedMember(name=member) for member in names), records=records, published=(), threshold=2
    )
    return {finding.code for finding in appraise_fleet(fleet, values.fleet).devices}


def test_m8_a_device_with_two_keys_is_one_device() -> None:
    one, other = (read("yubihsm2", hsm_files(hsm_key(label))) for label in ("fleet-a", "fleet-b"))
    assert {"serial-shared", "device-shared"} <= _fleet(one, other)
    number = 20783176
    device = hsm_device(number, "device-2")
    second = read("yubihsm2", hsm_files(hsm_key("fleet-b", serial=serial(number)), device=device))
    assert "devices-distinct" in _fleet(one, second)


def test_m7_and_m8_yubikeys_that_share_their_signer_are_told_apart_by_serial_alone() -> None:
    one, other, again = (
        read("yubikey-piv", piv_files(slot(label, number=number)))
        for label, number in (("fleet-a", 1), ("fleet-b", 2), ("fleet-c", 1))
    )
    assert one.chains[0].links[0].key.sha256 == other.chains[0].links[0].key.sha256
    assert "devices-distinct" in _fleet(one, other)
    assert "serial-shared" in _fleet(one, again)


def test_m7_keys_of_two_yubikeys_are_no_keys_of_one_member() -> None:
    files = piv_files(slot("fleet-a", number=1), slot("fleet-b", number=2))
    assert failures(verify(read("yubikey-piv", files))) == {"serial-differs"}
    silent = Certified(label="fleet-b", subject=slot().subject, extensions=(extension(PIV_FIRMWARE, b"\x05\x02\x06"),))
    assert failures(verify(read("yubikey-piv", piv_files(slot(), silent)))) == {"serial-differs"}
    both = replace(silent, label="fleet-a")
    result = verify(read("yubikey-piv", piv_files(both, silent)))
    assert outcomes(result, "serial-absent") == [Outcome.NOT_EVALUATED]


USER_KEY = hsm_key("user-key", number=0x24, capabilities=capabilities(7, 34))
"""A key that its user may sign attestations with."""


def test_m10_a_users_key_is_no_factory_key() -> None:
    """The user's key attests a look-alike; its own genuine attestation stands where a device's certificate must."""
    look_alike = chain(hsm_key("stolen"), USER_KEY)[0]
    _, *issuers = chain(USER_KEY, hsm_device(), SUB_CA, ROOT)
    users = chain(USER_KEY, hsm_device())[0]
    files = {"attestation.pem": pem(look_alike), "chain.pem": pem(users, *issuers[:2])}
    result = verify(read("yubihsm2", files))
    assert {"not-a-factory-key", "wrong-role"} <= failures(result)
    longer = {**files, "chain.pem": pem(users, *issuers)}
    with pytest.raises(Malformed) as caught:
        read("yubihsm2", longer)
    assert caught.value.code == "chain-length"


def test_m10_a_users_key_that_calls_itself_a_device_is_not_signed_by_the_maker() -> None:
    fake = hsm_device(label="user-key")
    files = {
        "attestation.pem": pem(chain(hsm_key("stolen"), fake)[0]),
        "chain.pem": pem(chain(fake, hsm_device())[0], chain(SUB_CA, ROOT)[0]),
    }
    assert {"bad-signature", "name-mismatch"} <= failures(verify(read("yubihsm2", files)))


def test_m10_a_device_certificate_for_a_key_is_none() -> None:
    """Even if the maker's authority had signed it: a certificate that states a key's attributes is about a key."""
    odd = hsm_device(extensions=(firmware(), serial(), capabilities(34), *authority(0, usage=None)))
    assert failures(verify(read("yubihsm2", hsm_files(device=odd)))) == {"not-a-factory-key"}


@pytest.mark.parametrize(
    "device",
    [
        hsm_device(subject=name("Device 31650425")),
        hsm_device(extensions=(serial(), *authority(0, usage=None))),
        hsm_device(extensions=(firmware(), *authority(0, usage=None))),
    ],
)
def test_m10_a_signer_that_is_not_made_out_like_a_device_is_no_factory_key(device: Certified) -> None:
    assert failures(verify(read("yubihsm2", hsm_files(device=device)))) == {"not-a-factory-key"}


def test_m10_slot_f9_with_a_key_of_its_owner_leads_to_no_pinned_root() -> None:
    result = verify(read("yubikey-piv", piv_files(signer=f9("owners-key"), root=OTHER_ROOT)))
    assert failures(result) == {"unrecognised-root"}


def test_m10_a_signer_that_states_no_firmware_is_no_factory_key() -> None:
    result = verify(read("yubikey-piv", piv_files(signer=f9(extensions=authority(0, usage=None)))))
    assert failures(result) == {"not-a-factory-key"}


def test_a_key_and_its_device_must_agree() -> None:
    for key, code in (
        (hsm_key(serial=serial(31650558)), "serial-differs"),
        (hsm_key(firmware=firmware(b"\x02\x04\x01")), "firmware-differs"),
    ):
        assert failures(verify(read("yubihsm2", hsm_files(key)))) == {code}
    other_name = hsm_device(subject=name("YubiHSM Attestation (31650558)"))
    assert failures(verify(read("yubihsm2", hsm_files(device=other_name)))) == {"serial-differs"}
    piv = piv_files(slot(version=b"\x05\x07\x04"))
    assert failures(verify(read("yubikey-piv", piv))) == {"firmware-differs"}
    two = piv_files(slot(), slot("fleet-b", version=b"\x05\x07\x04"))
    assert failures(verify(read("yubikey-piv", two))) == {"firmware-differs"}


def test_an_attestation_signed_by_another_device_does_not_hold() -> None:
    files = {**hsm_files(), "attestation.pem": pem(chain(hsm_key(), hsm_device(label="device-2"))[0])}
    assert failures(verify(read("yubihsm2", files))) == {"bad-signature"}


def test_an_attested_key_is_no_authority() -> None:
    key = hsm_key(label="fleet-a")
    files = hsm_files(replace(key, extensions=(*key.extensions, *authority(usage=None))))
    assert failures(verify(read("yubihsm2", files))) == {"wrong-role"}


def test_an_unknown_critical_extension_is_not_passed_over() -> None:
    strange = extension("1.2.3.4", b"\x05\x00", critical=True)
    assert failures(verify(read("yubikey-piv", piv_files(slot(more=(strange,)))))) == {"unknown-critical-extension"}
