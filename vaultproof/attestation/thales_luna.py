"""Adapter for public key confirmations (PKC) of Thales Luna HSMs: one file, ``pkc.p7b``.

Format, roles and extensions in ``thales_luna_format.py``.  A confirmation has no list of key attributes: that the key
was made in the HSM and cannot leave it follows from Thales's statement that confirmations exist for such keys alone, so
those claims are implied by profile.  Firmware is a version that the device states, no measurement of code.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from vaultproof.asn1 import oids
from vaultproof.asn1.der import Element
from vaultproof.attestation.adapter import Attestation, Chain, Link, SignedBytes, Statement
from vaultproof.attestation.chain_rules import name_findings, oddity_findings, position_findings
from vaultproof.attestation.claims import (
    AttesterClaims,
    Claim,
    Claims,
    EvidenceClaims,
    Grade,
    KeyClaims,
    PlatformClaims,
    SerialSource,
    UnknownClaim,
)
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.attestation.placed import Placed, agreement, noted, require_file, root_findings, unread_findings
from vaultproof.attestation.thales_luna_format import (
    FIRMWARE,
    OID_NAMES,
    RSA_POSITIONS,
    SERIAL,
    Position,
    firmware_of,
    positions_for,
    read_bag,
    serial_of,
)
from vaultproof.attestation.thales_luna_signature import curve_size, read_unsigned, unsigned_numbers
from vaultproof.errors import Unsupported, VaultproofError

TECHNOLOGY = "thales-luna"
ADAPTER_VERSION = "1"
FILE = "pkc.p7b"
VENDOR = "Thales"
"""The maker today; its certificates carry the names of those it bought (Chrysalis-ITS, SafeNet), one device's too."""
RSA_PROFILE = "pkc-rsa"
ECC_PROFILE = "pkc-ecc"
KEY = "keys/0"
CERTIFICATE = "keys/0/certificate"

_DEVICE_NAME = re.compile(r"(?:(?P<model>Luna [A-Za-z0-9]{1,16})-)?(?P<serial>[0-9]{1,10})")
_KEY_NAME = re.compile(r"[0-9a-f]{16,64}")


class ThalesLunaAdapter:
    """Reads public key confirmations.

    ``unsigned_ecdsa`` turns on the one lenient reading (``thales_luna_signature.py``); the registry's adapter has it
    off, and refuses such signatures with the finding ``non-der-signature``.
    """

    technology = TECHNOLOGY
    version = ADAPTER_VERSION
    oid_names = OID_NAMES

    def __init__(self, *, unsigned_ecdsa: bool = False) -> None:
        self._unsigned = unsigned_ecdsa

    def leniently(self) -> ThalesLunaAdapter:
        """The adapter that reads numbers without their zero octet, and says so."""
        return ThalesLunaAdapter(unsigned_ecdsa=True)

    def read(self, member_files: Mapping[str, bytes]) -> Attestation:
        """One member's confirmation; see ``Adapter.read`` for what it raises."""
        data = require_file(member_files, FILE)
        try:
            bag = read_bag(data, FILE)
            positions = positions_for(bag)
            attestation = self._attestation(bag, positions, data)
        except VaultproofError as error:
            raise error.in_file(FILE) from None
        return replace(attestation, findings=(*attestation.findings, *unread_findings(member_files, (FILE,))))

    def _attestation(self, bag: tuple[Placed, ...], positions: tuple[Position, ...], data: bytes) -> Attestation:
        links = [item.link(place.role, place.rules) for item, place in zip(bag, positions, strict=True)]
        forms = []
        for index, signer in enumerate(bag[1:]):
            subject = CERTIFICATE if index == 0 else f"manufacturer/{index - 1}"
            links[index], found = self._signature(links[index], signer, subject)
            forms += found
        chain = Chain(links=tuple(links[1:]))
        profile = RSA_PROFILE if positions is RSA_POSITIONS else ECC_PROFILE
        return Attestation(
            technology=TECHNOLOGY,
            profile=profile,
            claims=_claims(bag, profile, data),
            chains=(chain,),
            statements=_statements(links[0]),
            findings=(*forms, *_leaf_findings(links[0], bag, chain), *_name_findings(bag), *root_findings(chain)),
        )

    def _signature(self, link: Link, signer: Placed, subject: str) -> tuple[Link, list[Finding]]:
        """The link, with its signature read leniently where that is asked for, and the finding that says so."""
        size = curve_size(signer)
        numbers = None if size is None or link.signed is None else unsigned_numbers(link.signed.signature, size)
        if numbers is None or link.signed is None:
            return link, []
        if self._unsigned:
            shown = "read as unsigned numbers, which is not DER"
            return replace(link, signed=read_unsigned(link.signed, numbers)), [
                noted("unsigned-ecdsa-signature", subject, shown, link.source)
            ]
        refused = Finding(
            code="non-der-signature",
            outcome=Outcome.FAILED,
            subject=subject,
            expected="an ECDSA signature in DER (RFC 3279, 2.2.3)",
            found="a number without its leading zero",
            source=link.source,
        )
        return link, [refused]


def _statements(leaf: Link) -> tuple[Statement, ...]:
    """The confirmed key's certificate as what it is: a statement by the device's key."""
    signed: SignedBytes | None = leaf.signed
    return () if signed is None else (Statement(name=KEY, signed=signed),)


