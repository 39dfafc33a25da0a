"""From the elements of PKIX Evidence to normalised claims: all ``attested`` but the time, which is a clock's word."""

from __future__ import annotations

import hashlib

from vaultproof.asn1.content import bad
from vaultproof.asn1.der import Element
from vaultproof.asn1.keyinfo import read_public_key
from vaultproof.asn1.oids import DIGEST_BYTES, DIGEST_NAMES
from vaultproof.attestation.claims import (
    AttesterClaims,
    Claim,
    Claims,
    DebugState,
    EvidenceClaims,
    Grade,
    KeyClaims,
    Measurement,
    PlatformClaims,
    SerialSource,
)
from vaultproof.attestation.pkix_evidence_format import MAX_PURPOSES, MAX_TEXT, Evidence, ReportedElement
from vaultproof.attestation.pkix_evidence_profile import DEBUG_STATES, PROFILE, PURPOSES_BY_OID, TECHNOLOGY
from vaultproof.errors import Unsupported
from vaultproof.strict.text import is_plain

MAX_MEASUREMENTS = 64
HEX_PREFIX = "hex:"
"""Marks a model that is given as hex, because its bytes are no printable text."""


def normalise(evidence: Evidence, data: bytes, identity: Claim[str], adapter_version: str) -> Claims:
    """The claims of one Evidence; ``data`` its bytes, ``identity`` the key that stands for the device.

    Raises ``Malformed`` for a value that its claim type does not allow, a claim that the profile demands and that is
    absent, or two key elements for one key; ``Unsupported`` for a digest that this verifier does not know.
    """
    transaction, platform = evidence.transaction, evidence.platform
    serial = platform.text("hwserial")
    return Claims(
        attester=AttesterClaims(
            technology=TECHNOLOGY,
            adapter_version=adapter_version,
            vendor=platform.text("vendor"),
            oemid=_hex(platform.octets("oemid")),
            hwmodel=_model(platform.octets("hwmodel")),
            hwversion=platform.text("hwversion"),
            hwserial=serial,
            hwserial_source=None if serial is None else SerialSource.EVIDENCE_CLAIM,
            device_identity=identity,
        ),
        evidence=EvidenceClaims(
            digest=hashlib.sha256(data).hexdigest(),
            profile=PROFILE,
            nonce=transaction.required("nonce", transaction.octets("nonce")),
            iat=transaction.required("timestamp", transaction.time("timestamp", Grade.ASSERTED)),
        ),
        platform=_platform(platform),
        keys=_keys(evidence.keys),
        unknown=(
            *(claim for element in (transaction, platform, *evidence.keys) for claim in element.unknown),
            *evidence.unknown,
        ),
    )


def _platform(platform: ReportedElement) -> PlatformClaims:
    debug = platform.number("dbgstat")
    return PlatformClaims(
        swname=platform.text("swname"),
        swversion=platform.text("swversion"),
        measurements=_measurements(platform),
        dbgstat=None if debug is None else _replace(debug, DebugState(DEBUG_STATES.get(debug.value, "unknown"))),
        uptime=platform.number("uptime"),
        bootcount=platform.number("bootcount"),
        fipsboot=platform.boolean("fipsboot"),
        fipsver=platform.text("fipsver"),
        fipslevel=platform.number("fipslevel", minimum=1, maximum=4),
        fipsmodule=platform.text("fipsmodule"),
    )


def _keys(elements: tuple[ReportedElement, ...]) -> tuple[KeyClaims, ...]:
    keys = tuple(_key(element) for element in elements)
    for name in ("spki", "identifier"):
        seen: set[bytes | str] = set()
        for element, key in zip(elements, keys, strict=True):
            claim: Claim[bytes] | Claim[str] | None = getattr(key, name)
            if claim is not None and claim.value in seen:
                raise bad("same-key-twice", f"two key elements have the same {name}", element.element.offset)
            if claim is not None:
                seen.add(claim.value)
    return keys


