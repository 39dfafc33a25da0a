"""The two encodings of an ECDSA signature: DER SEQUENCE {r, s} (RFC 3279, 2.2.3) and r || s (RFC 9053, 2.1)."""

from __future__ import annotations

from vaultproof.crypto.curves import PARAMETERS, Curve
from vaultproof.errors import Malformed


def encode_der(r: int, s: int) -> bytes:
    """The DER encoding of two non-negative integers of at most 61 bytes each, as SEQUENCE {r, s}."""
    body = _encode_integer(r) + _encode_integer(s)
    return bytes((0x30, len(body))) + body


def decode_der(signature: bytes, curve: Curve) -> tuple[int, int]:
    """The numbers r and s of a DER signature.

    A value has one DER encoding only, so r and s are read leniently and written again: only what comes out the same
    was DER.  Many times faster than the general reader, which matters where logs of 100,000 records are checked.
    Raises ``Malformed("signature-encoding")``; the range of r and s is the caller's to check.
    """
    longest = 2 * (PARAMETERS[curve].size + 3) + 2
    if 8 <= len(signature) <= longest:
        middle = 4 + signature[3]
        r = int.from_bytes(signature[4:middle], "big")
        s = int.from_bytes(signature[middle + 2 :], "big")
        if encode_der(r, s) == signature:
            return r, s
    raise Malformed(
        "signature-encoding",
        "the ECDSA signature is not strict DER",
        expected=f"SEQUENCE of two positive INTEGERs, 8 to {longest} bytes",
        found=f"{signature[:8].hex()}... of {len(signature)} bytes",
    )


def encode_raw(r: int, s: int, curve: Curve) -> bytes:
    """The bytes r || s, each as long as a coordinate of ``curve``; both must be below its order."""
    size = PARAMETERS[curve].size
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def decode_raw(signature: bytes, curve: Curve) -> tuple[int, int]:
    """The numbers in r || s.  Raises ``Malformed("signature-length")`` unless each is as long as a coordinate."""
    size = PARAMETERS[curve].size
    if len(signature) != 2 * size:
        raise Malformed(
            "signature-length",
            "the ECDSA signature has another length than its curve asks for",
            expected=f"{2 * size} bytes",
            found=f"{len(signature)} bytes",
        )
    return int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")


def _encode_integer(value: int) -> bytes:
    content = value.to_bytes(value.bit_length() // 8 + 1, "big")
    return bytes((0x02, len(content))) + content
