"""Securosys key attestations from files to verdict, and the mistakes that XML invites (by their numbers)."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.attestation import makers, rsa_makers
from tests.unit.attestation.securosys import FIELDS, FLAGS, KEY, Hsm
from vaultproof.asn1 import oids
from vaultproof.attestation.adapter import Attestation
from vaultproof.attestation.anchors import TrustAnchor
from vaultproof.attestation.chain import ChainResult, verify_chain
from vaultproof.attestation.claims import Claim, CodeGrade, Grade, SerialSource
from vaultproof.attestation.findings import AsOf, Outcome
from vaultproof.attestation.securosys_claims import TECHNOLOGY
from vaultproof.attestation.securosys_primus import SecurosysPrimusAdapter
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import Malformed, Mismatch, Unavailable, Unsupported, VaultproofError

AT = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
ANCHORS = (rsa_makers.anchor("root", TECHNOLOGY),)
HSM = Hsm()


def read(files: Mapping[str, bytes]) -> Attestation:
    return SecurosysPrimusAdapter().read(files)


def walk(attestation: Attestation, anchors: Sequence[TrustAnchor] = ANCHORS) -> ChainResult:
    return run_to_completion(verify_chain(attestation, anchors, OpenSslBackend(), AT, NOW))


def failed(result: ChainResult) -> set[tuple[str, str]]:
    return {(item.code, item.subject) for item in result.findings if item.outcome is Outcome.FAILED}


def refused(files: Mapping[str, bytes], code: str, error: type[VaultproofError] = Malformed) -> None:
    with pytest.raises(error) as caught:
        read(files)
    assert caught.value.code == code


def value(claim: Claim[Any] | None) -> Any:
    return None if claim is None else claim.value


def with_field(name: str, text: str | None) -> dict[str, bytes]:
    fields = {key: item for key, item in FIELDS.items() if key != name}
    return replace(HSM, fields=fields if text is None else {**fields, name: text}).files()


def with_flag(name: str, text: str | None) -> dict[str, bytes]:
    flags = {key: item for key, item in FLAGS.items() if key != name}
    return replace(HSM, flags=flags if text is None else {**flags, name: text}).files()


def test_a_whole_attestation_holds() -> None:
    result = walk(read(HSM.files()))
    assert result.outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    held = [item.subject for item in result.findings if item.code == "signature-holds"]
    assert held == ["manufacturer/0", "manufacturer/1", "attestation"]


def test_the_claims_know_where_they_were_read() -> None:
    attestation = read(HSM.files())
    claims, xml = attestation.claims, HSM.xml()
    attester, (key,) = claims.attester, claims.keys
    assert (value(attester.hwserial), attester.hwserial_source) == ("18386101", SerialSource.CERTIFICATE_SUBJECT)
    assert value(attester.device_identity) == rsa_makers.fingerprint("device")
    assert (attester.hwmodel, claims.evidence.nonce) == (None, None)
    assert (value(key.spki), value(key.identifier), value(key.purposes)) == (KEY, "vault key", ("sign", "derive"))
    flags = (key.local, key.extractable, key.never_extractable, key.sensitive)
    assert [value(flag) for flag in flags] == [True, False, True, True]
    assert key.extractable is not None
    source = key.extractable.source
    assert xml[source.offset : source.offset + source.length] == b"false"
    assert {flag.grade for flag in flags if flag is not None} == {Grade.ATTESTED}
    assert [claim.type for claim in claims.unknown] == ["create_time", "attributes/always_sensitive"]


def test_m4_the_devices_own_clock_is_only_asserted() -> None:
    attestation = read(HSM.files())
    iat = attestation.claims.evidence.iat
    assert iat is not None
    assert (iat.value, iat.grade) == (datetime(2026, 10, 30, 10, tzinfo=UTC), Grade.ASSERTED)
    assert attestation.signed_at == iat.value
    assert read(with_field("attest_time", None)).claims.evidence.iat is None


def test_m14_nothing_is_said_of_code() -> None:
    assert read(HSM.files()).claims.platform.code_grade is CodeGrade.NOT_ATTESTED


def test_m1_the_makers_development_root_is_not_pinned() -> None:
    developing = replace(HSM, root="development", root_name="SECUROSYS_ROOTKEY_DEV")
    assert ("unrecognised-root", "manufacturer/anchor") in failed(walk(read(developing.files())))
    impostor = replace(HSM, root="development")
    assert ("unrecognised-root", "manufacturer/anchor") in failed(walk(read(impostor.files())))


def test_m7_the_device_is_its_own_key_and_the_attestation_key_has_its_place() -> None:
    """Other keys stand under the device's: what the time stamp key signs is no attestation."""
    stamping = replace(HSM, key_name="timestamp-key")
    assert failed(walk(read(stamping.files()))) == {("attestation-key-name-differs", "manufacturer/0")}
    refused(replace(HSM, serial="unknown").files(), "subject-form", Unsupported)


