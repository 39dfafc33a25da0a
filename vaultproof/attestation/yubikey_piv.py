"""Attestations of keys in PIV slots of a YubiKey (firmware 4.3 and later): certificates signed by slot f9."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from vaultproof.asn1.content import bad
from vaultproof.asn1.der import Element
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
from vaultproof.errors import Unsupported

TECHNOLOGY = "yubikey-piv"
PROFILE = "piv-attestation"
VERSION = "1"
MODEL = "YubiKey"
LINKS = 2
"""The attestation key's certificate and the root that issued it."""

_ARC = f"{common.YUBICO_ARC}.3"
FIRMWARE = f"{_ARC}.3"
SERIAL = f"{_ARC}.7"
POLICIES = f"{_ARC}.8"
FORM_FACTOR = f"{_ARC}.9"

OID_NAMES: Mapping[str, str] = MappingProxyType(
    {
        FIRMWARE: "yubikey-firmware",
        SERIAL: "yubikey-serial",
        POLICIES: "yubikey-pin-and-touch-policy",
        FORM_FACTOR: "yubikey-form-factor",
        f"{_ARC}.10": "yubikey-fips-certified",
        f"{_ARC}.11": "yubikey-cspn-certified",
    }
)
"""Names of the extensions; those without a constant are shown as they are."""

_KNOWN = frozenset({FIRMWARE, SERIAL, POLICIES, FORM_FACTOR})
_SUBJECT = re.compile(r"YubiKey PIV Attestation ([0-9a-f]{2})")
_PIN: Mapping[int, str] = MappingProxyType({1: "never", 2: "once per session", 3: "always"})
_TOUCH: Mapping[int, str] = MappingProxyType({1: "never", 2: "always", 3: "cached for 15 seconds"})
_FORM: Mapping[int, str] = MappingProxyType(
    {1: "USB-A keychain", 2: "USB-A nano", 3: "USB-C keychain", 4: "USB-C nano", 5: "USB-C and Lightning"}
)
_FIPS_BIT = 0x80


def read_piv(files: Mapping[str, bytes]) -> Attestation:
    """One member's attested slots and the chain of its attestation key; see ``Adapter.read`` for what it raises."""
    attested = common.read_attested(files)
    issuers = common.read_issuers(files, LINKS)
    roles = (Role.ATTESTATION_KEY, Role.ROOT)
    chain = Chain(links=tuple(common.issuing_link(placed, role) for placed, role in zip(issuers, roles, strict=False)))
    claims = _claims(attested)
    return Attestation(
        technology=TECHNOLOGY,
        profile=PROFILE,
        claims=claims,
        chains=(chain,),
        statements=tuple(common.key_statement(index, placed) for index, placed in enumerate(attested)),
        findings=(
            *_signer_findings(issuers[0], claims),
            *(found for index, placed in enumerate(attested) for found in _findings(index, placed, chain, claims)),
            *common.unread_findings(files),
        ),
    )


def _firmware(placed: Placed) -> tuple[str, Element]:
    element = placed.required(FIRMWARE, "firmware version")
    with placed.reading():
        return common.version_text(element.content, element), element


def _serial(placed: Placed) -> Claim[str] | None:
    element = placed.extension(SERIAL)
    return None if element is None else placed.claim(common.serial_text(placed, element), element)


def _slot(placed: Placed) -> str:
    matched = _SUBJECT.fullmatch(placed.common_name)
    if matched is None:
        raise Unsupported(
            "attestation-subject", "a certificate is not named as attestations of slots are", file=placed.file,
            expected="YubiKey PIV Attestation and a slot", found=placed.certificate.subject.text[:200],
        )  # fmt: skip
    return matched[1]


