"""Attestations of keys in a YubiHSM 2: certificates signed by the device's factory key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from vaultproof.asn1.content import bad
from vaultproof.asn1.der import Bits, Element
from vaultproof.attestation import yubico_files as common
from vaultproof.attestation.adapter import Attestation, Chain, Role
from vaultproof.attestation.claims import (
    AttesterClaims,
    Claim,
    Claims,
    EvidenceClaims,
    ExportPath,
    Grade,
    KeyClaims,
    PlatformClaims,
    SerialSource,
)
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.attestation.yubico_files import Placed, same_finding, shown
from vaultproof.errors import Mismatch, Unsupported
from vaultproof.strict.text import is_plain

TECHNOLOGY = "yubihsm2"
PROFILE = "yubihsm-attestation"
VERSION = "1"
MODEL = "YubiHSM 2"
LINKS = 3
"""The device's certificate, the maker's authority for a batch, and the root."""

_ARC = f"{common.YUBICO_ARC}.4"
FIRMWARE = f"{_ARC}.1"
SERIAL = f"{_ARC}.2"
ORIGIN = f"{_ARC}.3"
DOMAINS = f"{_ARC}.4"
CAPABILITIES = f"{_ARC}.5"
OBJECT_ID = f"{_ARC}.6"
LABEL = f"{_ARC}.9"

OID_NAMES: Mapping[str, str] = MappingProxyType(
    {
        FIRMWARE: "yubihsm-firmware",
        SERIAL: "yubihsm-serial",
        ORIGIN: "yubihsm-origin",
        DOMAINS: "yubihsm-domains",
        CAPABILITIES: "yubihsm-capabilities",
        OBJECT_ID: "yubihsm-object-id",
        LABEL: "yubihsm-label",
        f"{_ARC}.10": "yubihsm-fips",
    }
)
"""Names of the extensions; those without a constant are shown as they are."""

_OF_A_KEY = (ORIGIN, DOMAINS, CAPABILITIES, OBJECT_ID, LABEL)
_KNOWN = frozenset({FIRMWARE, SERIAL, *_OF_A_KEY})
_KEY_SUBJECT = re.compile(r"YubiHSM Attestation id:0x([0-9a-f]{4})")
_DEVICE_SUBJECT = re.compile(r"YubiHSM Attestation \(([1-9][0-9]{0,9})\)")

GENERATED = 0x01
ORIGINS: Mapping[int, str] = MappingProxyType(
    {
        GENERATED: "generated",
        0x02: "imported",
        0x11: "generated, then imported under wrap",
        0x12: "imported, then imported under wrap",
    }
)
"""Origins of a key; only the first says that it was made in this device and never left it."""

EXPORTABLE_UNDER_WRAP = 16
SIGN_ATTESTATION_CERTIFICATE = 34
CAPABILITY_NAMES: Mapping[int, str] = MappingProxyType(
    {
        5: "sign-pkcs",
        6: "sign-pss",
        7: "sign-ecdsa",
        8: "sign-eddsa",
        9: "decrypt-pkcs",
        10: "decrypt-oaep",
        11: "derive-ecdh",
        25: "sign-ssh-certificate",
        SIGN_ATTESTATION_CERTIFICATE: "sign-attestation-certificate",
    }
)
"""Capabilities that an asymmetric key can use, by the number of their bit; any other is named by its number."""

_CAPABILITY_BITS = 64
_MAX_LABEL = 40
_MAX_OBJECT_ID = 0xFFFF


def read_yubihsm(files: Mapping[str, bytes]) -> Attestation:
    """One member's attested keys and the chain of its device; see ``Adapter.read`` for what it raises."""
    attested = common.read_attested(files)
    issuers = common.read_issuers(files, LINKS)
    roles = (Role.DEVICE, Role.MANUFACTURER, Role.ROOT)
    chain = Chain(links=tuple(common.issuing_link(placed, role) for placed, role in zip(issuers, roles, strict=False)))
    device = issuers[0]
    return Attestation(
        technology=TECHNOLOGY,
        profile=PROFILE,
        claims=_claims(attested, device),
        chains=(chain,),
        statements=tuple(common.key_statement(index, placed) for index, placed in enumerate(attested)),
        findings=(
            *_device_findings(device),
            *(found for index, placed in enumerate(attested) for found in _findings(index, placed, chain, device)),
            *common.unread_findings(files),
        ),
    )


def _firmware(placed: Placed) -> Claim[str]:
    element = placed.required(FIRMWARE, "firmware version")
    with placed.reading():
        octets = element.nested("a firmware version").octets("a firmware version")
        return placed.claim(common.version_text(octets, element), element)


def _serial(placed: Placed) -> Claim[str]:
    element = placed.required(SERIAL, "serial number")
    return placed.claim(common.serial_text(placed, element), element)


def _claims(attested: tuple[Placed, ...], device: Placed) -> Claims:
    first = attested[0]
    subject = first.certificate.subject.element
    key = device.certificate.public_key
    return Claims(
        attester=AttesterClaims(
            technology=TECHNOLOGY,
            adapter_version=VERSION,
            vendor=first.claim(common.VENDOR, subject, Grade.IMPLIED),
            hwmodel=first.claim(MODEL, subject, Grade.IMPLIED),
            hwserial=_serial(first),
            hwserial_source=SerialSource.CERTIFICATE_EXTENSION,
            device_identity=device.claim(key.sha256, key.element),
        ),
        evidence=EvidenceClaims(digest=common.evidence_digest(attested), profile=PROFILE),
        platform=PlatformClaims(swversion=_firmware(first)),
        keys=tuple(_key(placed) for placed in attested),
        unknown=tuple(
            claim for index, placed in enumerate(attested) for claim in common.other_extensions(index, placed, _KNOWN)
        ),
    )


