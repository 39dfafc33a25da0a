"""Makers of the older kind for tests: RSA keys, and certificates of any version, name, serial number and extensions."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.unit.attestation.fixed_keys import STEPS, fixed_key
from vaultproof.asn1 import oids, writer
from vaultproof.attestation.anchors import TrustAnchor

FROM = datetime(2020, 1, 1, tzinfo=UTC)
UNTIL = datetime(2040, 1, 1, tzinfo=UTC)
SHA256_WITH_RSA = writer.sequence(writer.oid(oids.SHA256_WITH_RSA), writer.null())


@cache  # of any number: a key that is forgotten is made anew, and is another one than its anchor has
def key(label: str) -> rsa.RSAPrivateKey:
    """One key a label for the whole run; a label that begins with ``e3`` has the public exponent 3.

    Those of ``fixed_keys`` are the same in every run.
    """
    if label in STEPS:
        return fixed_key(label)
    return rsa.generate_private_key(3 if label.startswith("e3") else 65537, 2048)


def spki(label: str) -> bytes:
    return key(label).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(label: str) -> str:
    return sha256(spki(label)).hexdigest()


def sign(label: str, message: bytes) -> bytes:
    return key(label).sign(message, padding.PKCS1v15(), hashes.SHA256())


def name(*parts: tuple[str, str]) -> bytes:
    """A name with one attribute a part, given by OID."""
    return writer.sequence(
        *(writer.set_of(writer.sequence(writer.oid(oid), writer.utf8_string(text))) for oid, text in parts)
    )


def common(text: str) -> bytes:
    return name((oids.COMMON_NAME, text))


def certificate(
    label: str, subject: bytes, issuer: bytes, signer: str, *extensions: bytes, version: int = 3, serial: int = 1,
    public: bytes | None = None,
) -> bytes:  # fmt: skip
    """A certificate of ``label``'s key (or of ``public``) by ``signer``."""
    validity = writer.sequence(writer.utc_time(FROM), writer.utc_time(UNTIL))
    tbs = writer.sequence(
        b"" if version == 1 else writer.explicit(0, writer.integer(version - 1)), writer.integer(serial),
        SHA256_WITH_RSA, issuer, validity, subject, spki(label) if public is None else public,
        writer.explicit(3, writer.sequence(*extensions)) if extensions else b"",
    )  # fmt: skip
    return writer.sequence(tbs, SHA256_WITH_RSA, writer.bit_string(sign(signer, tbs)))


def anchor(label: str, technology: str, purpose: str = "manufacturer", *, rsa_exponent: int = 65537) -> TrustAnchor:
    return TrustAnchor(
        id=f"{label}-anchor", technology=technology, name=label, spki_sha256=fingerprint(label), spki=spki(label),
        purpose=purpose, minimum_rsa_bits=2048, rsa_exponent=rsa_exponent,
    )  # fmt: skip
