"""The two NIST curves that keys may lie on: their parameters and the check that a point lies on one.

Parameters: NIST SP 800-186, 3.2.1 (FIPS 186-5 uses the same); object identifiers: RFC 5480, 2.1.1.1.
"""

from __future__ import annotations

from enum import StrEnum

from vaultproof.errors import Malformed
from vaultproof.frozen import frozen

UNCOMPRESSED = 0x04
"""First octet of an uncompressed point (SEC 1, 2.3.3)."""


class Curve(StrEnum):
    """Curves of ECDSA keys, named as in reports."""

    P256 = "P-256"
    P384 = "P-384"


@frozen
class CurveParameters:
    """A curve y^2 = x^3 - 3x + b over the integers modulo ``prime``; its group has the prime order ``order``.

    ``size`` is the length in bytes of a coordinate, and of r and s; ``oid`` names the curve in dotted form.
    """

    prime: int
    b: int
    order: int
    size: int
    oid: str


PARAMETERS = {
    Curve.P256: CurveParameters(
        prime=2**256 - 2**224 + 2**192 + 2**96 - 1,
        b=0x5AC635D8_AA3A93E7_B3EBBD55_769886BC_651D06B0_CC53B0F6_3BCE3C3E_27D2604B,
        order=0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551,
        size=32,
        oid="1.2.840.10045.3.1.7",
    ),
    Curve.P384: CurveParameters(
        prime=2**384 - 2**128 - 2**96 + 2**32 - 1,
        b=0xB3312FA7_E23EE7E4_988E056B_E3F82D19_181D9C6E_FE814112_0314088F_5013875A_C656398D_8A2ED19D_2A85C8ED_D3EC2AEF,
        order=0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_C7634D81_F4372DDF_581A0DB2_48B0A77A_ECEC196A_CCC52973,
        size=48,
        oid="1.3.132.0.34",
    ),
}
"""Parameters of each curve."""

CURVES_BY_OID = {parameters.oid: curve for curve, parameters in PARAMETERS.items()}
"""The curve that an object identifier in dotted form names."""


def check_point(curve: Curve, point: bytes) -> None:
    """Refuse ``point`` unless it is an uncompressed point of ``curve``: 04, then x and y below the prime, on the curve.

    Compressed, hybrid and infinite points are refused as well (SEC 1, 3.2.2.1; both curves have cofactor 1, so that
    every point on them but infinity is a public key).  Raises ``Malformed("key-point")``.
    """
    parameters = PARAMETERS[curve]
    size, prime = parameters.size, parameters.prime
    if len(point) != 1 + 2 * size or point[0] != UNCOMPRESSED:
        raise _bad_point(curve, f"04 and {2 * size} bytes", f"{point[:1].hex() or 'nothing'} in {len(point)} bytes")
    x = int.from_bytes(point[1 : 1 + size], "big")
    y = int.from_bytes(point[1 + size :], "big")
    if x >= prime or y >= prime:
        raise _bad_point(curve, "coordinates below the prime of the field", "a larger one")
    if (y * y - (x * x - 3) * x - parameters.b) % prime:
        raise _bad_point(curve, "a point on the curve", "one beside it")


def _bad_point(curve: Curve, expected: str, found: str) -> Malformed:
    return Malformed("key-point", f"the key is not an uncompressed {curve.value} point", expected=expected, found=found)
