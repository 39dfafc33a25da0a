"""Marvell attestations from envelope to verdict, and the mistakes that this maker's files invite (by their numbers)."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from tests.unit.attestation import makers, rsa_makers
from tests.unit.attestation.marvell import (
    ANCHORS,
    MAKER,
    NO,
    OWNER,
    YES,
    Card,
    key_object,
    other_anchors,
    root,
    unsigned_blob,
)
from tests.unit.attestation.references import values
from tests.unit.attestation.rsa_makers import certificate, common
from vaultproof.asn1 import oids, writer
from vaultproof.attestation.adapter import Attestation, Role
from vaultproof.attestation.anchors import TrustAnchor
from vaultproof.attestation.chain import ChainResult, verify_chain
from vaultproof.attestation.claims import Claim, CodeGrade, Grade, SerialSource
from vaultproof.attestation.findings import AsOf, Outcome
from vaultproof.attestation.fleet import AnnouncedMember, Fleet, FleetRecord, appraise_fleet
from vaultproof.attestation.marvell_blob import MAX_BLOB_BYTES
from vaultproof.attestation.marvell_claims import (
    CLASS,
    EKCV,
    EXPONENT,
    EXTRACTABLE,
    ID,
    KEY_TYPE,
    LOCAL,
    NEVER_EXTRACTABLE,
    PUBLIC_VALUE,
    SENSITIVE,
)
from vaultproof.attestation.marvell_liquidsecurity import MarvellLiquidSecurityAdapter
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import Malformed, Mismatch, Unavailable, Unsupported, VaultproofError

AT = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
CARD = Card()


def read(files: Mapping[str, bytes]) -> Attestation:
    return MarvellLiquidSecurityAdapter().read(files)


def walk(attestation: Attestation, anchors: Sequence[TrustAnchor] = ANCHORS) -> ChainResult:
    return run_to_completion(verify_chain(attestation, anchors, OpenSslBackend(), AT, NOW))


def failed(result: ChainResult) -> set[tuple[str, str]]:
    return {(item.code, item.subject) for item in result.findings if item.outcome is Outcome.FAILED}


def refused(files: Mapping[str, bytes], code: str, error: type[VaultproofError] = Malformed) -> VaultproofError:
    with pytest.raises(error) as caught:
        read(files)
    assert caught.value.code == code
    return caught.value


def value(claim: Claim[Any] | None) -> Any:
    return None if claim is None else claim.value


def with_both(**changes: bytes) -> Card:
    """A card whose two objects have other common attributes, given by the names of their numbers."""
    numbers = {globals()[name]: octets for name, octets in changes.items()}
    return replace(CARD, public={**CARD.public, **numbers}, private={**CARD.private, **numbers})


def with_certificates(*certificates: bytes, card: Card = CARD) -> dict[str, bytes]:
    return {**card.files(), "chain.pem": makers.pem(*certificates)}


def test_a_whole_attestation_holds_in_three_chains() -> None:
    attestation = read(CARD.files())
    result = walk(attestation)
    assert result.outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    assert {name: anchor.id for name, anchor in result.anchors.items()} == {
        "manufacturer": "maker-anchor", "owner": "owner-anchor", "owner-card": "owner-anchor",
    }  # fmt: skip
    assert [[link.role for link in chain.links] for chain in attestation.chains] == [
        [Role.ATTESTATION_KEY, Role.DEVICE], [Role.ATTESTATION_KEY], [Role.DEVICE],
    ]  # fmt: skip
    held = [item.subject for item in result.findings if item.code == "signature-holds"]
    assert held == ["manufacturer/0", "attestation/manufacturer", "attestation/owner"]


def test_the_claims_know_where_they_were_read() -> None:
    files = CARD.files()
    claims = read(files).claims
    attester, (key,) = claims.attester, claims.keys
    assert (value(attester.hwserial), attester.hwserial_source) == (CARD.device, SerialSource.CERTIFICATE_SUBJECT)
    assert value(attester.instance_id) == "partition 1"
    assert value(attester.device_identity) == rsa_makers.fingerprint("card")
    assert (attester.hwmodel, attester.vendor, claims.evidence.nonce, claims.evidence.iat) == (None,) * 4
    assert value(key.spki) == makers.spki("fleet-a")
    assert value(key.identifier) == "a" * 64 + "b" * 64
    flags = (key.local, key.extractable, key.never_extractable, key.sensitive)
    assert [value(flag) for flag in flags] == [True, False, True, True]
    assert value(key.purposes) == ("decrypt", "sign")
    assert (key.role, key.expiry, key.exportable_path) == (None, None, None)
    blob = gzip.decompress(files["attestation.dat.gz"])
    for flag, octet in zip(flags, (YES, NO, YES, YES), strict=True):
        assert flag is not None
        assert (flag.grade, flag.source.file, flag.source.block) == (Grade.ATTESTED, "attestation.dat.gz", 0)
        assert blob[flag.source.offset : flag.source.offset + flag.source.length] == octet


def test_plain_and_packed_files_give_the_same_claims() -> None:
    files = CARD.files()
    plain = {"attestation.dat": CARD.blob(), "chain.pem": files["chain.pem"]}
    one, other = read(files).claims, read(plain).claims
    assert one.evidence == other.evidence
    assert value(one.keys[0].spki) == value(other.keys[0].spki)
    assert other.keys[0].local is not None
    assert (other.keys[0].local.source.file, other.keys[0].local.source.block) == ("attestation.dat", None)


def test_certificates_are_put_into_order_by_what_they_are() -> None:
    for certificates in (CARD.certificates()[::-1], CARD.certificates()[2:] + CARD.certificates()[:2]):
        assert walk(read(with_certificates(*certificates))).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN


def test_roots_may_be_included_and_are_pinned_by_their_keys() -> None:
    files = with_certificates(*CARD.certificates(), root("maker", MAKER), root("owner", OWNER))
    result = walk(read(files))
    assert result.outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    assert [item.code for item in result.findings if item.subject.endswith("/anchor")] == ["pinned-root"] * 3
    noted = {item.code for item in result.findings if item.outcome is Outcome.NOTED}
    assert noted == {"x509-v1", "serial-zero", "dates-not-judged"}, "oddities are shown and fail nothing"


# --- mistakes, by their numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("card", "subjects", "own"),
    [
        (replace(CARD, owner="mallory"), {"owner/anchor", "owner-card/anchor"}, ("mallory", OWNER)),
        (replace(CARD, maker="mallory"), {"manufacturer/anchor"}, ("mallory", MAKER)),
    ],
)
def test_m1_a_self_signed_root_in_the_bundle_is_no_root(card: Card, subjects: set[str], own: tuple[str, bytes]) -> None:
    files = with_certificates(*card.certificates(), root(*own), card=card)
    assert {item for item in failed(walk(read(files))) if item[0] == "unrecognised-root"} == {
        ("unrecognised-root", subject) for subject in subjects
    }


def test_m1_one_chain_does_not_stand_for_the_other() -> None:
    attestation = read(CARD.files())
    only_maker = walk(attestation, ANCHORS[:1])
    missing = {item.subject for item in only_maker.findings if item.code == "no-anchor"}
    assert missing == {"owner/anchor", "owner-card/anchor"}
    assert only_maker.outcome(AsOf.DEPLOYMENT) is not Outcome.PROVEN
    swapped = tuple(replace(item, purpose=other.purpose) for item, other in zip(ANCHORS, ANCHORS[::-1], strict=True))
    assert ("unrecognised-root", "manufacturer/anchor") in failed(walk(attestation, swapped))


def test_m2_a_root_issued_anew_with_the_same_key_is_the_same_root() -> None:
    anew = certificate("maker", MAKER, MAKER, "maker", serial=5, version=1)
    assert walk(read(with_certificates(*CARD.certificates(), anew))).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN


def test_m2_a_root_of_the_same_name_with_another_key_is_not() -> None:
    card = replace(CARD, maker="mallory")
    assert walk(read(card.files())).outcome(AsOf.DEPLOYMENT) is Outcome.FAILED
    assert failed(walk(read(CARD.files()), other_anchors(maker="mallory"))) != set()


def test_m7_devices_are_told_apart_by_the_cards_key_not_by_certificate_serials() -> None:
    one, other = (read(replace(CARD, card=label, owner_card=label).files()) for label in ("card", "card-b"))
    serials = [[link.certificate.serial for link in item.chains[0].links if link.certificate] for item in (one, other)]
    assert serials == [[1, 1], [1, 1]]
    assert value(one.claims.attester.device_identity) != value(other.claims.attester.device_identity)


def test_m8_two_partitions_of_one_card_are_one_device() -> None:
    cards = (CARD, replace(CARD, partition="partition-b", owner_partition="partition-b", number=2))
    records = tuple(
        FleetRecord(member=f"hsm-{index}", claims=read(card.files()).claims, code_allowed=True)
        for index, card in enumerate(cards)
    )
    members = tuple(AnnouncedMember(name=record.member) for record in records)
    fleet = Fleet(members=members, records=records, published=(), threshold=2)
    codes = {item.code for item in appraise_fleet(fleet, values().fleet).findings if item.outcome is Outcome.FAILED}
    assert {"device-shared", "serial-shared"} <= codes


def test_m12_an_exponent_of_three_is_refused_below_the_pin() -> None:
    card = replace(CARD, partition="e3-partition", owner_partition="e3-partition")
    assert failed(walk(read(card.files()))) == {
        ("key-exponent", "attestation/manufacturer"), ("key-exponent", "attestation/owner"),
    }  # fmt: skip


def test_m12_a_signature_of_which_only_the_tail_is_right_is_refused() -> None:
    message = CARD.unsigned()
    signature = bytearray(rsa_makers.sign("partition", message))
    signature[0] ^= 1
    assert ("bad-signature", "attestation/manufacturer") in failed(walk(read(CARD.files(message + bytes(signature)))))


def test_m14_nothing_is_said_of_code() -> None:
    platform = read(CARD.files()).claims.platform
    assert (platform.code_grade, platform.swversion, platform.measurements) == (CodeGrade.NOT_ATTESTED, None, None)


def test_m17_numbers_are_big_endian() -> None:
    card = with_both(CLASS=b"")
    card = replace(
        card, public={**card.public, CLASS: b"\x00\x00\x00\x02"}, private={**card.private, CLASS: b"\x00\x00\x00\x03"}
    )
    assert value(read(card.files()).claims.keys[0].local) is True
    little = replace(card, private={**card.private, CLASS: b"\x03\x00\x00\x00"})
    refused(little.files(), "object-class", Unsupported)


# --- one key, two words for it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"owner_partition": "stranger"}, {("partition-key-differs", "owner"), ("bad-signature", "attestation/owner")}),
        ({"owner_card": "stranger"}, {("card-key-differs", "owner-card")}),
    ],
)
def test_maker_and_owner_must_certify_the_same_keys(change: dict[str, str], expected: set[tuple[str, str]]) -> None:
    card = replace(CARD, **change)  # type: ignore[arg-type] # names of keys
    found = failed(walk(read(card.files())))
    # Keys are made anew for each run: a signature may not even be below a stranger's modulus.
    assert {("bad-signature" if code == "signature-range" else code, subject) for code, subject in found} == expected


def test_names_of_device_and_partition_must_agree() -> None:
    other = replace(CARD, device="5.3G0000-OTHER")
    mixed = (*CARD.certificates()[:2], *other.certificates()[2:])
    assert failed(walk(read(with_certificates(*mixed)))) == {
        ("device-name-differs", "owner"), ("device-name-differs", "owner-card"),
    }  # fmt: skip
    partition = certificate("partition", other.names[1], CARD.names[0], "card")
    assert ("serial-differs", "manufacturer") in failed(
        walk(read(with_certificates(partition, *CARD.certificates()[1:])))
    )


def test_a_card_does_not_issue_what_a_partition_signs() -> None:
    """Somebody with a partition makes a partition of his own beneath it: its issuer is no card."""
    mine = certificate("mine", common("HSM:X:PARTN:2, for FIPS mode"), CARD.names[1], "partition")
    error = refused(with_certificates(*CARD.certificates(), mine), "ambiguous-chain")
    assert error.file == "chain.pem"


@pytest.mark.parametrize("left_out", range(4))
def test_every_certificate_is_needed(left_out: int) -> None:
    kept = [item for index, item in enumerate(CARD.certificates()) if index != left_out]
    refused(with_certificates(*kept), "chain-incomplete", Unavailable)


def test_certificates_without_a_place_are_refused() -> None:
    extra = root("stranger", common("Stranger"))
    refused(with_certificates(*CARD.certificates(), extra), "ambiguous-chain")
    refused(with_certificates(*CARD.certificates(), CARD.certificates()[0]), "same-certificate-twice")
    twice = (root("maker", MAKER), certificate("maker", MAKER, MAKER, "maker", serial=9))
    refused(with_certificates(*CARD.certificates(), *twice), "ambiguous-chain")
    odd = certificate("x", common("Not an HSM"), MAKER, "maker")
    refused(with_certificates(*CARD.certificates(), odd), "subject-form", Unsupported)


# --- one key, two halves ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [KEY_TYPE, ID, PUBLIC_VALUE, EKCV])
def test_the_halves_are_of_one_key(number: int) -> None:
    other = replace(CARD, private={**CARD.private, number: b"\x04" + bytes(64)})
    refused(other.files(), "pair-differs", Mismatch)
    without = replace(CARD, public={key: item for key, item in CARD.public.items() if key != number})
    refused(without.files(), "pair-differs", Mismatch)


def test_a_pair_has_one_half_of_each_class() -> None:
    refused(replace(CARD, private={**CARD.private, CLASS: b"\x02"}).files(), "pair-differs", Mismatch)
    refused(replace(CARD, private=CARD.public).files(), "half-missing", Unavailable)
    refused(replace(CARD, public=CARD.private).files(), "half-missing", Unavailable)
    refused(replace(CARD, private={**CARD.private, CLASS: b"\x04"}).files(), "object-class", Unsupported)
    without = replace(CARD, private={key: item for key, item in CARD.private.items() if key != CLASS})
    refused(without.files(), "missing-claim")
    single = unsigned_blob(key_object(9, CARD.private), handles=(9,))
    refused(CARD.files(CARD.blob(single)), "half-missing", Unavailable)


@pytest.mark.parametrize("number", [LOCAL, EXTRACTABLE, NEVER_EXTRACTABLE, SENSITIVE])
def test_flags_are_one_byte_and_what_is_absent_stays_absent(number: int) -> None:
    for octets in (b"\x02", b"", b"\x00\x01", b"\xff"):
        refused(replace(CARD, private={**CARD.private, number: octets}).files(), "claim-value")
    without = replace(CARD, private={key: item for key, item in CARD.private.items() if key != number})
    key = read(without.files()).claims.keys[0]
    flags = {LOCAL: key.local, EXTRACTABLE: key.extractable, NEVER_EXTRACTABLE: key.never_extractable}
    assert flags.get(number, key.sensitive if number == SENSITIVE else None) is None


def test_the_digest_that_the_hsm_states_settles_the_curve() -> None:
    algorithm = writer.sequence(writer.oid(oids.EC_PUBLIC_KEY), writer.oid(oids.SECP256K1))
    bitcoin = writer.sequence(algorithm, writer.bit_string(CARD.public[PUBLIC_VALUE]))
    digest = sha256(bitcoin).digest()
    assert value(read(with_both(EKCV=digest).files()).claims.keys[0].spki) == bitcoin
    attestation = read(with_both(EKCV=bytes(32)).files())
    assert attestation.claims.keys[0].spki is None
    assert ("key-check-value-differs", "keys/0") in failed(walk(attestation))


def test_without_that_digest_a_curve_is_not_guessed() -> None:
    kept = ({key: item for key, item in half.items() if key != EKCV} for half in (CARD.public, CARD.private))
    attestation = read(replace(CARD, public=next(kept), private=next(kept)).files())
    assert attestation.claims.keys[0].spki is None
    assert walk(attestation).outcome(AsOf.DEPLOYMENT) is Outcome.NOT_EVALUATED


def test_an_rsa_key_is_put_together_from_modulus_and_exponent() -> None:
    numbers = rsa_makers.key("fleet-rsa").public_key().public_numbers()
    spki = rsa_makers.spki("fleet-rsa")
    changes = {"KEY_TYPE": b"\x00", "PUBLIC_VALUE": numbers.n.to_bytes(256, "big")}
    card = with_both(**changes, EXPONENT=b"\x01\x00\x01", EKCV=sha256(spki).digest())
    assert value(read(card.files()).claims.keys[0].spki) == spki
    assert walk(read(card.files())).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    refused(with_both(**changes).files(), "missing-claim")
    refused(with_both(**changes, EXPONENT=b"\x01").files(), "claim-value")
    refused(with_both(**{**changes, "PUBLIC_VALUE": bytes(2000)}, EXPONENT=b"\x03").files(), "claim-value")


@pytest.mark.parametrize("octets", [b"", b"\x04" + bytes(40), b"\x02" + bytes(64)])
def test_a_point_that_is_none_is_refused(octets: bytes) -> None:
    refused(with_both(PUBLIC_VALUE=octets).files(), "claim-value")


def test_other_kinds_of_key_are_unsupported() -> None:
    refused(with_both(KEY_TYPE=b"\x1f").files(), "key-kind", Unsupported)


def test_attributes_that_nobody_knows_are_kept_and_shown() -> None:
    card = replace(CARD, private={**CARD.private, 0x80000999: b"new"})
    ((claim),) = read(card.files()).claims.unknown
    assert (claim.place, claim.type, claim.raw) == ("keys/0", "0x80000999", b"new")
    assert EXPONENT not in CARD.private


# --- envelopes -------------------------------------------------------------------------------------------------------


def gz(data: bytes) -> bytes:
    """One gzip member, the same in every run: a time in its header would name tests differently in each process."""
    return gzip.compress(data, mtime=0)


PACKED = [
    (gz(bytes(10_000_000)), "gzip-size"),
    (gz(bytes(MAX_BLOB_BYTES + 1)), "gzip-size"),
    (gz(bytes(60_000)), "gzip-size"),
    (bytes(MAX_BLOB_BYTES + 1), "gzip-size"),
    (gz(CARD.unsigned()) * 2, "gzip-trailing-bytes"),
    (gz(CARD.unsigned()) + b"\x00", "gzip-trailing-bytes"),
    (gz(CARD.unsigned())[:-1], "gzip-format"),
    (gz(CARD.unsigned())[:-9] + bytes(9), "gzip-format"),
    (b"", "gzip-format"),
    (b"not gzip", "gzip-format"),
    (CARD.unsigned(), "gzip-format"),
]


@pytest.mark.parametrize(("packed", "code"), PACKED, ids=[str(number) for number in range(len(PACKED))])
def test_m13_gzip_is_bounded_and_holds_one_member(packed: bytes, code: str) -> None:
    error = refused({**CARD.files(), "attestation.dat.gz": packed}, code)
    assert error.file == "attestation.dat.gz"


def test_files_are_as_they_must_be() -> None:
    files = CARD.files()
    refused({"chain.pem": files["chain.pem"]}, "no-evidence", Unavailable)
    refused({"attestation.dat.gz": files["attestation.dat.gz"]}, "no-chain-file", Unavailable)
    refused({**files, "attestation.dat": CARD.blob()}, "two-evidence-files")
    (unread,) = [item for item in read({**files, "notes.txt": b""}).findings if item.code == "unread-file"]
    assert (unread.subject, unread.required) == ("notes.txt", False)


def azure(card: Card = CARD, **changes: Any) -> dict[str, bytes]:
    """Azure's answer: each half in a blob of its own, and no word of the owner for the card."""
    halves = {
        "privateKeyAttestation": card.blob(unsigned_blob(key_object(9, card.private), handles=(9,))),
        "publicKeyAttestation": card.blob(unsigned_blob(key_object(7, card.public), handles=(7,))),
        "certificatePemFile": makers.pem(*card.certificates()[:3], root("owner", OWNER)),
    }
    inside: dict[str, Any] = {
        name: base64.urlsafe_b64encode(data).rstrip(b"=").decode() for name, data in halves.items()
    }
    answer = {"key": {"kid": "k"}, "attributes": {"attestation": {"version": "MRVL-1", **inside, **changes}}}
    return {"attestation.json": json.dumps(answer).encode()}