def _key(element: ReportedElement) -> KeyClaims:
    spki = element.value("spki")
    if spki is not None:
        read_public_key(spki.nested("a key's spki"), "a key's spki")
    return KeyClaims(
        spki=element.octets("spki"),
        identifier=element.required("identifier", element.text("identifier")),
        role=element.text("role"),
        local=element.boolean("local"),
        extractable=element.boolean("extractable"),
        never_extractable=element.boolean("never-extractable"),
        sensitive=element.boolean("sensitive"),
        purposes=_purposes(element),
        expiry=element.time("expiry"),
    )


def _purposes(element: ReportedElement) -> Claim[tuple[str, ...]] | None:
    value = element.value("purpose")
    if value is None:
        return None
    found = tuple(item.oid("a key purpose") for item in value.sequence("key purposes").rest())
    if len(found) > MAX_PURPOSES or len(set(found)) != len(found):
        raise bad("claim-value", "key purposes are too many or repeated", value.offset)
    purposes = tuple(PURPOSES_BY_OID.get(oid, oid) for oid in found)
    return Claim(value=purposes, grade=Grade.ATTESTED, source=element.where.source(value))


def _measurements(platform: ReportedElement) -> Claim[tuple[Measurement, ...]] | None:
    value = platform.value("measurement")
    if value is None:
        return None
    found = tuple(_measurement(item) for item in value.sequence("measurements").rest())
    components = {measurement.component for measurement in found}
    if not 0 < len(found) <= MAX_MEASUREMENTS or len(components) != len(found):
        raise bad("claim-value", "measurements are none, too many, or two of one component", value.offset)
    return Claim(value=found, grade=Grade.ATTESTED, source=platform.where.source(value))


def _measurement(element: Element) -> Measurement:
    """Our own type: ``SEQUENCE { algorithm OBJECT IDENTIFIER, digest OCTET STRING, component UTF8String }``."""
    fields = element.sequence("a measurement")
    oid = fields.oid("digest algorithm")
    digest = fields.octets("digest")
    component = fields.utf8("component")
    fields.finish()
    if oid not in DIGEST_NAMES:
        raise Unsupported("digest-algorithm", "a measurement uses a digest that this verifier does not know", found=oid)
    name = DIGEST_NAMES[oid]
    if len(digest) != DIGEST_BYTES[name]:
        raise bad("claim-value", f"a {name} digest has the wrong length", element.offset, found=f"{len(digest)} bytes")
    if not 0 < len(component) <= MAX_TEXT or not is_plain(component):
        raise bad("claim-value", "a measured component has no printable name", element.offset)
    return Measurement(algorithm=name, digest=digest.hex(), component=component)


def _hex(claim: Claim[bytes] | None) -> Claim[str] | None:
    return None if claim is None else Claim(value=claim.value.hex(), grade=claim.grade, source=claim.source)


def _model(claim: Claim[bytes] | None) -> Claim[str] | None:
    """A model is octets that are mostly text (RFC 9711, 4.2.4): printable ASCII as it is, anything else as hex."""
    if claim is None:
        return None
    return Claim(value=model_text(claim.value), grade=claim.grade, source=claim.source)


def model_text(octets: bytes) -> str:
    """One spelling for every model: printable ASCII as it is, all else as ``hex:`` and lower-case hex."""
    text = octets.decode("ascii", "replace")
    if text.isascii() and text.isprintable() and not text.startswith(HEX_PREFIX):
        return text
    return HEX_PREFIX + octets.hex()


def model_octets(text: str) -> bytes:
    """The octets that ``model_text`` shows as ``text``.  Raises ``ValueError`` for what it never shows."""
    octets = bytes.fromhex(text.removeprefix(HEX_PREFIX)) if text.startswith(HEX_PREFIX) else text.encode("ascii")
    if model_text(octets) != text:
        raise ValueError(f"not how a model is written: {text!r}")
    return octets


def _replace(claim: Claim[int], value: DebugState) -> Claim[DebugState]:
    return Claim(value=value, grade=claim.grade, source=claim.source)
