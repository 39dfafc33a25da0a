"""What each signature algorithm consists of, for the strictness rules and for every backend."""

from __future__ import annotations

from enum import StrEnum

from vaultproof.crypto.curves import Curve
from vaultproof.crypto.port import Algorithm
from vaultproof.frozen import frozen


class Kind(StrEnum):
    """Signature schemes: RFC 8032 (Ed25519), FIPS 186-5 (ECDSA), RFC 8017, 8.1 (PSS) and 8.2 (PKCS #1 v1.5)."""

    ED25519 = "ed25519"
    ECDSA = "ecdsa"
    RSA_PSS = "rsa-pss"
    RSA_PKCS1 = "rsa-pkcs1"


@frozen
class Scheme:
    """The parts of an algorithm.

    ``curve`` is set for ECDSA alone.  ``hash_bits`` is the output of SHA-2 in bits; with PSS the mask generation is
    MGF1 with the same hash, and the salt is as long as the hash: no other parameters are verified.
    """

    kind: Kind
    hash_bits: int
    curve: Curve | None = None

    @property
    def hash_bytes(self) -> int:
        """Length of the hash, and of a PSS salt, in bytes."""
        return self.hash_bits // 8


SCHEMES = {
    Algorithm.ED25519: Scheme(kind=Kind.ED25519, hash_bits=512),
    Algorithm.ECDSA_P256_SHA256: Scheme(kind=Kind.ECDSA, hash_bits=256, curve=Curve.P256),
    Algorithm.ECDSA_P256_SHA384: Scheme(kind=Kind.ECDSA, hash_bits=384, curve=Curve.P256),
    Algorithm.ECDSA_P384_SHA256: Scheme(kind=Kind.ECDSA, hash_bits=256, curve=Curve.P384),
    Algorithm.ECDSA_P384_SHA384: Scheme(kind=Kind.ECDSA, hash_bits=384, curve=Curve.P384),
    Algorithm.RSA_PSS_SHA256: Scheme(kind=Kind.RSA_PSS, hash_bits=256),
    Algorithm.RSA_PSS_SHA384: Scheme(kind=Kind.RSA_PSS, hash_bits=384),
    Algorithm.RSA_PSS_SHA512: Scheme(kind=Kind.RSA_PSS, hash_bits=512),
    Algorithm.RSA_PKCS1_SHA256: Scheme(kind=Kind.RSA_PKCS1, hash_bits=256),
    Algorithm.RSA_PKCS1_SHA384: Scheme(kind=Kind.RSA_PKCS1, hash_bits=384),
    Algorithm.RSA_PKCS1_SHA512: Scheme(kind=Kind.RSA_PKCS1, hash_bits=512),
}
"""The parts of each algorithm; every member of ``Algorithm`` is here (a test holds it)."""
