"""Certificates for tests, written with our own writer so that every oddity can be put in."""

from __future__ import annotations

from datetime import UTC, datetime

from vaultproof.asn1 import oids, writer

P256_SPKI = bytes.fromhex(
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
"""The generator point of P-256 as a key: well-formed, and nobody's."""

ECDSA_SHA256 = writer.sequence(writer.oid(oids.ECDSA_WITH_SHA256))
VERSION_3 = writer.explicit(0, writer.integer(2))
FROM = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = datetime(2036, 1, 1, tzinfo=UTC)


def name(*parts: tuple[str, str]) -> bytes:
    """A name with one attribute a part."""
    return writer.sequence(
        *(writer.set_of(writer.sequence(writer.oid(oid), writer.utf8_string(text))) for oid, text in parts)
    )


ROOT = name((oids.COMMON_NAME, "Root"))


def extension(oid: str, value: bytes, *flag: bytes) -> bytes:
    """One extension; ``flag`` is the encoded critical flag, if any."""
    return writer.sequence(writer.oid(oid), *flag, writer.octet_string(value))


def certificate(
    *extensions: bytes,
    version: bytes = VERSION_3,
    serial: bytes = writer.integer(7),
    algorithm: bytes = ECDSA_SHA256,
    outer: bytes | None = None,
    issuer: bytes = ROOT,
    subject: bytes = ROOT,
    validity: bytes | None = None,
    spki: bytes = P256_SPKI,
    unique: bytes = b"",
    signature: bytes = writer.bit_string(b"signature"),
) -> bytes:
    """A certificate of these parts; by default a plain version 3 one."""
    dates = writer.sequence(writer.utc_time(FROM), writer.utc_time(UNTIL)) if validity is None else validity
    held = writer.explicit(3, writer.sequence(*extensions)) if extensions else b""
    tbs = writer.sequence(version, serial, algorithm, issuer, dates, subject, spki, unique, held)
    return writer.sequence(tbs, algorithm if outer is None else outer, signature)