def _claims(attested: tuple[Placed, ...]) -> Claims:
    first = attested[0]
    subject = first.certificate.subject.element
    serial, (firmware, element) = _serial(first), _firmware(first)
    return Claims(
        attester=AttesterClaims(
            technology=TECHNOLOGY,
            adapter_version=VERSION,
            vendor=first.claim(common.VENDOR, subject, Grade.IMPLIED),
            hwmodel=first.claim(MODEL, subject, Grade.IMPLIED),
            hwserial=serial,
            hwserial_source=None if serial is None else SerialSource.CERTIFICATE_EXTENSION,
        ),
        evidence=EvidenceClaims(digest=common.evidence_digest(attested), profile=PROFILE),
        platform=PlatformClaims(swversion=first.claim(firmware, element)),
        keys=tuple(_key(placed) for placed in attested),
        unknown=tuple(
            claim for index, placed in enumerate(attested) for claim in common.other_extensions(index, placed, _KNOWN)
        ),
    )


def _key(placed: Placed) -> KeyClaims:
    """A key in a slot: only one that was made inside gets an attestation, and the device has no way to give it out."""
    certificate = placed.certificate
    subject = certificate.subject.element
    return KeyClaims(
        spki=placed.claim(certificate.public_key.raw, certificate.public_key.element),
        identifier=placed.claim(_slot(placed), subject),
        local=placed.claim(True, subject, Grade.IMPLIED),
        extractable=placed.claim(False, subject, Grade.IMPLIED),
        never_extractable=placed.claim(True, subject, Grade.IMPLIED),
        exportable_path=placed.claim(ExportPath.NONE, subject, Grade.IMPLIED),
    )


def _signer_findings(signer: Placed, claims: Claims) -> Iterator[Finding]:
    """Whether the signer is what the factory puts into slot f9: it states the firmware that it was made for."""
    element = signer.extension(FIRMWARE)
    version = claims.platform.swversion
    if element is None:
        yield Finding(
            code="not-a-factory-key", outcome=Outcome.FAILED, subject="manufacturer/0",
            expected="a certificate that states a firmware version", found=signer.certificate.subject.text,
            source=signer.source(signer.certificate.element),
        )  # fmt: skip
    elif version is not None:
        found, _ = _firmware(signer)
        yield same_finding("firmware", "manufacturer/0", version.value, found, signer.source(element))


def _findings(index: int, placed: Placed, chain: Chain, claims: Claims) -> Iterator[Finding]:
    subject = f"keys/{index}/certificate"
    yield from common.key_findings(index, placed, chain)
    if index and claims.platform.swversion is not None:
        version, element = _firmware(placed)
        yield same_finding("firmware", subject, claims.platform.swversion.value, version, placed.source(element))
        yield _one_device(subject, placed, claims)
    yield from _policies(f"keys/{index}", placed)


def _one_device(subject: str, placed: Placed, claims: Claims) -> Finding:
    """Whether a further key is of the same device: the signer does not tell, because devices share it."""
    serial, first = _serial(placed), claims.attester.hwserial
    source = placed.source(placed.certificate.element) if serial is None else serial.source
    if serial is None and first is None:
        return Finding(code="serial-absent", outcome=Outcome.NOT_EVALUATED, subject=subject, source=source)
    expected, found = ("none" if claim is None else claim.value for claim in (first, serial))
    return same_finding("serial", subject, expected, found, source)


def _policies(subject: str, placed: Placed) -> Iterator[Finding]:
    policies = placed.extension(POLICIES)
    if policies is not None:
        pin, touch = _exactly(policies, 2, placed)
        yield shown("pin-policy", subject, _PIN.get(pin, f"value {pin}"), placed.source(policies))
        yield shown("touch-policy", subject, _TOUCH.get(touch, f"value {touch}"), placed.source(policies))
    form = placed.extension(FORM_FACTOR)
    if form is not None:
        (value,) = _exactly(form, 1, placed)
        name = _FORM.get(value & ~_FIPS_BIT, f"value {value}") + (", FIPS" if value & _FIPS_BIT else "")
        yield shown("form-factor", subject, name, placed.source(form))


def _exactly(element: Element, size: int, placed: Placed) -> bytes:
    with placed.reading():
        if element.length != size:
            raise bad("claim-value", f"an extension is not {size} bytes", element.offset)
    return element.content