def _key(placed: Placed) -> KeyClaims:
    """A key's attributes; they are fixed when an object is made, so what is not exportable now never was."""
    certificate = placed.certificate
    origin_at, capabilities_at = placed.required(ORIGIN, "origin"), placed.required(CAPABILITIES, "capabilities")
    origin, capabilities = _bits(placed, origin_at, 8), _bits(placed, capabilities_at, _CAPABILITY_BITS).value
    exportable = bool(capabilities >> EXPORTABLE_UNDER_WRAP & 1)
    local = origin.value == GENERATED
    return KeyClaims(
        spki=placed.claim(certificate.public_key.raw, certificate.public_key.element),
        identifier=placed.claim(_identifier(placed), placed.required(OBJECT_ID, "object id")),
        local=placed.claim(local, origin_at),
        extractable=placed.claim(exportable, capabilities_at),
        never_extractable=placed.claim(local and not exportable, capabilities_at, Grade.IMPLIED),
        exportable_path=placed.claim(ExportPath.WRAP if exportable else ExportPath.NONE, capabilities_at),
        purposes=placed.claim(_purposes(capabilities), capabilities_at),
    )


def _purposes(capabilities: int) -> tuple[str, ...]:
    """Names of the capabilities that are set, but for the one that is a way out and no purpose."""
    return tuple(
        CAPABILITY_NAMES.get(bit, f"capability-{bit}")
        for bit in range(_CAPABILITY_BITS)
        if capabilities >> bit & 1 and bit != EXPORTABLE_UNDER_WRAP
    )


def _bits(placed: Placed, element: Element, size: int) -> Bits:
    with placed.reading():
        bits = element.nested("a BIT STRING").bits("a BIT STRING")
        if bits.unused or 8 * len(bits.octets) != size:
            raise bad("claim-value", f"an extension is not {size} bits", element.offset)
    return bits


def _identifier(placed: Placed) -> str:
    """The object id, as the extension states it and as the subject repeats it."""
    element = placed.required(OBJECT_ID, "object id")
    with placed.reading():
        number = element.nested("an object id").integer("an object id")
        if not 0 <= number <= _MAX_OBJECT_ID:
            raise bad("claim-value", "an object id is out of range", element.offset)
    text = f"{number:04x}"
    matched = _KEY_SUBJECT.fullmatch(placed.common_name)
    if matched is None:
        raise Unsupported(
            "attestation-subject", "a certificate is not named as attestations of keys are", file=placed.file,
            expected="YubiHSM Attestation id:0x and an object id", found=placed.certificate.subject.text[:200],
        )  # fmt: skip
    if matched[1] != text:
        raise Mismatch(
            "object-id-differs", "an attestation names two objects", file=placed.file, expected=text, found=matched[1]
        )
    return f"0x{text}"


def _device_findings(device: Placed) -> Iterator[Finding]:
    """Whether the signer holds a factory certificate: for a device, by the name of one, and for no key in it."""
    named = _DEVICE_SUBJECT.fullmatch(device.common_name)
    problems = [OID_NAMES[oid] for oid in _OF_A_KEY if device.extension(oid) is not None]
    problems += [f"no {OID_NAMES[oid]}" for oid in (FIRMWARE, SERIAL) if device.extension(oid) is None]
    problems += [] if named else ["another name"]
    yield Finding(
        code="not-a-factory-key" if problems else "factory-key",
        outcome=Outcome.FAILED if problems else Outcome.PROVEN,
        subject="manufacturer/0",
        expected="the certificate of a device",
        found=device.certificate.subject.text + (f" ({', '.join(problems)})" if problems else ""),
        source=device.source(device.certificate.element),
    )
    serial = device.extension(SERIAL)
    if named and serial is not None:
        found = common.serial_text(device, serial)
        yield same_finding("serial", "manufacturer/0", named[1], found, device.source(serial))


def _findings(index: int, placed: Placed, chain: Chain, device: Placed) -> Iterator[Finding]:
    yield from common.key_findings(index, placed, chain)
    subject = f"keys/{index}/certificate"
    if device.extension(SERIAL) is not None:
        serial = _serial(placed)
        yield same_finding("serial", subject, _serial(device).value, serial.value, serial.source)
    if device.extension(FIRMWARE) is not None:
        version = _firmware(placed)
        yield same_finding("firmware", subject, _firmware(device).value, version.value, version.source)
    yield from _shown(f"keys/{index}", placed)


def _shown(subject: str, placed: Placed) -> Iterator[Finding]:
    origin = placed.required(ORIGIN, "origin")
    value = _bits(placed, origin, 8).value
    yield shown("key-origin", subject, ORIGINS.get(value, f"value {value}"), placed.source(origin))
    domains = placed.required(DOMAINS, "domains")
    bits = _bits(placed, domains, 16).value
    listed = ", ".join(str(bit + 1) for bit in range(16) if bits >> bit & 1)
    yield shown("key-domains", subject, listed or "none", placed.source(domains))
    label = placed.extension(LABEL)
    if label is not None:
        yield shown("key-label", subject, _label(placed, label), placed.source(label))


def _label(placed: Placed, element: Element) -> str:
    """The label that users gave a key; as hex when it is not printable."""
    with placed.reading():
        text = element.nested("a label").utf8("a label")
        octets = text.encode("utf-8")
        if len(octets) > _MAX_LABEL:
            raise bad("claim-value", "a label is too long", element.offset, expected=f"at most {_MAX_LABEL} bytes")
    return text if is_plain(text) else f"hex:{octets.hex()}"
