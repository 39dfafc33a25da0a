"""ECDSA signatures of Luna HSMs, whose numbers lack the zero octet that keeps a DER INTEGER positive.

Half of all numbers then read as negative.  That is not DER (X.690, 8.3.3) and not an ECDSA signature (RFC 3279, 2.2.3),
and strict readers refuse it.  The one lenient reading there is here takes the octets as unsigned; it is off unless a
caller asks for it, and says so in a finding.  The numbers themselves are checked as ever: each signature has one value.
"""

from __future__ import annotations

from vaultproof.asn1 import oids
from vaultproof.attestation.adapter import SignedBytes
from vaultproof.attestation.placed import Placed
from vaultproof.crypto.port import SignatureEncoding

_SIZES = {oids.SECP256R1: 32, oids.SECP384R1: 48}


def unsigned_numbers(signature: bytes, size: int) -> tuple[bytes, bytes] | None:
    """The numbers of a signature that is DER but for a missing zero octet, each as ``size`` octets; None for any other.

    A signature that is proper DER gives None: it needs no lenient reading.
    """
    first = _integer(signature, 2)
    second = None if first is None else _integer(signature, first[1])
    if first is None or second is None or second[1] != len(signature) or signature[:1] != b"\x30":
        return None
    if len(signature) > 129 or signature[1] != len(signature) - 2:
        return None
    numbers = (first[0], second[0])
    unsigned = any(number[0] & 0x80 for number in numbers)
    # What DER would pad, or has padded, is read; what is padded without need is not.
    if not unsigned or any(len(number) > 1 and number[0] == 0 and number[1] < 0x80 for number in numbers):
        return None
    stripped = [number.lstrip(b"\x00") for number in numbers]
    if any(len(number) > size for number in stripped):
        return None
    return stripped[0].rjust(size, b"\x00"), stripped[1].rjust(size, b"\x00")


def _integer(signature: bytes, offset: int) -> tuple[bytes, int] | None:
    """The octets of an INTEGER with a short length, and where it ends."""
    if signature[offset : offset + 1] != b"\x02" or len(signature) < offset + 3:
        return None
    length = signature[offset + 1]
    end = offset + 2 + length
    if not 0 < length < 0x80 or end > len(signature):
        return None
    return signature[offset + 2 : end], end


def curve_size(signer: Placed) -> int | None:
    """How many octets a number of the signer's curve has; None for an RSA key or a curve that is not checked here."""
    parameters = signer.certificate.public_key.algorithm.parameters
    if signer.certificate.public_key.algorithm.oid != oids.EC_PUBLIC_KEY or parameters is None:
        return None
    return _SIZES.get(parameters.oid("a curve"))


def read_unsigned(signed: SignedBytes, numbers: tuple[bytes, bytes]) -> SignedBytes:
    """The same signed bytes with the signature as two unsigned numbers."""
    return SignedBytes(
        message=signed.message,
        signature=b"".join(numbers),
        algorithm=signed.algorithm,
        encoding=SignatureEncoding.RAW,
    )
