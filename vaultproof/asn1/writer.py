"""A small DER writer (X.690): the counterpart of the reader, for what we author ourselves.

Every function returns the whole encoding of one value; nesting is by passing encodings on::

    sequence(integer(1), octet_string(b"..."))
"""

from __future__ import annotations

from datetime import UTC, datetime

from vaultproof.asn1.content import Tag


def encode(tag: int, content: bytes) -> bytes:
    """``content`` under the identifier ``tag`` (octets as one big-endian number) with the shortest definite length."""
    size = len(content)
    if size < 0x80:
        length = bytes([size])
    else:
        octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
        length = bytes([0x80 | len(octets)]) + octets
    return tag.to_bytes(max(1, (tag.bit_length() + 7) // 8), "big") + length + content


def boolean(value: bool) -> bytes:
    """A BOOLEAN: FF or 00."""
    return encode(Tag.BOOLEAN, b"\xff" if value else b"\x00")


def integer(value: int) -> bytes:
    """An INTEGER of any size and sign, in the fewest octets."""
    magnitude = value if value >= 0 else ~value
    return encode(Tag.INTEGER, value.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True))


def bit_string(octets: bytes, unused: int = 0) -> bytes:
    """A BIT STRING of whole octets, less ``unused`` low bits of the last one, which must be zero there."""
    return encode(Tag.BIT_STRING, bytes([unused]) + octets)


def octet_string(octets: bytes) -> bytes:
    """An OCTET STRING."""
    return encode(Tag.OCTET_STRING, octets)


def null() -> bytes:
    """A NULL."""
    return encode(Tag.NULL, b"")


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER from its dotted form.  Raises ``ValueError`` for what is not one."""
    arcs = [int(arc) for arc in dotted.split(".")]
    if len(arcs) < 2 or dotted != ".".join(map(str, arcs)) or min(arcs) < 0:
        raise ValueError(f"not an object identifier: {dotted!r}")
    if arcs[0] > 2 or (arcs[0] < 2 and arcs[1] > 39):
        raise ValueError(f"object identifier outside the three trees: {dotted!r}")
    return encode(Tag.OID, b"".join(_arc(arc) for arc in (40 * arcs[0] + arcs[1], *arcs[2:])))


def _arc(value: int) -> bytes:
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(0x80 | (value & 0x7F))
    return bytes(reversed(octets))


def utf8_string(text: str) -> bytes:
    """A UTF8String."""
    return encode(Tag.UTF8_STRING, text.encode("utf-8"))


def printable_string(text: str) -> bytes:
    """A PrintableString; ``text`` is ASCII."""
    return encode(Tag.PRINTABLE_STRING, text.encode("ascii"))


def generalized_time(moment: datetime) -> bytes:
    """A GeneralizedTime in UTC with whole seconds.  Raises ``ValueError`` for a time without zone or with fractions."""
    return encode(Tag.GENERALIZED_TIME, _digits(moment).encode("ascii"))


def utc_time(moment: datetime) -> bytes:
    """A UTCTime, for years 1950 to 2049 (RFC 5280, 4.1.2.5.1).  Raises ``ValueError`` outside of them."""
    digits = _digits(moment)
    if not 1950 <= int(digits[:4]) <= 2049:
        raise ValueError("a UTCTime holds years 1950 to 2049")
    return encode(Tag.UTC_TIME, digits[2:].encode("ascii"))


def _digits(moment: datetime) -> str:
    if moment.tzinfo is None or moment.microsecond:
        raise ValueError("a time needs a zone and whole seconds")
    utc = moment.astimezone(UTC)
    return f"{utc.year:04d}{utc:%m%d%H%M%S}Z"


def sequence(*members: bytes) -> bytes:
    """A SEQUENCE (or SEQUENCE OF) of encoded members."""
    return encode(Tag.SEQUENCE, b"".join(members))


def set_of(*members: bytes) -> bytes:
    """A SET OF encoded members, put into the order that DER demands (X.690, 11.6)."""
    return encode(Tag.SET, b"".join(sorted(members)))


def explicit(number: int, value: bytes) -> bytes:
    """An encoded value under EXPLICIT context tag ``[number]`` (0 to 30), or the members of an IMPLICIT SEQUENCE."""
    return encode(0xA0 | number, value)


def implicit(number: int, content: bytes) -> bytes:
    """The bare contents of a primitive type under IMPLICIT context tag ``[number]`` (0 to 30)."""
    return encode(0x80 | number, content)
