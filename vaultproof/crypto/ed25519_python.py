"""Ed25519 verification in plain Python, for engines that have none.

It exists because WebCrypto has had Ed25519 in every large browser only since 2025, and not at all on pages without a
secure context.  A check takes 1 to 2 ms, in Pyodide too.  Verification touches no secret, so that time spent may depend
on the input.  The equation is the cofactorless one of RFC 8032, 5.1.7 (R is compared by its encoding): together with
``strictness`` it accepts what a strict verifier does.  Vectors and a differential test hold it to OpenSSL.
"""

from __future__ import annotations

import hashlib

from vaultproof.crypto import strictness
from vaultproof.crypto.edwards25519 import ORDER, PRIME, D, decode_point
from vaultproof.crypto.keys import Ed25519Key
from vaultproof.crypto.port import SignatureCheck
from vaultproof.errors import Mismatch, Unavailable

Point = tuple[int, int, int, int]
"""Extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z (RFC 8032, 5.1.4)."""

IDENTITY: Point = (0, 1, 1, 0)


class Ed25519PythonBackend:
    """The crypto port for Ed25519 alone; ``Unavailable("engine-cannot")`` for every other algorithm."""

    name = "python"

    async def verify(self, check: SignatureCheck) -> None:
        """Return when the signature holds; raises as the port says."""
        prepared = strictness.check(check)
        if not isinstance(prepared.key, Ed25519Key):
            raise Unavailable(
                "engine-cannot", "the plain Python engine verifies Ed25519 only", found=check.algorithm.value
            )
        if not holds(prepared.key.raw, check.message, prepared.raw):
            raise Mismatch("bad-signature", "the Ed25519 signature does not hold")


def holds(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether S*B = R + k*A for a 32-byte key and a 64-byte signature; S must have been checked to be below L.

    Raises ``Malformed("key-point")`` when the key does not encode a point.
    """
    commitment, scalar = signature[:32], int.from_bytes(signature[32:], "little")
    x, y = decode_point(public_key)
    minus_key = extended(-x % PRIME, y)
    k = int.from_bytes(hashlib.sha512(commitment + public_key + message).digest(), "little") % ORDER
    return encode_point(_sum_of_multiples(scalar, BASE, k, minus_key)) == commitment


def extended(x: int, y: int) -> Point:
    """The affine point (x, y) in extended coordinates."""
    return x, y, 1, x * y % PRIME


def add(left: Point, right: Point) -> Point:
    """The sum of two points; complete, so that it also doubles (RFC 8032, 5.1.4)."""
    x1, y1, z1, t1 = left
    x2, y2, z2, t2 = right
    a = (y1 - x1) * (y2 - x2) % PRIME
    b = (y1 + x1) * (y2 + x2) % PRIME
    c = 2 * D * t1 * t2 % PRIME
    d = 2 * z1 * z2 % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def double(point: Point) -> Point:
    """Twice a point (RFC 8032, 5.1.4)."""
    x, y, z, _ = point
    a = x * x % PRIME
    b = y * y % PRIME
    h = a + b
    e = h - (x + y) * (x + y) % PRIME
    g = a - b
    f = 2 * z * z % PRIME + g
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def encode_point(point: Point) -> bytes:
    """The 32 bytes that encode a point (RFC 8032, 5.1.2)."""
    x, y, z, _ = point
    inverse = pow(z, -1, PRIME)
    x, y = x * inverse % PRIME, y * inverse % PRIME
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _sum_of_multiples(a: int, left: Point, b: int, right: Point) -> Point:
    """a*left + b*right, bit by bit of both numbers at once."""
    table = (IDENTITY, left, right, add(left, right))
    total = IDENTITY
    for bit in range(max(a.bit_length(), b.bit_length()) - 1, -1, -1):
        total = double(total)
        chosen = (a >> bit & 1) | (b >> bit & 1) << 1
        if chosen:
            total = add(total, table[chosen])
    return total


BASE = extended(*decode_point((4 * pow(5, -1, PRIME) % PRIME).to_bytes(32, "little")))
"""The base point: y = 4/5, x even (RFC 8032, 5.1)."""
