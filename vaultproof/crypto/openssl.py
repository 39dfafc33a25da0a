"""The crypto port on CPython, by way of ``cryptography`` (OpenSSL).  The only module that imports it: shells use it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from vaultproof.crypto import strictness
from vaultproof.crypto.algorithms import SCHEMES, Kind, Scheme
from vaultproof.crypto.curves import Curve
from vaultproof.crypto.keys import EcKey, Ed25519Key, PublicKey, read_public_key
from vaultproof.crypto.port import SignatureCheck
from vaultproof.errors import Mismatch, Unavailable

REMEMBERED_KEYS = 64
"""Keys that a backend keeps loaded: a log has one key, a fleet's chains have a few dozen."""

EngineVerify = Callable[..., None]
"""``verify`` of a loaded key: signature, message and the algorithm's arguments; raises ``InvalidSignature``."""

_HASHES: dict[int, hashes.HashAlgorithm] = {256: hashes.SHA256(), 384: hashes.SHA384(), 512: hashes.SHA512()}


def _engine_arguments(scheme: Scheme) -> tuple[object, ...]:
    digest = _HASHES[scheme.hash_bits]
    if scheme.kind is Kind.ED25519:
        return ()
    if scheme.kind is Kind.ECDSA:
        return (ec.ECDSA(digest),)
    if scheme.kind is Kind.RSA_PSS:
        return (padding.PSS(mgf=padding.MGF1(digest), salt_length=scheme.hash_bytes), digest)
    return (padding.PKCS1v15(), digest)


_ARGUMENTS = {algorithm: _engine_arguments(scheme) for algorithm, scheme in SCHEMES.items()}
_CURVES = {Curve.P256: ec.SECP256R1(), Curve.P384: ec.SECP384R1()}


class OpenSslBackend:
    """Verifies with OpenSSL, at once: it never waits.  May be shared between threads."""

    name = "openssl"

    def __init__(self) -> None:
        self._read_key: Callable[[bytes], PublicKey] = lru_cache(REMEMBERED_KEYS)(read_public_key)
        self._load_key: Callable[[bytes], EngineVerify] = lru_cache(REMEMBERED_KEYS)(
            lambda spki: _load_key(self._read_key(spki))
        )

    async def verify(self, check: SignatureCheck) -> None:
        """Return when the signature holds; raises as the port says."""
        prepared = strictness.check(check, read_key=self._read_key)
        try:
            self._load_key(check.public_key)(prepared.der, check.message, *_ARGUMENTS[check.algorithm])
        except InvalidSignature as error:
            raise Mismatch("bad-signature", f"the {check.algorithm.value} signature does not hold") from error
        except UnsupportedAlgorithm as error:
            raise _engine_cannot(check.algorithm.value, error) from error


def _load_key(key: PublicKey) -> EngineVerify:
    """The engine's key, made from what our own reader read: no second reader of DER has a say."""
    try:
        if isinstance(key, Ed25519Key):
            return ed25519.Ed25519PublicKey.from_public_bytes(key.raw).verify
        if isinstance(key, EcKey):
            return ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[key.curve], key.point).verify
        return rsa.RSAPublicNumbers(key.exponent, key.modulus).public_key().verify
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _engine_cannot("this key", error) from error


def _engine_cannot(what: str, error: Exception) -> Unavailable:
    return Unavailable(
        "engine-cannot",
        f"OpenSSL here cannot verify with {what}",
        found=str(error) or type(error).__name__,
        hint="this says nothing about the signature; check with another build of OpenSSL, or in a browser",
    )
