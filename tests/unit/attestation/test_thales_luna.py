"""Luna confirmations from file to verdict, and the mistakes that this maker's files invite (by their numbers)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.unit.attestation import makers, rsa_makers
from tests.unit.attestation.references import values
from tests.unit.attestation.rsa_makers import common
from vaultproof.asn1 import oids, writer
from vaultproof.attestation.adapter import Attestation, Role
from vaultproof.attestation.anchors import TrustAnchor
from vaultproof.attestation.chain import ChainResult, verify_chain
from vaultproof.attestation.claims import Claim, CodeGrade, Grade, SerialSource
from vaultproof.attestation.findings import AsOf, Outcome
from vaultproof.attestation.fleet import AnnouncedMember, Fleet, FleetRecord, appraise_fleet
from vaultproof.attestation.thales_luna import TECHNOLOGY, ThalesLunaAdapter
from vaultproof.attestation.thales_luna_format import DATA, FIRMWARE, MAX_CERTIFICATES, SERIAL, SIGNED_DATA
from vaultproof.attestation.thales_luna_signature import unsigned_numbers
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import Malformed, Unavailable, Unsupported, VaultproofError

AT = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
RSA_ANCHORS = (rsa_makers.anchor("e3-root", TECHNOLOGY, rsa_exponent=3),)
ECC_ANCHORS = (makers.anchor("ecc-root", technology=TECHNOLOGY),)
ARC = "1.3.6.1.4.1.12383"


def purpose(number: int) -> bytes:
    return makers.extension(oids.EXTENDED_KEY_USAGE, writer.sequence(writer.oid(f"{ARC}.1.{number}")), critical=True)


def raw(oid: str, octets: bytes) -> bytes:
    """An extension that says explicitly that it is not critical, as Luna's do."""
    return writer.sequence(writer.oid(oid), writer.boolean(False), writer.octet_string(octets))


