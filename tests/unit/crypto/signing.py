"""Signatures made for tests: by ``cryptography`` where it can, by the bare RSA operation where it refuses to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vaultproof.crypto import Algorithm, Backend, SignatureCheck, run_to_completion
from vaultproof.crypto.algorithms import SCHEMES, Kind
from vaultproof.crypto.curves import Curve
from vaultproof.errors import VaultproofError

MESSAGE = b"a message that was signed"
HASHES: dict[int, hashes.HashAlgorithm] = {256: hashes.SHA256(), 384: hashes.SHA384(), 512: hashes.SHA512()}
PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def spki(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@cache
def ed25519_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"an Ed25519 key for tests").digest())


@cache
def ec_key(curve: Curve) -> ec.EllipticCurvePrivateKey:
    engine_curve = {Curve.P256: ec.SECP256R1(), Curve.P384: ec.SECP384R1()}[curve]
    return ec.derive_private_key(int.from_bytes(hashlib.sha256(b"an EC key for tests").digest(), "big"), engine_curve)


@cache
def rsa_key(bits: int = 3072, exponent: int = 65537) -> rsa.RSAPrivateKey:
    if exponent not in (3, 65537):
        raise ValueError("cryptography makes keys with these exponents only")
    return rsa.generate_private_key(exponent, bits)


def key_for(algorithm: Algorithm) -> PrivateKey:
    scheme = SCHEMES[algorithm]
    if scheme.kind is Kind.ED25519:
        return ed25519_key()
    return ec_key(scheme.curve) if scheme.curve is not None else rsa_key()


def sign(algorithm: Algorithm, key: PrivateKey, message: bytes = MESSAGE) -> bytes:
    scheme = SCHEMES[algorithm]
    digest = HASHES[scheme.hash_bits]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(digest))
    if scheme.kind is Kind.RSA_PSS:
        return key.sign(message, padding.PSS(mgf=padding.MGF1(digest), salt_length=scheme.hash_bytes), digest)
    return key.sign(message, padding.PKCS1v15(), digest)


def signed(algorithm: Algorithm, key: PrivateKey | None = None) -> SignatureCheck:
    """A check that holds."""
    key = key or key_for(algorithm)
    return SignatureCheck(algorithm=algorithm, public_key=spki(key), message=MESSAGE, signature=sign(algorithm, key))


def rsa_private_operation(key: rsa.RSAPrivateKey, encoded: bytes) -> bytes:
    """RSASP1 of RFC 8017, 5.2.1 on an encoded message of our own making."""
    numbers = key.private_numbers()
    modulus = numbers.public_numbers.n
    return pow(int.from_bytes(encoded, "big"), numbers.d, modulus).to_bytes((modulus.bit_length() + 7) // 8, "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a check was refused with."""

    family: str
    code: str


def refusal(backend: Backend, check: SignatureCheck) -> Refusal | None:
    """How the backend refuses the check; None when it accepts."""
    try:
        run_to_completion(backend.verify(check))
    except VaultproofError as error:
        return Refusal(family=type(error).__name__, code=error.code)
    return None
