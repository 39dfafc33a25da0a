"""From a Nitro document to normalised claims: what it signs is attested, its own time only asserted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from vaultproof.asn1.der import parse_window
from vaultproof.asn1.keyinfo import read_public_key
from vaultproof.attestation.adapter import Chain
from vaultproof.attestation.aws_nitro_chain import device_identity, site
from vaultproof.attestation.aws_nitro_document import Document, Place
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
    UnknownClaim,
)
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.cbor import Item
from vaultproof.errors import Malformed
from vaultproof.strict.encodings import format_time, from_milliseconds

TECHNOLOGY = "aws-nitro"
PROFILE = "nitro-enclave"
ADAPTER_VERSION = "1"
MODEL = "AWS Nitro Enclaves"
VENDOR = "AWS"

IMAGE_REGISTERS = (0, 1, 2)
"""Image, kernel and application: zero, all three, in an enclave that runs in debug mode."""

NO_CODE: Mapping[int, str] = MappingProxyType({3: "IAM role of the instance", 4: "id of the instance"})
"""Registers that measure who runs the code and where, not the code."""


def normalise(document: Document, data: bytes, place: Place, chain: Chain, instance: str) -> Claims:
    """The claims of one document; ``data`` its bytes, ``instance`` the id of the instance that its module names."""
    module = Claim(
        value=document.module_id.text("module_id"), grade=Grade.ATTESTED, source=place.of(document.module_id)
    )
    keys, not_keys = _keys(document, data, place)
    return Claims(
        attester=AttesterClaims(
            technology=TECHNOLOGY,
            adapter_version=ADAPTER_VERSION,
            vendor=Claim(value=VENDOR, grade=Grade.IMPLIED, source=chain.links[-1].source),
            hwmodel=Claim(value=MODEL, grade=Grade.IMPLIED, source=module.source),
            hwserial=Claim(value=instance, grade=Grade.ATTESTED, source=module.source),
            hwserial_source=SerialSource.EVIDENCE_CLAIM,
            instance_id=module,
            device_identity=device_identity(chain, place),
        ),
        evidence=EvidenceClaims(
            digest=hashlib.sha256(data).hexdigest(),
            profile=PROFILE,
            nonce=None if document.nonce is None else _octets(document.nonce, "nonce", place),
            iat=Claim(
                value=from_milliseconds(document.timestamp.integer("timestamp")),
                grade=Grade.ASSERTED,
                source=place.of(document.timestamp),
            ),
        ),
        platform=PlatformClaims(measurements=_measurements(document, place), dbgstat=_debug(document, place)),
        keys=keys,
        site=site(chain, place),
        unknown=(*not_keys, *_unknown(document, place)),
    )


def _octets(item: Item, what: str, place: Place) -> Claim[bytes]:
    return Claim(value=item.octets(what), grade=Grade.ATTESTED, source=place.of(item))


def _measurements(document: Document, place: Place) -> Claim[tuple[Measurement, ...]] | None:
    """Registers that measure code; one that is all zero has measured nothing and is none."""
    found = {
        number: item.octets("a register")
        for number, item in sorted(document.pcrs.items())
        if number not in NO_CODE and any(item.octets("a register"))
    }
    if not found:
        return None
    items = [document.pcrs[number] for number in found]
    start, end = min(item.offset for item in items), max(item.end for item in items)
    return Claim(
        value=tuple(
            Measurement(algorithm="sha-384", digest=octets.hex(), component=f"pcr{number}")
            for number, octets in found.items()
        ),
        grade=Grade.ATTESTED,
        source=place.span(start, end - start),
    )


def _debug(document: Document, place: Place) -> Claim[DebugState] | None:
    """AWS: the image registers of an enclave in debug mode are zero.  One that is zero is enough to say so."""
    registers = [document.pcrs[number] for number in IMAGE_REGISTERS if number in document.pcrs]
    zero = [item for item in registers if not any(item.octets("a register"))]
    if not zero and len(registers) < len(IMAGE_REGISTERS):
        return None
    state = DebugState.ENABLED if zero else DebugState.DISABLED
    return Claim(value=state, grade=Grade.IMPLIED, source=place.of((zero or registers)[0]))


def _keys(document: Document, data: bytes, place: Place) -> tuple[tuple[KeyClaims, ...], tuple[UnknownClaim, ...]]:
    """The key that the enclave's code put into the document; bytes that are no public key are shown as they are."""
    item = document.public_key
    if item is None:
        return (), ()
    try:
        read_public_key(parse_window(data, item.content_offset, item.end), "public_key")
    except Malformed:
        return (), (_unknown_claim("keys/0", "public_key", item, place),)
    return (KeyClaims(spki=_octets(item, "public_key", place)),), ()


def _unknown(document: Document, place: Place) -> Iterator[UnknownClaim]:
    if document.user_data is not None:
        yield _unknown_claim("evidence", "user_data", document.user_data, place)
    for name, item in document.unknown:
        yield _unknown_claim("evidence", name, item, place)


def _unknown_claim(where: str, name: str, item: Item, place: Place) -> UnknownClaim:
    return UnknownClaim(place=where, type=name, raw=item.raw, source=place.of(item))


def time_finding(claims: Claims) -> Iterator[Finding]:
    """That short-lived certificates are judged at an instant for which only the document itself stands."""
    iat = claims.evidence.iat
    if iat is not None:
        yield Finding(
            code="own-time-at-signing", outcome=Outcome.ASSERTED_ONLY, subject="evidence/iat",
            found=format_time(iat.value), grade=iat.grade, source=iat.source,
        )  # fmt: skip


def other_registers(document: Document, place: Place) -> Iterator[Finding]:
    """Registers that measure no code: shown, of no effect."""
    for number in NO_CODE:
        item = document.pcrs.get(number)
        if item is not None and any(item.octets("a register")):
            yield Finding(
                code="other-register", outcome=Outcome.NOTED, subject=f"platform/pcr{number}",
                found=item.octets("a register").hex(), required=False, grade=Grade.ATTESTED, source=place.of(item),
            )  # fmt: skip