def _leaf_findings(leaf: Link, bag: tuple[Placed, ...], chain: Chain) -> Iterator[Finding]:
    """What a certificate in a chain is asked, asked of the confirmed key's: issuer, role, form, and dates.

    A confirmation's dates are copied from its issuer's; so they hold when those do, if they are equal.
    """
    alone, pair = Chain(links=(leaf,)), Chain(links=(leaf, chain.links[0]))
    for finding in (*name_findings(pair), *position_findings(alone), *oddity_findings(alone)):
        yield replace(finding, subject=CERTIFICATE)
    issuer, own = (_dates(item) for item in (bag[1], bag[0]))
    yield agreement("dates", CERTIFICATE, issuer, own, leaf.source)


def _dates(placed: Placed) -> str:
    return f"{placed.certificate.not_before:%Y-%m-%d} to {placed.certificate.not_after:%Y-%m-%d}"


def _name_findings(bag: tuple[Placed, ...]) -> Iterator[Finding]:
    """Whether every place that states the serial number, and both that state the firmware, state the same."""
    leaf, device = bag[0], bag[1]
    serial = _serial(bag)
    named = _device_name(device)["serial"]
    yield agreement("serial", "manufacturer/0", serial.value, named, device.source)
    stated = serial_of(device)
    if stated is not None:
        yield agreement("serial", "manufacturer/0", serial.value, stated[0], device.place.whole(stated[1]))
    tail = bytes.fromhex(_key_name(leaf))[-4:]
    yield agreement("serial", CERTIFICATE, serial.value, str(int.from_bytes(tail, "little")), leaf.source)
    firmware, of_device = firmware_of(leaf), firmware_of(device)
    if firmware is not None and of_device is not None:
        yield agreement("firmware", CERTIFICATE, of_device[0], firmware[0], leaf.place.whole(firmware[1]))


def _device_name(device: Placed) -> re.Match[str]:
    matched = _DEVICE_NAME.fullmatch(device.common_name)
    if matched is None:
        raise _other_name(device, "Luna <model>-<serial>, or <serial>")
    return matched


def _key_name(leaf: Placed) -> str:
    if _KEY_NAME.fullmatch(leaf.common_name) is None or len(leaf.common_name) % 2:
        raise _other_name(leaf, "the key's identifier in hex")
    return leaf.common_name


def _other_name(placed: Placed, expected: str) -> Unsupported:
    return Unsupported(
        "subject-form", "a certificate's name is not in the maker's form",
        expected=expected, found=placed.certificate.subject.text[:120],
    )  # fmt: skip


def _serial(bag: tuple[Placed, ...]) -> Claim[str]:
    """The serial number: the extension of the confirmed key's certificate, else the device's name."""
    found = serial_of(bag[0])
    if found is not None:
        return bag[0].claim(*found)
    return bag[1].subject_claim(_device_name(bag[1])["serial"])


def _claims(bag: tuple[Placed, ...], profile: str, data: bytes) -> Claims:
    leaf, device = bag[0], bag[1]
    firmware, model = firmware_of(leaf), _device_name(device)["model"]
    in_extension = serial_of(leaf) is not None
    return Claims(
        attester=AttesterClaims(
            technology=TECHNOLOGY,
            adapter_version=ADAPTER_VERSION,
            vendor=leaf.claim(VENDOR, _purpose(leaf), Grade.IMPLIED),
            hwmodel=None if model is None else device.subject_claim(model),
            hwserial=_serial(bag),
            hwserial_source=SerialSource.CERTIFICATE_EXTENSION if in_extension else SerialSource.CERTIFICATE_SUBJECT,
            device_identity=_device_key(bag),
        ),
        evidence=EvidenceClaims(digest=hashlib.sha256(data).hexdigest(), profile=profile),
        platform=PlatformClaims(swversion=None if firmware is None else leaf.claim(*firmware)),
        keys=(_key(leaf),),
        unknown=tuple(_unknown(leaf)),
    )


def _purpose(leaf: Placed) -> Element:
    """Where the certificate says that it is a confirmation; the whole of it where it does not (and is refused)."""
    found = leaf.certificate.extensions.get(oids.EXTENDED_KEY_USAGE)
    return leaf.certificate.element if found is None else found.value


def _device_key(bag: tuple[Placed, ...]) -> Claim[str]:
    """The hardware origin key: the one key of the device that the maker itself certified."""
    return (bag[2] if len(bag) > 3 else bag[1]).key_claim()


def _key(leaf: Placed) -> KeyClaims:
    """The confirmed key; that its certificate has the purpose of a confirmation is where the implied claims stand.

    Thales: issued "only for private keys that were created by the HSM and that can never exist outside of the HSM"
    (Public Key Confirmation, 15 April 2020).
    """
    where = _purpose(leaf)
    spki = leaf.certificate.public_key
    return KeyClaims(
        spki=leaf.claim(spki.raw, spki.element),
        identifier=leaf.subject_claim(_key_name(leaf)),
        local=leaf.claim(True, where, Grade.IMPLIED),
        extractable=leaf.claim(False, where, Grade.IMPLIED),
        never_extractable=leaf.claim(True, where, Grade.IMPLIED),
    )


def _unknown(leaf: Placed) -> Iterator[UnknownClaim]:
    for extension in leaf.certificate.unknown_extensions:
        if extension.oid not in (SERIAL, FIRMWARE):
            yield UnknownClaim(
                place=KEY, type=extension.oid, raw=extension.value.content, source=leaf.place.whole(extension.value)
            )