def test_m18_one_changed_byte_of_the_xml_breaks_its_signature() -> None:
    files = HSM.files()
    changed = files["attestation.xml"].replace(b"<extractable>false", b"<extractable>true")
    assert failed(walk(read({**files, "attestation.xml": changed}))) == {("bad-signature", "attestation")}
    spaced = files["attestation.xml"] + b"\n"
    assert failed(walk(read({**files, "attestation.xml": spaced}))) == {("bad-signature", "attestation")}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"<label>", b"<label>other</label><label>", "xml-duplicate"),
        (b"<sensitive>", b"<extractable>true</extractable><sensitive>", "xml-duplicate"),
        (b"</private_key>", b"<attributes></attributes></private_key>", "xml-duplicate"),
        (b"<private_key", b"<!DOCTYPE private_key><private_key", "xml-syntax"),
        (b"vault key", b"&label;", "xml-syntax"),
        (b"<label>", b"<?x?><label>", "xml-syntax"),
        (b"<label>", b"<!-- a --><label>", "xml-syntax"),
        (b"</private_key>", b"</private_key><private_key></private_key>", "xml-syntax"),
        (b"<sensitive>true", b"<sensitive><a>true</a>", "claim-value"),
    ],
)
def test_m18_xml_that_could_be_read_in_two_ways_is_refused_although_signed(old: bytes, new: bytes, code: str) -> None:
    assert old in HSM.xml()
    refused(HSM.files(HSM.xml().replace(old, new, 1)), code)


@pytest.mark.parametrize("name", ["sensitive", "extractable", "never_extractable", "sign"])
def test_flags_are_true_or_false_and_what_is_absent_stays_absent(name: str) -> None:
    for text in ("TRUE", "1", "", " true", "yes"):
        refused(with_flag(name, text), "claim-value")
    key = read(with_flag(name, None)).claims.keys[0]
    assert (key.purposes if name == "sign" else getattr(key, name)) is None


@pytest.mark.parametrize(("creation", "local"), [(' creation="imported"', False), ("", None)])
def test_only_a_generated_key_is_local(creation: str, local: bool | None) -> None:
    assert value(read(replace(HSM, creation=creation).files()).claims.keys[0].local) is local


@pytest.mark.parametrize("name", ["label", "public_key", "algorithm_oid"])
def test_what_must_be_there_is_there(name: str) -> None:
    refused(with_field(name, None), "missing-claim")
    refused(with_field(name, ""), "claim-value")


def test_values_are_what_they_must_be() -> None:
    refused(with_field("public_key", "AAAA"), "claim-value")
    refused(with_field("public_key", base64.b64encode(KEY + b"\x00").decode()), "claim-value")
    refused(with_field("attest_time", "yesterday"), "bad-time")
    refused(with_field("label", "x" * 201), "claim-value")
    refused(with_field("algorithm_oid", oids.RSA_ENCRYPTION), "key-algorithm-differs", Mismatch)
    refused(HSM.files(HSM.xml().replace(b"private_key", b"secret_key")), "attestation-kind", Unsupported)
    refused(HSM.files(HSM.xml().replace(b"attributes>", b"properties>")), "missing-claim")


def test_the_size_of_an_rsa_key_is_the_stated_one() -> None:
    rsa = {**FIELDS, "algorithm_oid": oids.RSA_ENCRYPTION, "key_size": "2048"}
    rsa["public_key"] = base64.b64encode(rsa_makers.spki("fleet-rsa")).decode()
    assert value(read(replace(HSM, fields=rsa).files()).claims.keys[0].spki) == rsa_makers.spki("fleet-rsa")
    refused(replace(HSM, fields={**rsa, "key_size": "4096"}).files(), "key-size-differs", Mismatch)
    refused(replace(HSM, fields={**rsa, "key_size": "02048"}).files(), "bad-decimal")


def test_files_are_as_they_must_be() -> None:
    files = HSM.files()
    refused({}, "no-evidence", Unavailable)
    refused({**files, "other.xml": b""}, "two-evidence-files")
    refused({key: item for key, item in files.items() if key != "attestation.sig"}, "no-signature-file", Unavailable)
    refused({key: item for key, item in files.items() if key != "chain.pem"}, "no-chain-file", Unavailable)
    refused({**files, "chain.pem": makers.pem(HSM.certificates()[0])}, "chain-length")
    (unread,) = [item for item in read({**files, "notes.txt": b""}).findings if item.code == "unread-file"]
    assert (unread.subject, unread.required) == ("notes.txt", False)


def test_the_root_may_be_left_out_and_certificates_may_be_files_of_their_own() -> None:
    files, (own, device, top) = HSM.files(), HSM.certificates()
    short = {**files, "chain.pem": makers.pem(own, device)}
    assert walk(read(short)).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    single = {"key.xml": files["attestation.xml"], "key.sig": files["attestation.sig"]}
    single |= {"attestation_key.pem": makers.pem(own), "device.pem": makers.pem(device)}
    assert walk(read(single)).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    assert walk(read({**single, "root_primus.pem": makers.pem(top)})).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    refused({key: item for key, item in single.items() if key != "device.pem"}, "no-chain-file", Unavailable)


def test_a_device_does_not_attest_in_place_of_its_attestation_key() -> None:
    files, certificates = HSM.files(), HSM.certificates()
    swapped = {**files, "chain.pem": makers.pem(certificates[0], certificates[2])}
    refused(swapped, "subject-form", Unsupported)
