"""Writes PKIX Evidence of profile draft-07: for rehearsals, tests, and a program in a device that reports itself.

The values are typed; what the reader would refuse (a repeated claim, a foreign element) cannot be said with them::

    tbs = encode_tbs(TransactionValues(...), PlatformValues(...), [KeyValues(...)])
    evidence = encode_evidence(tbs, Signer(certificate=der), Algorithm.ECDSA_P256_SHA256, signature, [intermediate])
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from vaultproof.asn1 import oids, writer
from vaultproof.attestation.claims import DebugState, Measurement
from vaultproof.attestation.pkix_evidence_claims import model_octets
from vaultproof.attestation.pkix_evidence_profile import (
    CLAIM_OIDS,
    DEBUG_STATES,
    ELEMENT_OIDS,
    PURPOSE_OIDS,
    ElementType,
)
from vaultproof.crypto.port import Algorithm
from vaultproof.frozen import frozen


@frozen
class TransactionValues:
    """The transaction element: nonce, the device's own time (whole seconds), the signer's SubjectPublicKeyInfo."""

    nonce: bytes
    timestamp: datetime
    ak_spki: bytes


@frozen
class PlatformValues:
    """The platform element; what is None is left out.  ``hwmodel`` is spelt as ``model_text`` spells it."""

    vendor: str | None = None
    oemid: bytes | None = None
    hwmodel: str | None = None
    hwversion: str | None = None
    hwserial: str | None = None
    swname: str | None = None
    swversion: str | None = None
    dbgstat: DebugState | None = None
    uptime: int | None = None
    bootcount: int | None = None
    fipsboot: bool | None = None
    fipsver: str | None = None
    fipslevel: int | None = None
    fipsmodule: str | None = None
    measurements: tuple[Measurement, ...] = ()


@frozen
class KeyValues:
    """One key element; what is None is left out.  ``purposes`` are names of the profile or dotted identifiers."""

    identifier: str
    spki: bytes | None = None
    role: str | None = None
    local: bool | None = None
    extractable: bool | None = None
    never_extractable: bool | None = None
    sensitive: bool | None = None
    purposes: tuple[str, ...] = ()
    expiry: datetime | None = None


@frozen
class Signer:
    """How the block names its signer: one or more of certificate (DER), SubjectPublicKeyInfo, key identifier."""

    certificate: bytes | None = None
    spki: bytes | None = None
    key_id: bytes | None = None


def encode_tbs(transaction: TransactionValues, platform: PlatformValues, keys: Iterable[KeyValues]) -> bytes:
    """The part that the attestation key signs.  Raises ``ValueError`` for a value that its claim type cannot hold."""
    return writer.sequence(
        writer.integer(1),
        writer.sequence(
            _element(ElementType.TRANSACTION, _transaction(transaction)),
            _element(ElementType.PLATFORM, _platform(platform)),
            *(_element(ElementType.KEY, _key(key)) for key in keys),
        ),
    )


def encode_evidence(
    tbs: bytes, signer: Signer, algorithm: Algorithm, signature: bytes, intermediates: Sequence[bytes] = ()
) -> bytes:
    """The whole Evidence: ``tbs`` with its one signature and, if any, the DER certificates above the signer's.

    The list of certificates is tagged as the draft's samples tag it.  Raises ``ValueError`` for an algorithm that the
    profile has no identifier for, and for a signer that is not named.
    """
    named = [
        writer.explicit(number, value)
        for number, value in enumerate(
            (None if signer.key_id is None else writer.octet_string(signer.key_id), signer.spki, signer.certificate)
        )
        if value is not None
    ]
    if not named or algorithm not in _ALGORITHMS:
        raise ValueError("a signer must be named, and its algorithm must be one that this profile can name")
    block = writer.sequence(writer.sequence(*named), _ALGORITHMS[algorithm], writer.octet_string(signature))
    carried = (writer.explicit(0, b"".join(intermediates)),) if intermediates else ()
    return writer.sequence(tbs, writer.sequence(block), *carried)


def _element(kind: ElementType, claims: Mapping[str, bytes | None]) -> bytes:
    encoded = (
        writer.sequence(writer.oid(CLAIM_OIDS[kind, name]), value)
        for name, value in claims.items()
        if value is not None
    )
    return writer.sequence(writer.oid(ELEMENT_OIDS[kind]), writer.sequence(*encoded))


def _transaction(values: TransactionValues) -> Mapping[str, bytes | None]:
    return {
        "nonce": writer.octet_string(values.nonce),
        "timestamp": writer.generalized_time(values.timestamp),
        "ak-spki": writer.octet_string(values.ak_spki),
    }


def _platform(values: PlatformValues) -> Mapping[str, bytes | None]:
    numbers = {name: number for number, name in DEBUG_STATES.items()}
    return {
        "vendor": _text(values.vendor),
        "oemid": None if values.oemid is None else writer.octet_string(values.oemid),
        "hwmodel": None if values.hwmodel is None else writer.octet_string(model_octets(values.hwmodel)),
        "hwversion": _text(values.hwversion),
        "hwserial": _text(values.hwserial),
        "swname": _text(values.swname),
        "swversion": _text(values.swversion),
        "dbgstat": None if values.dbgstat is None else writer.integer(numbers[values.dbgstat.value]),
        "uptime": _number(values.uptime),
        "bootcount": _number(values.bootcount),
        "fipsboot": _flag(values.fipsboot),
        "fipsver": _text(values.fipsver),
        "fipslevel": _number(values.fipslevel),
        "fipsmodule": _text(values.fipsmodule),
        "measurement": writer.sequence(*map(_measurement, values.measurements)) if values.measurements else None,
    }


def _key(values: KeyValues) -> Mapping[str, bytes | None]:
    purposes = [writer.oid(PURPOSE_OIDS.get(name, name)) for name in values.purposes]
    return {
        "identifier": _text(values.identifier),
        "spki": None if values.spki is None else writer.octet_string(values.spki),
        "extractable": _flag(values.extractable),
        "sensitive": _flag(values.sensitive),
        "never-extractable": _flag(values.never_extractable),
        "local": _flag(values.local),
        "expiry": None if values.expiry is None else writer.generalized_time(values.expiry),
        "purpose": writer.sequence(*purposes) if purposes else None,
        "role": _text(values.role),
    }


def _measurement(value: Measurement) -> bytes:
    algorithms = {name: oid for oid, name in oids.DIGEST_NAMES.items()}
    return writer.sequence(
        writer.oid(algorithms[value.algorithm]),
        writer.octet_string(bytes.fromhex(value.digest)),
        writer.utf8_string(value.component),
    )


def _text(value: str | None) -> bytes | None:
    return None if value is None else writer.utf8_string(value)


def _number(value: int | None) -> bytes | None:
    return None if value is None else writer.integer(value)


def _flag(value: bool | None) -> bytes | None:
    return None if value is None else writer.boolean(value)


_ALGORITHMS: Mapping[Algorithm, bytes] = MappingProxyType(
    {
        Algorithm.ED25519: writer.sequence(writer.oid(oids.ED25519)),
        Algorithm.ECDSA_P256_SHA256: writer.sequence(writer.oid(oids.ECDSA_WITH_SHA256)),
        Algorithm.ECDSA_P256_SHA384: writer.sequence(writer.oid(oids.ECDSA_WITH_SHA384)),
        Algorithm.ECDSA_P384_SHA256: writer.sequence(writer.oid(oids.ECDSA_WITH_SHA256)),
        Algorithm.ECDSA_P384_SHA384: writer.sequence(writer.oid(oids.ECDSA_WITH_SHA384)),
        Algorithm.RSA_PKCS1_SHA256: writer.sequence(writer.oid(oids.SHA256_WITH_RSA), writer.null()),
        Algorithm.RSA_PKCS1_SHA384: writer.sequence(writer.oid(oids.SHA384_WITH_RSA), writer.null()),
        Algorithm.RSA_PKCS1_SHA512: writer.sequence(writer.oid(oids.SHA512_WITH_RSA), writer.null()),
    }
)