def bag(*certificates: bytes, signers: bytes = b"", version: int = 1, content: bytes = b"", kind: str = SIGNED_DATA,
        digests: bytes = b"") -> bytes:  # fmt: skip
    held = writer.encode(0xA0, b"".join(certificates))
    signed = writer.sequence(
        writer.integer(version), writer.encode(0x31, digests), writer.sequence(writer.oid(DATA), content), held,
        writer.encode(0x31, signers),
    )  # fmt: skip
    return writer.sequence(writer.oid(kind), writer.explicit(0, signed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Luna:
    """One Luna HSM and a confirmed key; change any part with ``dataclasses.replace``."""

    serial: int = 521174
    leaf_serial: bytes | None = None
    firmware: bytes = bytes.fromhex("54000700")
    device_firmware: bytes | None = None
    key_tail: bytes | None = None
    device_name: str | None = None
    purposes: tuple[int, ...] = (13, 12, 8, 7, 1)
    device: str = "dac"
    leaf_authority: bool = False
    root: str = "e3-root"

    def own(self, firmware: bytes) -> tuple[bytes, ...]:
        serial = self.serial.to_bytes(4, "little")
        return (raw(SERIAL, self.leaf_serial or serial), raw(FIRMWARE, firmware))

    def certificates(self) -> tuple[bytes, ...]:
        tail = self.key_tail or self.serial.to_bytes(4, "little")
        names = [common(text) for text in (
            f"41000000ae000002{tail.hex()}", self.device_name or f"Luna K7-{self.serial}",
            "Hardware Origin Certificate", "Mfg Integrity", "Chrysalis-ITS Root",
        )]  # fmt: skip
        keys = ["confirmed", self.device, "hoc", "mic", self.root]
        authority = makers.authority()
        leaf = makers.authority() if self.leaf_authority else ()
        device_firmware = self.firmware if self.device_firmware is None else self.device_firmware
        extensions = (
            (makers.extension(oids.KEY_USAGE, makers.SIGNING, critical=True), *self.own(self.firmware),
             raw(f"{ARC}.2.4", bytes.fromhex("02000000")), *leaf[:1]),
            (*authority, raw(SERIAL, self.serial.to_bytes(4, "little")), raw(FIRMWARE, device_firmware)),
            authority, authority, (),
        )  # fmt: skip
        return tuple(
            rsa_makers.certificate(keys[i], names[i], names[min(i + 1, 4)], keys[min(i + 1, 4)],
                                   purpose(self.purposes[i]), *extensions[i])
            for i in range(5)
        )  # fmt: skip

    def files(self) -> dict[str, bytes]:
        return {"pkc.p7b": bag(*self.certificates())}


LUNA = Luna()


def read(files: Mapping[str, bytes], *, lenient: bool = False) -> Attestation:
    return ThalesLunaAdapter(unsigned_ecdsa=lenient).read(files)


def walk(attestation: Attestation, anchors: Sequence[TrustAnchor] = RSA_ANCHORS) -> ChainResult:
    return run_to_completion(verify_chain(attestation, anchors, OpenSslBackend(), AT, NOW))


def failed(result: ChainResult) -> set[tuple[str, str]]:
    return {(item.code, item.subject) for item in result.findings if item.outcome is Outcome.FAILED}


def refused(data: bytes, code: str, error: type[VaultproofError] = Malformed) -> None:
    with pytest.raises(error) as caught:
        read({"pkc.p7b": data})
    assert (caught.value.code, caught.value.file) == (code, "pkc.p7b")


def value(claim: Claim[Any] | None) -> Any:
    return None if claim is None else claim.value


def test_a_whole_confirmation_holds() -> None:
    attestation = read(LUNA.files())
    result = walk(attestation)
    assert result.outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    assert [link.role for link in attestation.chains[0].links] == [
        Role.ATTESTATION_KEY, Role.DEVICE, Role.MANUFACTURER, Role.ROOT,
    ]  # fmt: skip
    held = [item.subject for item in result.findings if item.code == "signature-holds"]
    assert held == ["manufacturer/0", "manufacturer/1", "manufacturer/2", "keys/0"]
    noted = {item.code for item in result.findings if item.outcome is Outcome.NOTED}
    assert noted == {"explicit-default", "rsa-exponent", "dates-not-judged"}


def test_what_is_implied_is_not_called_attested() -> None:
    (key,) = read(LUNA.files()).claims.keys
    implied = (key.local, key.extractable, key.never_extractable)
    assert [(claim.value, claim.grade) for claim in implied if claim is not None] == [
        (True, Grade.IMPLIED), (False, Grade.IMPLIED), (True, Grade.IMPLIED),
    ]  # fmt: skip
    assert (key.sensitive, key.purposes, key.exportable_path) == (None, None, None)
    assert key.spki is not None
    assert (key.spki.value, key.spki.grade) == (rsa_makers.spki("confirmed"), Grade.ATTESTED)


def test_m17_serial_and_firmware_are_little_endian() -> None:
    files = LUNA.files()
    claims = read(files).claims
    serial, firmware = claims.attester.hwserial, claims.platform.swversion
    assert serial is not None
    assert firmware is not None
    assert (serial.value, claims.attester.hwserial_source) == ("521174", SerialSource.CERTIFICATE_EXTENSION)
    assert (firmware.value, value(claims.attester.hwmodel)) == ("7.84", "Luna K7")
    for claim, octets in ((serial, "d6f30700"), (firmware, "54000700")):
        source = claim.source
        assert files["pkc.p7b"][source.offset : source.offset + source.length].hex() == f"0404{octets}"
    big = replace(LUNA, leaf_serial=(521174).to_bytes(4, "big"))
    assert ("serial-differs", "manufacturer/0") in failed(walk(read(big.files())))


def test_m14_a_version_is_no_measurement() -> None:
    platform = read(LUNA.files()).claims.platform
    assert (platform.code_grade, platform.measurements) == (CodeGrade.VERSION_ASSERTED, None)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"device_name": "Luna K7-521175"}, {("serial-differs", "manufacturer/0")}),
        ({"key_tail": b"\x01\x02\x03\x04"}, {("serial-differs", "keys/0/certificate")}),
        ({"device_firmware": bytes(4)}, {("firmware-differs", "keys/0/certificate")}),
        ({"leaf_authority": True}, {("wrong-role", "keys/0/certificate")}),
        ({"purposes": (12, 12, 8, 7, 1)}, {("wrong-role", "keys/0/certificate")}),
        ({"purposes": (13, 13, 8, 7, 1)}, {("wrong-role", "manufacturer/0")}),
        ({"purposes": (13, 12, 7, 7, 1)}, {("wrong-role", "manufacturer/1")}),
        ({"purposes": (13, 12, 8, 8, 1)}, {("wrong-role", "manufacturer/2")}),
        ({"purposes": (13, 12, 8, 7, 7)}, {("wrong-role", "manufacturer/3")}),
    ],
)
def test_every_place_is_what_it_must_be(change: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    assert failed(walk(read(replace(LUNA, **change).files()))) == expected


def test_m1_a_root_of_the_same_name_is_not_the_root() -> None:
    assert ("unrecognised-root", "manufacturer/anchor") in failed(walk(read(replace(LUNA, root="e3-other").files())))


def test_m2_a_second_root_certificate_with_the_same_key_is_the_same_root() -> None:
    top = common("Chrysalis-ITS Root")
    second = rsa_makers.certificate("e3-root", top, top, "e3-root", purpose(1), serial=0xD)
    files = {"pkc.p7b": bag(*LUNA.certificates()[:4], second)}
    assert files != LUNA.files()
    assert walk(read(files)).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN


def test_m12_a_small_exponent_is_the_pinned_keys_alone() -> None:
    attestation = read(LUNA.files())
    usual = (replace(RSA_ANCHORS[0], rsa_exponent=65537),)
    assert failed(walk(attestation, usual)) == {("key-exponent", "manufacturer/2")}
    assert failed(walk(read(replace(LUNA, device="e3-dac").files()))) == {("key-exponent", "keys/0")}


# --- the file --------------------------------------------------------------------------------------------------------


def test_a_confirmation_is_a_bag_and_nothing_else() -> None:
    certificates = LUNA.certificates()
    signer = writer.sequence(writer.integer(1))
    refused(bag(*certificates, signers=signer), "pkc-content")
    refused(bag(*certificates, digests=signer), "pkc-content")
    refused(bag(*certificates, content=writer.explicit(0, writer.octet_string(b"x"))), "pkc-content")
    refused(bag(*certificates, version=3), "pkc-version", Unsupported)
    refused(bag(*certificates, kind=DATA), "pkc-type", Unsupported)
    refused(bag(*certificates) + b"\x00", "der-trailing-bytes")
    refused(bag(*certificates, b"\x05\x00"), "der-unexpected")


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_another_shape_is_unsupported(count: int) -> None:
    refused(bag(*LUNA.certificates()[:count]), "chain-shape", Unsupported)


def test_m13_floods_and_nesting_are_refused_early() -> None:
    refused(bag(*[makers.chain(makers.ROOT)[0]] * (MAX_CERTIFICATES + 1)), "pkc-count")
    refused(bag(b"\x05\x00" * 20_000), "der-count")
    deep = b""
    for _ in range(40):
        deep = writer.sequence(deep)
    refused(deep, "der-depth")
    refused(bytes(70_000), "der-size")


def test_names_and_octets_have_the_makers_form() -> None:
    refused(bag(*replace(LUNA, device_name="Luna").certificates()), "subject-form", Unsupported)
    refused(bag(*replace(LUNA, leaf_serial=b"\x01").certificates()), "claim-value")
    refused(bag(*replace(LUNA, firmware=b"\x07").certificates()), "claim-value")


def test_files_are_as_they_must_be() -> None:
    with pytest.raises(Unavailable) as caught:
        read({"other": b""})
    assert caught.value.code == "no-evidence"
    (unread,) = [item for item in read({**LUNA.files(), "key.csr": b""}).findings if item.code == "unread-file"]
    assert (unread.subject, unread.required) == ("key.csr", False)


# --- keys on a curve: numbers without their leading zero -------------------------------------------------------------


def unpadded(signature: bytes) -> bytes:
    """A DER signature as Luna writes it: no octet that only keeps a number positive."""
    numbers = [number.to_bytes((number.bit_length() + 7) // 8, "big") for number in decode_dss_signature(signature)]
    return writer.sequence(*(writer.encode(2, number) for number in numbers))


ECC_NAMES = [common(text) for text in ("41000000ae000002d6f30700", "521174", "SafeNet ECC Manufacturer Integrity")]
ECC_LABELS = ("ecc-leaf", "ecc-hoc", "ecc-root")
ECDSA_WITH_NULL = writer.sequence(writer.oid(oids.ECDSA_WITH_SHA256), writer.null())


def ecc_signed(index: int, serial: int) -> tuple[bytes, bytes]:
    """The contents of one certificate of an ECC confirmation, and a DER signature over them."""
    above = min(index + 1, 2)
    extensions = [purpose((13, 15, 14)[index])]
    if index == 0:
        extensions += [makers.extension(oids.KEY_USAGE, makers.SIGNING, critical=True)]
    validity = writer.sequence(writer.utc_time(rsa_makers.FROM), writer.utc_time(rsa_makers.UNTIL))
    tbs = writer.sequence(
        writer.explicit(0, writer.integer(2)), writer.integer(serial), ECDSA_WITH_NULL, ECC_NAMES[above], validity,
        ECC_NAMES[index], makers.spki(ECC_LABELS[index]), writer.explicit(3, writer.sequence(*extensions)),
    )  # fmt: skip
    return tbs, makers.key(ECC_LABELS[above]).sign(tbs, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def is_padded(signature: bytes) -> bool:
    """Whether a number of the signature needs an octet that keeps it positive."""
    return any(number >> 255 for number in decode_dss_signature(signature))


@cache
def ecc_files(*, odd: bool, unsigned: bool) -> dict[str, bytes]:
    """An ECC confirmation; ``odd`` asks for a leaf signature with a number that DER pads, ``unsigned`` for no pads."""
    made = []
    for index in range(3):
        signed = (ecc_signed(index, serial) for serial in range(1, 200))
        tbs, signature = next(item for item in signed if index or is_padded(item[1]) is odd)
        shown = unpadded(signature) if unsigned else signature
        made.append(writer.sequence(tbs, ECDSA_WITH_NULL, writer.bit_string(shown)))
    return {"pkc.p7b": bag(*made)}


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize("odd", [False, True])
def test_proper_der_needs_no_leniency(odd: bool, lenient: bool) -> None:
    attestation = read(ecc_files(odd=odd, unsigned=False), lenient=lenient)
    result = walk(attestation, ECC_ANCHORS)
    assert result.outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    assert {"non-der-signature", "unsigned-ecdsa-signature"} & {item.code for item in result.findings} == set()
    assert "null-parameters" in {item.code for item in result.findings}
    assert attestation.profile == "pkc-ecc"
    assert value(attestation.claims.attester.hwserial) == "521174"
    assert attestation.claims.attester.hwserial_source is SerialSource.CERTIFICATE_SUBJECT
    assert attestation.claims.platform.code_grade is CodeGrade.NOT_ATTESTED


def test_m11_a_negative_number_is_refused_by_default() -> None:
    result = walk(read(ecc_files(odd=True, unsigned=True)), ECC_ANCHORS)
    assert {("non-der-signature", "keys/0/certificate"), ("signature-encoding", "keys/0")} <= failed(result)


def test_m11_the_one_lenient_reading_is_asked_for_and_shown() -> None:
    result = walk(read(ecc_files(odd=True, unsigned=True), lenient=True), ECC_ANCHORS)
    assert result.outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    shown = [item for item in result.findings if item.code == "unsigned-ecdsa-signature"]
    assert "keys/0/certificate" in {item.subject for item in shown}
    assert {item.outcome for item in shown} == {Outcome.NOTED}


def test_the_lenient_reading_still_wants_the_right_numbers() -> None:
    numbers = (b"\x80" + bytes(31), b"\x01")
    good = writer.sequence(*(writer.encode(2, number) for number in numbers))
    assert unsigned_numbers(good, 32) == (numbers[0], b"\x01".rjust(32, b"\x00"))
    padded = writer.sequence(writer.encode(2, b"\x00" + numbers[0]), writer.encode(2, b"\x81"))
    assert unsigned_numbers(padded, 32) == (numbers[0], b"\x81".rjust(32, b"\x00"))
    for signature in (
        b"", b"\x30", good[:-1], good + b"\x00", b"\x31" + good[1:], good[:1] + b"\x00" + good[2:],
        writer.sequence(writer.encode(2, b"\x01"), writer.encode(2, b"\x01")),
        writer.sequence(writer.encode(2, b"\x00\x01"), writer.encode(2, b"\x81")),
        writer.sequence(writer.encode(2, b""), writer.encode(2, b"\x81")),
        writer.sequence(writer.encode(2, b"\x80" + bytes(32)), writer.encode(2, b"\x81")),
        writer.sequence(writer.encode(2, b"\x81"), writer.encode(2, b"\x81"), writer.encode(2, b"\x81")),
    ):  # fmt: skip
        assert unsigned_numbers(signature, 32) is None, signature.hex()
    changed = {"pkc.p7b": ecc_files(odd=True, unsigned=True)["pkc.p7b"]}
    place = changed["pkc.p7b"].index(bytes.fromhex("41000000ae000002d6f30700").hex().encode())
    changed["pkc.p7b"] = changed["pkc.p7b"][:place] + b"5" + changed["pkc.p7b"][place + 1 :]
    assert ("bad-signature", "keys/0") in failed(walk(read(changed, lenient=True), ECC_ANCHORS))


def test_m8_two_confirmations_of_one_device_are_one_device() -> None:
    """The genuine pair: device 521174 confirms an RSA key in one chain and a key on a curve in another."""
    records = tuple(
        FleetRecord(member=f"hsm-{index}", claims=read(files).claims, code_allowed=True)
        for index, files in enumerate((LUNA.files(), ecc_files(odd=False, unsigned=False)))
    )
    members = tuple(AnnouncedMember(name=record.member) for record in records)
    fleet = Fleet(members=members, records=records, published=(), threshold=2)
    codes = {item.code for item in appraise_fleet(fleet, values().fleet).findings if item.outcome is Outcome.FAILED}
    assert "serial-shared" in codes


def test_a_confirmation_cut_anywhere_is_refused() -> None:
    data = ecc_files(odd=True, unsigned=True)["pkc.p7b"]
    for length in range(len(data)):
        with pytest.raises(VaultproofError):
            read({"pkc.p7b": data[:length]})
