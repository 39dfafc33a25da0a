"""Public keys: strict reading of a DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) into a typed key, and writing some.

One encoding per key is read.  AlgorithmIdentifier parameters must be absent for Ed25519 (RFC 8410, 3), NULL for RSA
(RFC 3279, 2.3.1) and a named curve for EC keys (RFC 5480, 2.1.1); EC points must be uncompressed.
"""

from __future__ import annotations

from functools import lru_cache

from vaultproof.asn1 import der
from vaultproof.crypto.curves import CURVES_BY_OID, Curve, check_point
from vaultproof.crypto.edwards25519 import decode_point
from vaultproof.errors import Malformed, Unsupported
from vaultproof.frozen import frozen

REMEMBERED_KEYS = 64
"""Keys whose SubjectPublicKeyInfo is kept: a log has one key, and is asked for it a million times."""

ED25519_OID = "1.3.101.112"
EC_OID = "1.2.840.10045.2.1"
RSA_OID = "1.2.840.113549.1.1.1"

_ED25519_PREFIX = bytes.fromhex("302a300506032b6570032100")
_X25519_PREFIX = bytes.fromhex("302a300506032b656e032100")
_P256_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")


@frozen
class Ed25519Key:
    """An Ed25519 public key: the 32 bytes of RFC 8032, 5.1.5, which encode a point of the curve in its one encoding."""

    raw: bytes


@frozen
class EcKey:
    """An EC public key: ``point`` is 04, x, y (SEC 1, 2.3.3), and lies on ``curve``."""

    curve: Curve
    point: bytes


@frozen
class RsaKey:
    """An RSA public key (RFC 8017, 3.1): an odd ``modulus`` and an odd ``exponent`` of at least 3 below it."""

    modulus: int
    exponent: int

    @property
    def size(self) -> int:
        """Length of the modulus, and so of every signature, in bytes."""
        return (self.modulus.bit_length() + 7) // 8


PublicKey = Ed25519Key | EcKey | RsaKey


def read_public_key(spki: bytes) -> PublicKey:
    """The key in a DER SubjectPublicKeyInfo.

    Says nothing about its strength: ``strictness.check`` does.  Raises ``Malformed`` (``der-...``, ``key-encoding``,
    ``key-point``) for anything but the one right encoding, ``Unsupported("key-algorithm")`` and
    ``Unsupported("key-curve")`` for kinds of key that are not read here.
    """
    fields = der.parse(spki).sequence("SubjectPublicKeyInfo")
    algorithm = fields.sequence("AlgorithmIdentifier")
    subject = fields.bits("subjectPublicKey")
    fields.finish()
    if subject.unused:
        raise _bad_key("a whole number of bytes", f"{subject.unused} unused bits")
    kind = algorithm.oid("key algorithm")
    if kind == ED25519_OID:
        algorithm.finish()
        return _ed25519_key(subject.octets)
    if kind == EC_OID:
        curve = algorithm.oid("named curve")
        algorithm.finish()
        return _ec_key(curve, subject.octets)
    if kind == RSA_OID:
        algorithm.null("RSA parameters")
        algorithm.finish()
        return _rsa_key(subject.octets)
    raise Unsupported("key-algorithm", "this kind of public key is not known here", found=kind)


def _ed25519_key(raw: bytes) -> Ed25519Key:
    if len(raw) != 32:
        raise _bad_key("32 bytes for an Ed25519 key", f"{len(raw)} bytes")
    decode_point(raw)
    return Ed25519Key(raw=raw)


def _ec_key(oid: str, point: bytes) -> EcKey:
    curve = CURVES_BY_OID.get(oid)
    if curve is None:
        raise Unsupported("key-curve", "this curve is not known here", expected="P-256 or P-384", found=oid)
    check_point(curve, point)
    return EcKey(curve=curve, point=point)


def _rsa_key(encoded: bytes) -> RsaKey:
    fields = der.parse(encoded).sequence("RSAPublicKey")
    modulus, exponent = fields.integer("modulus"), fields.integer("publicExponent")
    fields.finish()
    if modulus < 0 or modulus % 2 == 0:
        raise _bad_key("an RSA modulus that is positive and odd", "one that is not")
    if not 3 <= exponent < modulus or exponent % 2 == 0:
        raise _bad_key("an odd RSA exponent from 3 up to the modulus", "another one")
    return RsaKey(modulus=modulus, exponent=exponent)


@lru_cache(REMEMBERED_KEYS)
def ed25519_spki(raw: bytes) -> bytes:
    """The DER SubjectPublicKeyInfo of a 32-byte Ed25519 key (RFC 8410, 4).  Raises ``Malformed("key-encoding")``."""
    return _ED25519_PREFIX + _exactly_32(raw)


def x25519_spki(raw: bytes) -> bytes:
    """The DER SubjectPublicKeyInfo of a 32-byte X25519 key (RFC 8410, 4).  Raises ``Malformed("key-encoding")``."""
    return _X25519_PREFIX + _exactly_32(raw)


def p256_spki(point: bytes) -> bytes:
    """The DER SubjectPublicKeyInfo of an uncompressed P-256 point (RFC 5480, 2).  Raises ``Malformed("key-point")``."""
    check_point(Curve.P256, point)
    return _P256_PREFIX + point


def _exactly_32(raw: bytes) -> bytes:
    if len(raw) != 32:
        raise _bad_key("32 bytes", f"{len(raw)} bytes")
    return raw


def _bad_key(expected: str, found: str) -> Malformed:
    return Malformed("key-encoding", "the public key is not encoded as it must be", expected=expected, found=found)
