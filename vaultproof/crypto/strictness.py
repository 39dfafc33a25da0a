"""The rules that run before every backend, so that every engine gives the same answer for the same bytes.

Engines differ at the edges: OpenSSL and browsers accept Ed25519 keys of small order, one browser accepts ECDSA
signatures of the wrong length, and each has its own idea of a weak key.  None of that reaches an engine.  After these
rules a cofactorless Ed25519 verifier accepts what a strict one does (as ``verify_strict`` of ed25519-dalek), and what
is left to the engine is the equation: PKCS #1 v1.5 by re-encoding and comparing (RFC 8017, 8.2.2), PSS with the one set
of parameters in ``algorithms``.  Vectors hold both in every engine.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from vaultproof.crypto import ecdsa_encoding
from vaultproof.crypto.algorithms import SCHEMES, Kind, Scheme
from vaultproof.crypto.curves import PARAMETERS
from vaultproof.crypto.edwards25519 import ORDER, PRIME, SMALL_ORDER_ENCODINGS, Y_MASK
from vaultproof.crypto.keys import EcKey, Ed25519Key, PublicKey, RsaKey, read_public_key
from vaultproof.crypto.port import SignatureCheck, SignatureEncoding
from vaultproof.errors import Malformed, Mismatch, Unsupported, Untrusted

LOWEST_RSA_BITS = 2048
"""No profile may set its floor lower: below it engines differ, and NIST SP 800-131A allows no new signatures."""

MAXIMUM_RSA_BITS = 8192
"""Larger keys are refused here, because engines draw that line at different sizes, and because they cost time."""


class Prepared(NamedTuple):
    """A check that passed the rules, in the forms that engines ask for.

    ``raw`` and ``der`` are the same signature: for ECDSA as r || s (WebCrypto) and as DER (OpenSSL), for Ed25519 and
    RSA both as it came.  A named tuple, because one is made for every record of a log, and a frozen dataclass takes
    three times as long to make.
    """

    scheme: Scheme
    key: PublicKey
    raw: bytes
    der: bytes


def check(signature_check: SignatureCheck, *, read_key: Callable[[bytes], PublicKey] = read_public_key) -> Prepared:
    """Everything about a check that needs no engine; ``read_key`` lets a backend remember the keys it has read.

    Raises ``Malformed`` for a key (``der-...``, ``key-encoding``, ``key-point``) or a signature (``signature-length``,
    ``signature-encoding``, ``signature-range``, ``signature-point``) that its standard does not allow,
    ``Mismatch("key-algorithm-mismatch")`` when the key is of another kind or curve than the algorithm,
    ``Mismatch("bad-signature")`` for an R of small order, ``Untrusted("weak-key")`` for a key of small order or under
    the size floor, ``Untrusted("key-exponent")`` for an RSA exponent that is not allowed here, and ``Unsupported``
    (``key-algorithm``, ``key-curve``, ``key-size``) for keys that are not verified here.
    """
    scheme = SCHEMES[signature_check.algorithm]
    key = read_key(signature_check.public_key)
    signature = signature_check.signature
    if scheme.kind is Kind.ED25519 and isinstance(key, Ed25519Key):
        _check_ed25519(key, signature)
        return Prepared(scheme, key, signature, signature)
    if isinstance(key, EcKey) and key.curve is scheme.curve:
        return _check_ecdsa(scheme, key, signature_check)
    if isinstance(key, RsaKey) and scheme.kind in (Kind.RSA_PSS, Kind.RSA_PKCS1):
        _check_rsa_key(key, signature_check)
        _check_rsa_signature(key, signature)
        return Prepared(scheme=scheme, key=key, raw=signature, der=signature)
    raise Mismatch(
        "key-algorithm-mismatch",
        "the key is of another kind than the algorithm",
        expected=f"a key for {signature_check.algorithm.value}",
        found=f"{key.curve.value} key" if isinstance(key, EcKey) else f"{type(key).__name__.removesuffix('Key')} key",
    )


def _check_ed25519(key: Ed25519Key, signature: bytes) -> None:
    """RFC 8032, 5.1.7, and no point of small order; that the key encodes a point is known since it was read."""
    if key.raw in SMALL_ORDER_ENCODINGS:
        raise Untrusted("weak-key", "the Ed25519 key is a point of small order", found=key.raw.hex())
    if len(signature) != 64:
        raise _bad_length("Ed25519", 64, signature)
    # The highest octet decides nearly always, without making a number of all of them: L lies just above 2^252, and p
    # just below 2^255.
    if signature[63] >= 0x10 and int.from_bytes(signature[32:], "little") >= ORDER:
        raise Malformed("signature-range", "S of the Ed25519 signature is not below the order of the group")
    commitment = signature[:32]
    if signature[31] & 0x7F == 0x7F and int.from_bytes(commitment, "little") & Y_MASK >= PRIME:
        raise Malformed("signature-point", "R of the Ed25519 signature is not in its one encoding")
    if commitment in SMALL_ORDER_ENCODINGS:
        raise Mismatch("bad-signature", "R of the Ed25519 signature is a point of small order", found=commitment.hex())


def _check_ecdsa(scheme: Scheme, key: EcKey, signature_check: SignatureCheck) -> Prepared:
    """FIPS 186-5, 6.4.2, step 1: r and s from 1 to the order less one."""
    curve, signature = key.curve, signature_check.signature
    is_der = signature_check.encoding is SignatureEncoding.DER
    r, s = (ecdsa_encoding.decode_der if is_der else ecdsa_encoding.decode_raw)(signature, curve)
    order = PARAMETERS[curve].order
    if not (0 < r < order and 0 < s < order):
        raise Malformed("signature-range", "r or s of the ECDSA signature is not from 1 to the order less one")
    if is_der:
        return Prepared(scheme=scheme, key=key, raw=ecdsa_encoding.encode_raw(r, s, curve), der=signature)
    return Prepared(scheme=scheme, key=key, raw=signature, der=ecdsa_encoding.encode_der(r, s))


def _check_rsa_key(key: RsaKey, signature_check: SignatureCheck) -> None:
    bits, floor = key.modulus.bit_length(), max(signature_check.minimum_rsa_bits, LOWEST_RSA_BITS)
    if bits < floor:
        raise Untrusted(
            "weak-key",
            "the RSA key is too short",
            expected=f"at least {floor} bits",
            found=f"{bits} bits",
        )
    if bits > MAXIMUM_RSA_BITS:
        raise Unsupported(
            "key-size", "the RSA key is too long", expected=f"at most {MAXIMUM_RSA_BITS} bits", found=f"{bits} bits"
        )
    if key.exponent not in signature_check.rsa_exponents:
        raise Untrusted(
            "key-exponent",
            "the RSA key has an exponent that is not allowed here",
            expected=" or ".join(map(str, signature_check.rsa_exponents)),
            found=str(key.exponent) if key.exponent.bit_length() <= 64 else f"{key.exponent.bit_length()} bits",
        )


def _check_rsa_signature(key: RsaKey, signature: bytes) -> None:
    """RFC 8017, 5.2.2 and 8.2.2, step 1: exactly as long as the modulus, and as a number below it."""
    if len(signature) != key.size:
        raise _bad_length("RSA", key.size, signature)
    if int.from_bytes(signature, "big") >= key.modulus:
        raise Malformed("signature-range", "the RSA signature is not below the modulus")


def _bad_length(kind: str, expected: int, signature: bytes) -> Malformed:
    return Malformed(
        "signature-length",
        f"the {kind} signature has the wrong length",
        expected=f"{expected} bytes",
        found=f"{len(signature)} bytes",
    )
