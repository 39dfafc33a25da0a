"""Messages of a Crypto4A QASM, made by ourselves: each case breaks one rule, and M-numbers are mistakes of verifiers.

No pinned root (M1), a pin by name or certificate (M2), dates (M3), the device's own clock believed (M4), a signature
taken for an appraisal (M6), lenient parsing (M11), bombs (M13), a version taken for a measurement (M14), a signature
stripped or added (M16).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.unit.attestation import qasm, rsa_makers
from tests.unit.attestation.makers import AT, NOW, SIGNING, authority, extension
from tests.unit.attestation.nitro import sign, spki
from tests.unit.attestation.qasm import (
    ATTESTING,
    CLAIMS,
    DEVICE,
    GOOD,
    KEY,
    OTHER,
    ROOT,
    Made,
    anchor,
    block,
    claim,
    key_claims,
    number,
    octets,
    read,
    text,
    with_claims,
    without,
)
from vaultproof.asn1 import oids, writer
from vaultproof.asn1.pem import write_pem
from vaultproof.attestation.adapter import Attestation
from vaultproof.attestation.anchors import TrustAnchor
from vaultproof.attestation.chain import ChainResult, verify_chain
from vaultproof.attestation.claims import Claim, CodeGrade, ExportPath, Grade, SerialSource
from vaultproof.attestation.crypto4a_claims import TECHNOLOGY
from vaultproof.attestation.crypto4a_message import MAX_CLAIMS
from vaultproof.attestation.crypto4a_qasm import DER_FILE, PEM_FILE, PEM_LABEL, Crypto4aQasmAdapter
from vaultproof.attestation.detection import arranged, recognised
from vaultproof.attestation.findings import AsOf, Outcome
from vaultproof.attestation.given import Given
from vaultproof.attestation.registry import adapters
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import Malformed, Mismatch, Unavailable, Unsupported, VaultproofError

ARC = "1.3.6.1.4.1.39901.6"


def walk(
    made: Made | bytes | Attestation, anchors: Sequence[TrustAnchor] = (anchor(),), at: datetime = AT
) -> ChainResult:
    attestation = made if isinstance(made, Attestation) else read(made)
    return run_to_completion(verify_chain(attestation, anchors, OpenSslBackend(), at, NOW))


def found(result: ChainResult, outcome: Outcome) -> set[tuple[str, str]]:
    return {(item.code, item.subject) for item in result.findings if item.outcome is outcome}


def failed(made: Made | bytes, anchors: Sequence[TrustAnchor] = (anchor(),), at: datetime = AT) -> set[tuple[str, str]]:
    return found(walk(made, anchors, at), Outcome.FAILED)


def refused(made: Made | bytes, code: str, error: type[VaultproofError] = Malformed) -> VaultproofError:
    with pytest.raises(error) as caught:
        read(made)
    assert (caught.value.code, caught.value.file) == (code, DER_FILE)
    return caught.value


def value(held: Claim[Any] | None) -> Any:
    return None if held is None else held.value


# --- what holds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [GOOD, replace(GOOD, hashing=None), replace(GOOD, root=None)])
def test_a_whole_message_holds(made: Made) -> None:
    result = walk(made)
    assert result.outcome(AsOf.DEPLOYMENT) is result.outcome(AsOf.NOW) is Outcome.PROVEN
    assert ("signature-holds", "attestation") in found(result, Outcome.PROVEN)
    assert set(result.anchors) == ({"manufacturer"} if made.hashing is None else {"manufacturer", "hash-based"})


def test_a_message_is_the_same_in_pem_and_in_der() -> None:
    armoured = Crypto4aQasmAdapter().read(GOOD.files())
    assert walk(armoured).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    serial, plain = armoured.claims.attester.hwserial, read(GOOD).claims.attester.hwserial
    assert serial is not None
    assert plain is not None
    assert serial == replace(plain, source=replace(plain.source, file=PEM_FILE, block=0))


def test_the_claims_know_where_they_were_read_and_how_good_they_are() -> None:
    made = GOOD.encode()
    attestation = read(made)
    attester, (key,) = attestation.claims.attester, attestation.claims.keys
    assert (value(attester.hwserial), attester.hwserial_source) == ("QSM000129", SerialSource.EVIDENCE_CLAIM)
    assert value(attester.instance_id) == "00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert (value(attester.vendor), attester.hwmodel) == ("Crypto4A", None)
    assert value(attester.device_identity) == attestation.chains[0].links[0].key.sha256
    assert value(key.identifier) == "10111213-1415-1617-1819-1a1b1c1d1e1f"
    assert (value(key.spki), value(key.exportable_path)) == (spki("fleet-a"), ExportPath.NONE)
    assert [value(item) for item in (key.local, key.extractable, key.never_extractable)] == [True, False, True]
    assert (key.sensitive, key.role, key.expiry) == (None, None, None)
    grades = {
        Grade.ATTESTED: (attester.hwserial, attester.instance_id, attester.device_identity, key.spki, key.identifier),
        Grade.IMPLIED: (attester.vendor, key.local, key.extractable, key.never_extractable, key.exportable_path),
    }
    for grade, claims in grades.items():
        assert {item.grade for item in claims if item is not None} == {grade}
    for item, expected in ((attester.hwserial, text("QSM000129")), (key.extractable, claim("2.7", KEY))):
        assert item is not None
        source = item.source
        assert made[source.offset : source.offset + source.length] == expected


def test_m4_the_devices_own_clock_is_only_asserted() -> None:
    attestation = read(GOOD)
    iat = attestation.claims.evidence.iat
    assert iat is not None
    assert (iat.value, iat.grade, attestation.signed_at) == (qasm.SIGNED_AT, Grade.ASSERTED, qasm.SIGNED_AT)
    assert (read(without("1.2")).claims.evidence.iat, read(without("1.2")).signed_at) == (None, None)


def test_m14_a_firmware_version_is_no_measurement() -> None:
    platform = read(GOOD).claims.platform
    assert (value(platform.swversion), platform.code_grade) == ("4.0.2.493", CodeGrade.VERSION_ASSERTED)
    assert read(without("1.3")).claims.platform.code_grade is CodeGrade.NOT_ATTESTED


def test_what_has_no_place_among_the_claims_is_kept_and_shown() -> None:
    made = with_claims(claim("1.5"), claim("2.2", OTHER, octets(b"x")), claim("2.7", OTHER))
    assert [(item.place, item.type) for item in read(made).claims.unknown] == [
        ("keys/0", f"{ARC}.2.6"), ("keys/0", f"{ARC}.2.8"), ("keys/0", f"{ARC}.2.13"), ("keys/0", f"{ARC}.2.14"),
        ("platform", f"{ARC}.1.5"),
        *((("20212223-2425-2627-2829-2a2b2c2d2e2f", f"{ARC}.{suffix}")) for suffix in ("2.2", "2.7")),
    ]  # fmt: skip


def test_every_claim_of_the_maker_has_its_name() -> None:
    names = Crypto4aQasmAdapter().oid_names
    assert {names[f"{ARC}.{suffix}"] for suffix in CLAIMS} >= {"qasm-serial", "key-is-confined", "object-keystore"}


# --- what is not said is not known ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [
        ("2.7", (None, None, None, None)),
        ("2.9", (True, False, None, ExportPath.NONE)),
        ("2.4", (None, None, None, None)),
        ("2.8", (True, False, True, ExportPath.NONE)),
    ],
)
def test_what_is_not_stated_of_a_key_stays_absent(left_out: str, expected: tuple[Any, ...]) -> None:
    (key,) = read(without(left_out)).claims.keys
    claims = (key.local, key.extractable, key.never_extractable, key.exportable_path)
    assert tuple(map(value, claims)) == expected


def test_m6_capabilities_that_the_operator_chose_to_have_stated_are_not_all_purposes() -> None:
    assert read(GOOD).claims.keys[0].purposes is None


def test_an_archived_key_has_a_way_out_whatever_else_is_said() -> None:
    (key,) = read(with_claims(claim("2.16", KEY, octets(OTHER)))).claims.keys
    assert (value(key.exportable_path), key.local, key.extractable, key.never_extractable) == (
        ExportPath.ARCHIVE, None, None, None,
    )  # fmt: skip
    (other,) = read(with_claims(claim("2.16", OTHER))).claims.keys
    assert value(other.exportable_path) is ExportPath.NONE


@pytest.mark.parametrize(
    ("left_out", "code", "subject"),
    [
        ("1.4", "production-device-not-stated", "qasm-certified-production"),
        ("2.0", "own-attestation-keys-not-stated", "attestation-keys-are-unique"),
        ("2.4", "private-key-not-stated", "keys/0"),
    ],
)
def test_what_should_be_asked_for_and_was_not_is_no_match(left_out: str, code: str, subject: str) -> None:
    result = walk(without(left_out))
    assert found(result, Outcome.NOT_EVALUATED) == {(code, subject)}
    assert result.outcome(AsOf.DEPLOYMENT) is Outcome.NOT_EVALUATED


def test_a_message_without_a_key_has_no_keys() -> None:
    assert read(replace(GOOD, claims=list(qasm.OF_DEVICE.values()))).claims.keys == ()
    assert read(without("2.1")).claims.keys == ()
    attester = read(without("1.0", "1.1")).claims.attester
    assert (attester.hwserial, attester.hwserial_source, attester.instance_id) == (None, None, None)


def test_two_keys_are_two_and_what_is_said_of_one_is_not_said_of_the_other() -> None:
    second = key_claims(OTHER, spki("fleet-b"))
    first, other = read(with_claims(*(second[suffix] for suffix in ("2.1", "2.4")))).claims.keys
    assert (value(first.extractable), other.extractable, value(other.spki)) == (False, None, spki("fleet-b"))
    refused(with_claims(*key_claims(OTHER).values()), "same-key-twice")


# --- chains -----------------------------------------------------------------------------------------------------------


def test_m1_another_root_of_the_same_name_is_not_pinned() -> None:
    impostor = replace(GOOD, root=replace(ROOT, label="impostor"))
    expected = {("unrecognised-root", "manufacturer/anchor"), ("unrecognised-root", "hash-based/anchor")}
    assert failed(impostor) == expected
    assert failed(replace(impostor, root=None), (anchor("impostor"),)) == expected
    assert found(walk(GOOD, ()), Outcome.COULD_NOT_CHECK) == {
        ("no-anchor", "manufacturer/anchor"), ("no-anchor", "hash-based/anchor"),
    }  # fmt: skip


def test_m2_the_same_root_issued_anew_is_the_same() -> None:
    anew = replace(ROOT, serial=2, until=datetime.fromisoformat("2027-01-01T00:00:00+00:00"))
    assert walk(replace(GOOD, root=anew)).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN


SIGNING_ONLY, PURPOSE_ONLY = ATTESTING[:1], ATTESTING[1:]
OTHER_PURPOSE = extension(oids.EXTENDED_KEY_USAGE, writer.sequence(writer.oid(f"{ARC}.9")))
CRITICAL = extension("1.2.3.4", b"\x05\x00", critical=True)


@pytest.mark.parametrize(
    ("extensions", "code"),
    [
        (SIGNING_ONLY, "wrong-role"),
        (PURPOSE_ONLY, "wrong-role"),
        ((*SIGNING_ONLY, OTHER_PURPOSE), "wrong-role"),
        ((*authority(usage=None), *ATTESTING), "wrong-role"),
        ((*ATTESTING, CRITICAL), "unknown-critical-extension"),
    ],
)
def test_an_attestation_key_is_one_and_nothing_else(extensions: tuple[bytes, ...], code: str) -> None:
    wrong = replace(GOOD.asserting, extensions=extensions)
    assert failed(replace(GOOD, asserting=wrong)) == {(code, "manufacturer/0")}
    assert GOOD.hashing is not None
    assert failed(replace(GOOD, hashing=replace(GOOD.hashing, extensions=extensions))) == {(code, "hash-based/0")}


@pytest.mark.parametrize(
    "extensions",
    [(extension(oids.KEY_USAGE, SIGNING, critical=True),), authority(usage=SIGNING), (*authority(), CRITICAL)],
)
def test_authorities_are_authorities(extensions: tuple[bytes, ...]) -> None:
    subjects = {subject for _, subject in failed(replace(GOOD, factory=replace(GOOD.factory, extensions=extensions)))}
    assert subjects == {"manufacturer/1", "hash-based/1"}
    subjects = {subject for _, subject in failed(replace(GOOD, root=replace(ROOT, extensions=extensions)))}
    assert subjects == {"manufacturer/2", "hash-based/2"}


def test_names_signatures_and_dates_of_the_chain() -> None:
    stranger = replace(GOOD.asserting, issuer="somebody")
    assert failed(replace(GOOD, asserting=stranger)) == {("name-mismatch", "manufacturer/0")}
    other = replace(GOOD, factory=replace(GOOD.factory, label="other")).authorities()
    assert failed(replace(GOOD, related=other)) == {
        ("bad-signature", "manufacturer/0"),
        ("bad-signature", "hash-based/0"),
    }
    expired = replace(GOOD.asserting, until=datetime.fromisoformat("2026-10-31T00:00:00+00:00"))
    assert failed(replace(GOOD, asserting=expired)) == {
        ("expired-at-deployment", "manufacturer/0"), ("expired-now", "manufacturer/0"),
    }  # fmt: skip
    early = datetime.fromisoformat("2021-01-01T00:00:00+00:00")
    assert {code for code, _ in failed(GOOD, at=early)} == {"not-yet-valid-at-deployment"}


def test_the_order_of_authorities_is_fixed() -> None:
    assert ("bad-signature", "manufacturer/0") in failed(replace(GOOD, related=GOOD.authorities()[::-1]))
    refused(replace(GOOD, related=(*GOOD.authorities(), GOOD.certificate(GOOD.asserting))), "chain-length")
    error = refused(replace(GOOD, related=()), "chain-incomplete", Unavailable)
    assert error.hint is not None


def test_certificates_that_stand_again_are_noted_and_counted() -> None:
    once = replace(GOOD, related=GOOD.authorities())
    assert [item.code for item in read(once).findings if item.code == "certificate-repeated"] == []
    assert [item.subject for item in read(GOOD).findings if item.code == "certificate-repeated"] == [
        "CN=C4A_SCA_MFG4", "CN=C4A_RCA",
    ]  # fmt: skip
    refused(replace(GOOD, related=GOOD.authorities() * 3), "same-certificate-twice")
    refused(replace(GOOD, hashing=None, related=GOOD.authorities() * 2), "same-certificate-twice")


# --- signatures -------------------------------------------------------------------------------------------------------


def test_claims_changed_after_signing_do_not_hold() -> None:
    assert failed(GOOD.encode(without("2.4").signed())) == {("bad-signature", "attestation")}
    assert failed(replace(GOOD, signer="somebody")) == {("bad-signature", "attestation")}


def test_m16_the_hash_based_signature_is_shown_as_not_checked_and_decides_nothing() -> None:
    """It can be taken away or added by anyone, so it must not make an outcome better, nor claims others."""
    noted = [item for item in read(GOOD).findings if item.code == "signature-not-checked"]
    assert [(item.outcome, item.required, item.subject, item.found) for item in noted] == [
        (Outcome.NOTED, False, "attestation", "CN=C4A000129 Assertion Authority HSS")
    ]
    alone = read(replace(GOOD, hashing=None))
    assert [item for item in alone.findings if item.code == "signature-not-checked"] == []
    assert len(alone.chains) == 1
    assert alone.claims.keys[0].spki_sha256 == read(GOOD).claims.keys[0].spki_sha256


def algorithms(*named: str | bytes) -> tuple[bytes, ...]:
    made = sign("aa", GOOD.signed())
    certificate = GOOD.certificate(GOOD.asserting)
    given = (item if isinstance(item, bytes) else writer.sequence(writer.oid(item)) for item in named)
    return tuple(block(certificate, made, item) for item in given)


def test_the_signatures_are_those_that_the_maker_makes() -> None:
    (hashed,) = GOOD.hash_based()
    for blocks in (
        (hashed,), (hashed, hashed), algorithms(qasm.ECDSA, qasm.ECDSA), algorithms(oids.ECDSA_WITH_SHA256),
        algorithms(qasm.ECDSA, oids.ED25519),
    ):  # fmt: skip
        refused(replace(GOOD, blocks=blocks), "signature-algorithm", Unsupported)
    refused(replace(GOOD, blocks=algorithms(qasm.ECDSA, qasm.HASH_BASED)), "signature-key")
    swapped = replace(GOOD.asserting, public=qasm.HSS_KEY)
    assert failed(replace(GOOD, asserting=swapped)) == {("signature-key", "attestation")}
    reordered = replace(GOOD, blocks=(hashed, GOOD.signature()))
    assert walk(reordered).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN


def test_there_are_one_or_two_signatures() -> None:
    refused(replace(GOOD, blocks=(), related=GOOD.authorities()), "signature-count")
    refused(replace(GOOD, blocks=(GOOD.signature(), *GOOD.hash_based() * 2)), "signature-count")


def test_a_signer_is_named_by_its_certificate() -> None:
    certificate, made = GOOD.certificate(GOOD.asserting), sign("aa", GOOD.signed())
    key_id, holder = writer.explicit(0, writer.octet_string(OTHER)), writer.explicit(2, certificate)

    def named(signer: bytes) -> Made:
        return replace(GOOD, blocks=(block(certificate, made, signer=signer),))

    assert walk(named(holder)).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    refused(named(key_id), "signer-unresolved", Unavailable)
    refused(named(b""), "signer-unresolved", Unavailable)
    refused(named(key_id + writer.explicit(1, spki("aa")) + holder), "signer-form", Unsupported)
    refused(named(holder + holder), "signer-form", Unsupported)
    refused(named(holder + key_id), "der-unexpected")
    refused(named(writer.explicit(0, writer.octet_string(b"short")) + holder), "claim-value")
    refused(replace(GOOD, blocks=(block(certificate, made, rest=writer.null()),)), "der-unexpected")
    bits = writer.sequence(writer.sequence(holder), qasm.ECDSA, writer.bit_string(b"\x80", 7))
    refused(replace(GOOD, blocks=(bits,)), "signature-bits")


# --- structure --------------------------------------------------------------------------------------------------------


def test_m11_a_message_is_read_whole_or_not_at_all() -> None:
    refused(GOOD.encode() + b"\x00", "der-trailing-bytes")
    refused(replace(GOOD, rest=writer.null()), "der-unexpected")
    refused(replace(GOOD, versions=(2, 1)), "evidence-version", Unsupported)
    refused(replace(GOOD, versions=(1, 2)), "evidence-version", Unsupported)
    signed = writer.sequence(writer.integer(1), writer.sequence(*GOOD.claims), writer.null())
    refused(GOOD.encode(signed), "der-unexpected")
    refused(GOOD.encode(writer.sequence(writer.integer(1))), "der-missing")
    extra = writer.sequence(writer.oid(f"{ARC}.2.8"), writer.explicit(2, number(1)))
    refused(with_claims(extra), "der-unexpected")
    refused(b"", "der-truncated")


def test_m13_sizes_and_counts_are_capped() -> None:
    refused(replace(GOOD, claims=()), "claim-count")
    many = [claim(f"7.{index}") for index in range(MAX_CLAIMS + 1)]
    refused(replace(GOOD, claims=many), "claim-count")
    assert len(read(replace(GOOD, claims=many[1:])).claims.unknown) == MAX_CLAIMS
    refused(with_claims(claim("7.1", None, octets(bytes(64 * 1024)))), "der-size")
    refused(b"\x30\x80" * 40 + b"\x00\x00" * 40, "der-length")
    with pytest.raises(VaultproofError) as caught:
        Crypto4aQasmAdapter().read({PEM_FILE: b"-----BEGIN ATTESTATION MESSAGE-----\n" + b"A" * 300_000})
    assert caught.value.code == "pem-size"


@pytest.mark.parametrize("suffix", CLAIMS)
def test_what_is_said_twice_is_refused(suffix: str) -> None:
    refused(with_claims(CLAIMS[suffix]), "repeated-claim")


@pytest.mark.parametrize(
    "again",
    [
        claim("1.1", None, text("QSM000130")),
        claim("1.0", None, octets(OTHER)),
        claim("2.1", KEY, octets(spki("fleet-b"))),
        claim("2.4", KEY, number(3)),
        claim("2.7", KEY, number(0)),
    ],
)
def test_what_is_said_in_two_ways_is_refused(again: bytes) -> None:
    refused(with_claims(again), "repeated-claim")


@pytest.mark.parametrize("suffix", ["1.0", "1.1", "1.2", "1.3", "1.4", "2.0"])
def test_claims_about_the_device_are_about_no_object(suffix: str) -> None:
    refused(with_claims(claim(suffix, KEY), left_out=[suffix]), "misplaced-claim")
    refused(with_claims(claim(suffix, OTHER), left_out=[suffix]), "misplaced-claim")


@pytest.mark.parametrize("suffix", ["2.1", "2.4", "2.5", "2.7", "2.9"])
def test_claims_about_an_object_name_it(suffix: str) -> None:
    refused(with_claims(claim(suffix), left_out=[suffix]), "misplaced-claim")


COMPLEMENTS = {
    "octets": octets(bytes(16)), "text": text("x"), "time": qasm.time(qasm.SIGNED_AT), "number": number(4),
    "nothing": None,
}  # fmt: skip
KINDS = {
    "1.0": "octets", "1.1": "text", "1.2": "time", "1.3": "text", "1.4": "nothing", "2.0": "nothing", "2.1": "octets",
    "2.4": "number", "2.5": "number", "2.7": "nothing", "2.9": "nothing",
}  # fmt: skip


@pytest.mark.parametrize(
    ("suffix", "kind"), [(suffix, kind) for suffix, right in KINDS.items() for kind in COMPLEMENTS if kind != right]
)
def test_every_claim_has_the_kind_of_value_that_it_must_have(suffix: str, kind: str) -> None:
    about = KEY if suffix in key_claims() else None
    refused(with_claims(claim(suffix, about, COMPLEMENTS[kind]), left_out=[suffix]), "claim-value")


@pytest.mark.parametrize(
    ("suffix", "complement"),
    [
        ("1.0", octets(DEVICE[1:])),
        ("1.1", text("")),
        ("1.1", text("x" * 257)),
        ("1.1", text("QSM\u202e000129")),
        ("1.3", text("4.0\n")),
        ("2.1", octets(b"")),
        ("2.1", octets(b"no key")),
        ("2.1", octets(spki("fleet-a") + b"\x00")),
    ],
)
def test_values_are_what_they_must_be(suffix: str, complement: bytes) -> None:
    about = KEY if suffix.startswith("2") else None
    refused(with_claims(claim(suffix, about, complement), left_out=[suffix]), "claim-value")


def test_values_are_der() -> None:
    refused(with_claims(claim("1.1", None, writer.implicit(1, b"\xff")), left_out=["1.1"]), "der-text")
    refused(with_claims(claim("1.2", None, writer.implicit(2, b"20261031")), left_out=["1.2"]), "der-time")
    refused(with_claims(claim("2.4", KEY, writer.implicit(3, b"\x00\x04")), left_out=["2.4"]), "der-integer")
    refused(with_claims(claim("2.8", KEY[1:])), "claim-value")
    two = writer.sequence(writer.oid(f"{ARC}.2.8"), writer.explicit(0, writer.implicit(0, KEY) * 2))
    refused(with_claims(two), "der-unexpected")


def test_a_subject_as_the_specification_writes_it_is_refused_until_a_device_does() -> None:
    """It has one more level in the specification than in what the device made; only the latter is read."""
    held = writer.explicit(0, writer.sequence(writer.implicit(0, KEY)))
    refused(with_claims(writer.sequence(writer.oid(f"{ARC}.2.8"), held)), "der-unexpected")


@pytest.mark.parametrize("suffix", ["2.4", "2.5"])
def test_m13_a_number_is_not_a_bomb(suffix: str) -> None:
    """Python refuses to write a number of thousands of digits."""
    for large in (2**63, -(2**63) - 1, 2**40_000):
        refused(with_claims(claim(suffix, KEY, number(large)), left_out=[suffix]), "claim-value")


def test_a_key_is_what_is_said_of_it() -> None:
    for number_ in (3, 5, 0, -4, 2**31):
        made = with_claims(claim("2.4", KEY, number(number_)), left_out=["2.4"])
        refused(made, "object-class", Unsupported)
    rsa = key_claims(KEY, rsa_makers.spki("fleet-rsa"))
    made = replace(GOOD, claims=[*qasm.OF_DEVICE.values(), *rsa.values()])
    refused(made, "key-algorithm-differs", Mismatch)
    other = {**rsa, "2.5": claim("2.5", KEY, number(1))}
    (key,) = read(replace(made, claims=[*qasm.OF_DEVICE.values(), *other.values()])).claims.keys
    assert value(key.spki) == rsa_makers.spki("fleet-rsa")


# --- files and damage -------------------------------------------------------------------------------------------------


def test_files_are_as_they_must_be() -> None:
    adapter, files = Crypto4aQasmAdapter(), GOOD.files()
    for wrong, code, error in (
        ({}, "no-evidence", Unavailable),
        ({"message.pem": files[PEM_FILE]}, "no-evidence", Unavailable),
        ({**files, DER_FILE: GOOD.encode()}, "two-evidence-files", Malformed),
        ({PEM_FILE: GOOD.encode()}, "pem-text", Malformed),
        ({PEM_FILE: files[PEM_FILE] * 2}, "pem-count", Malformed),
        ({PEM_FILE: write_pem("CERTIFICATE", GOOD.encode())}, "pem-label", Malformed),
        ({DER_FILE: files[PEM_FILE]}, "der-trailing-bytes", Malformed),
    ):
        with pytest.raises(error) as caught:
            adapter.read(wrong)
        assert caught.value.code == code
    (unread,) = [item for item in adapter.read({**files, "notes.txt": b""}).findings if item.code == "unread-file"]
    assert (unread.subject, unread.required) == ("notes.txt", False)
    assert PEM_LABEL.encode() in files[PEM_FILE]


@pytest.mark.parametrize(("data", "read_as"), [(GOOD.files()[PEM_FILE], PEM_FILE), (GOOD.encode(), DER_FILE)])
def test_a_message_is_told_from_its_bytes_under_any_name(data: bytes, read_as: str) -> None:
    given = (Given(name="saved/message.txt", data=data), Given(name="notes.txt", data=b"hello"))
    assert recognised(given, adapters()) == (TECHNOLOGY,)
    assert arranged(TECHNOLOGY, given).files == {read_as: data, "notes.txt": b"hello"}
    damaged = (Given(name="saved/message.txt", data=data[:-40]),)
    assert recognised(damaged, adapters()) == (TECHNOLOGY,), "so that what is wrong with it can be told"


def test_a_message_cut_anywhere_is_refused() -> None:
    made = GOOD.encode()
    for length in range(len(made)):
        with pytest.raises(VaultproofError):
            read(made[:length])


def signed_by_its_signer(attestation: Attestation) -> bool:
    (statement,) = attestation.statements
    check = statement.signed.check_by(attestation.chains[0].links[0].key, minimum_rsa_bits=3072)
    try:
        run_to_completion(OpenSslBackend().verify(check))
    except Mismatch:
        return False
    return True


def test_a_changed_byte_of_what_is_signed_never_holds() -> None:
    assert signed_by_its_signer(read(GOOD))
    made, signed = GOOD.encode(), GOOD.signed()
    start = made.index(signed)
    for offset in range(start, start + len(signed)):
        changed = bytearray(made)
        changed[offset] ^= 1 << (offset % 8)
        try:
            attestation = read(bytes(changed))
        except VaultproofError:
            continue
        assert not signed_by_its_signer(attestation), f"byte {offset}"