def test_azures_answer_holds_the_same_blobs() -> None:
    attestation = read(azure())
    assert attestation.profile == "azure-managed-hsm"
    result = walk(attestation)
    assert result.outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    assert [item.name for item in attestation.statements] == [
        f"{half}KeyAttestation/{chain}" for half in ("private", "public") for chain in ("manufacturer", "owner")
    ]
    (key,) = attestation.claims.keys
    assert key.local is not None
    assert key.local.source.file == "attestation.json#/attributes/attestation/privateKeyAttestation"
    assert value(key.spki) == makers.spki("fleet-a")


def test_m1_azures_own_root_in_the_bundle_is_not_pinned() -> None:
    result = walk(read(azure()), (ANCHORS[0], replace(ANCHORS[1], spki=None, spki_sha256="00" * 32)))
    assert ("unrecognised-root", "owner/anchor") in failed(result)


def test_azure_may_leave_out_the_public_half() -> None:
    assert walk(read(azure(publicKeyAttestation=None))).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN


def test_azures_two_blobs_are_of_one_key() -> None:
    other = replace(CARD, public={**CARD.public, ID: b"c" * 128})
    refused(azure(other), "pair-differs", Mismatch)


@pytest.mark.parametrize(
    ("change", "code", "error"),
    [
        ({"version": "MRVL-2"}, "azure-version", Unsupported),
        ({"privateKeyAttestation": None}, "wrong-value", Malformed),
        ({"privateKeyAttestation": "AAA="}, "wrong-value", Malformed),
        ({"privateKeyAttestation": "A"}, "wrong-value", Malformed),
        ({"privateKeyAttestation": "AB"}, "wrong-value", Malformed),
        ({"privateKeyAttestation": "AA+/"}, "wrong-value", Malformed),
        ({"privateKeyAttestation": "AAAA"}, "marvell-size", Malformed),
        ({"privateKeyAttestation": "A" * 200_000}, "wrong-value", Malformed),
        ({"certificatePemFile": "AAAA"}, "pem-boundary", Malformed),
    ],
)
def test_azures_answer_is_read_strictly(change: dict[str, Any], code: str, error: type[VaultproofError]) -> None:
    found = refused(azure(**change), code, error)
    assert found.file is not None
    assert found.file.startswith("attestation.json")
