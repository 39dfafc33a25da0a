"""What every Ed25519 check needs of the curve edwards25519: constants, decoding of points, points of small order.

Source: RFC 8032, 5.1.  Arithmetic on points is in ``ed25519_python``, which only engines without Ed25519 need.
"""

from __future__ import annotations

from vaultproof.errors import Malformed

PRIME = 2**255 - 19
"""The field is the integers modulo this prime."""

ORDER = 2**252 + 27742317777372353535851937790883648493
"""L, the order of the base point; a signature's S must be below it (RFC 8032, 5.1.7)."""

D = -121665 * pow(121666, -1, PRIME) % PRIME
"""The constant of the curve -x^2 + y^2 = 1 + d x^2 y^2."""

Y_MASK = 2**255 - 1
"""The bits of an encoded point, read as a little-endian number, that hold y; the top bit is the sign of x."""

_SQRT_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)
_ORDER_8_Y = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7

SMALL_ORDER_ENCODINGS = frozenset(
    (y | sign << 255).to_bytes(32, "little")
    for y in (0, 1, PRIME - 1, _ORDER_8_Y, PRIME - _ORDER_8_Y, PRIME, PRIME + 1)
    for sign in (0, 1)
)
"""The 14 encodings that some decoder reads as a point of order 1, 2, 4 or 8.

Eight points, each in its one right encoding; besides, x = 0 with its sign bit set, and y = 0 and y = 1 written as
y + p.
"""


def decode_point(encoded: bytes) -> tuple[int, int]:
    """The point (x, y) that 32 bytes encode, in the one encoding it has (RFC 8032, 5.1.3).

    Raises ``Malformed("key-point")`` when y >= p, when no point has this y, or for x = 0 with its sign bit set.
    """
    number = int.from_bytes(encoded, "little")
    y, sign = number & Y_MASK, number >> 255
    if len(encoded) != 32 or y >= PRIME:
        raise _bad_point("y below the prime of the field, in 32 bytes")
    x_squared = (y * y - 1) * pow(D * y * y + 1, -1, PRIME) % PRIME
    x = pow(x_squared, (PRIME + 3) // 8, PRIME)
    if (x * x - x_squared) % PRIME:
        x = x * _SQRT_MINUS_ONE % PRIME
    if (x * x - x_squared) % PRIME:
        raise _bad_point("a point on the curve")
    if x == 0 and sign:
        raise _bad_point("no sign where x is zero")
    return (x if x & 1 == sign else PRIME - x), y


def _bad_point(expected: str) -> Malformed:
    return Malformed("key-point", "the bytes do not encode an edwards25519 point", expected=expected)
