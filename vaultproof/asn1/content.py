"""The contents of primitive DER values: what is allowed (X.690, clauses 8 and 11) and what it means.

Each function takes the whole buffer and the bounds of the contents octets, and raises ``Malformed`` with the absolute
offset when they are not what DER allows.  They are called twice: once for every value of a document when it is opened,
so that nothing is read from a document that is wrong anywhere, and again when a caller asks for a value.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from vaultproof.errors import Malformed
from vaultproof.frozen import frozen

MAX_OID_BYTES = 128
"""Longest encoded OBJECT IDENTIFIER that is read; the longest in use (a UUID arc with a short tail) has 24."""

REMEMBERED_OIDS = 256
"""Dotted forms that are kept: certificates are made of some thirty identifiers, each read many times."""

REMEMBERED_TIMES = 256
"""Moments that are kept: each is read twice at least, and a fleet's certificates share theirs."""

CENTURY_PIVOT = 50
"""A UTCTime year below this is 20xx, else 19xx (RFC 5280, 4.1.2.5.1)."""


class Tag:
    """Identifier octets of the universal types that are read, with the constructed bit as DER demands it."""

    BOOLEAN = 0x01
    INTEGER = 0x02
    BIT_STRING = 0x03
    OCTET_STRING = 0x04
    NULL = 0x05
    OID = 0x06
    ENUMERATED = 0x0A
    UTF8_STRING = 0x0C
    NUMERIC_STRING = 0x12
    PRINTABLE_STRING = 0x13
    TELETEX_STRING = 0x14
    IA5_STRING = 0x16
    UTC_TIME = 0x17
    GENERALIZED_TIME = 0x18
    VISIBLE_STRING = 0x1A
    UNIVERSAL_STRING = 0x1C
    BMP_STRING = 0x1E
    SEQUENCE = 0x30
    SET = 0x31


@frozen
class Bits:
    """A BIT STRING: its octets and how many low bits of the last octet are not part of it (0 to 7)."""

    octets: bytes
    unused: int

    def has(self, number: int) -> bool:
        """Whether bit ``number`` is set; bit 0 is the highest of the first octet (X.680, 22.2)."""
        index, shift = divmod(number, 8)
        return index < len(self.octets) and bool(self.octets[index] & (0x80 >> shift))

    @property
    def value(self) -> int:
        """All octets as one big-endian unsigned integer, unused bits included as zeros."""
        return int.from_bytes(self.octets, "big")


def bad(code: str, message: str, offset: int, *, expected: str | None = None, found: str | None = None) -> Malformed:
    """A ``Malformed`` that names the absolute byte at which the value starts."""
    return Malformed(code, f"{message} at byte {offset}", expected=expected, found=found)


def boolean(data: bytes, start: int, end: int) -> bool:
    """A BOOLEAN: exactly 00 or FF (X.690, 11.1)."""
    octets = data[start:end]
    if octets == b"\xff":
        return True
    if octets == b"\x00":
        return False
    raise bad("der-boolean", "a BOOLEAN is not DER", start, expected="00 or ff", found=octets[:8].hex())


def integer(data: bytes, start: int, end: int) -> int:
    """An INTEGER or ENUMERATED in as few octets as possible (X.690, 8.3.2)."""
    if start == end:
        raise bad("der-integer", "an INTEGER has no octets", start, expected="at least one octet", found="none")
    padded = end - start > 1 and (
        (data[start] == 0x00 and data[start + 1] < 0x80) or (data[start] == 0xFF and data[start + 1] >= 0x80)
    )
    if padded:
        raise bad("der-integer", "an INTEGER is padded", start, expected="the fewest octets that can hold it")
    return int.from_bytes(data[start:end], "big", signed=True)


def bit_string(data: bytes, start: int, end: int) -> Bits:
    """A BIT STRING whose unused bits are counted rightly and are zero (X.690, 8.6.2 and 11.2.1)."""
    if start == end:
        raise bad("der-bit-string", "a BIT STRING has no count of unused bits", start)
    unused = data[start]
    octets = data[start + 1 : end]
    if unused > 7 or (unused and not octets):
        raise bad(
            "der-bit-string", "a BIT STRING miscounts its unused bits", start, expected="0 to 7", found=f"{unused}"
        )
    if unused and octets[-1] & ((1 << unused) - 1):
        raise bad("der-bit-string", "a BIT STRING has unused bits that are not zero", start)
    return Bits(octets=octets, unused=unused)


def null(data: bytes, start: int, end: int) -> None:
    """A NULL: no contents (X.690, 8.8.2)."""
    if start != end:
        raise bad("der-null", "a NULL has contents", start, expected="nothing", found=data[start:end][:8].hex())


def oid(data: bytes, start: int, end: int) -> str:
    """An OBJECT IDENTIFIER in dotted form; each arc in as few octets as possible (X.690, 8.19)."""
    if start == end or end - start > MAX_OID_BYTES or data[end - 1] & 0x80:
        raise bad("der-oid", "an OBJECT IDENTIFIER is empty, too long or cut off", start)
    dotted = _dotted(data[start:end])
    if dotted is None:
        raise bad("der-oid", "an OBJECT IDENTIFIER has a padded arc", start)
    return dotted


@lru_cache(REMEMBERED_OIDS)
def _dotted(octets: bytes) -> str | None:
    """The dotted form of at least one octet, the last below 80; None when an arc is padded."""
    arcs: list[int] = []
    arc = 0
    for octet in octets:
        if arc == 0 and octet == 0x80:
            return None
        arc = (arc << 7) | (octet & 0x7F)
        if octet < 0x80:
            arcs.append(arc)
            arc = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(map(str, (top, arcs[0] - 40 * top, *arcs[1:])))


def utc_time(data: bytes, start: int, end: int) -> datetime:
    """A UTCTime as ``YYMMDDHHMMSSZ``, the one form DER allows (X.690, 11.8)."""
    digits = _digits(data[start:end], 12, start)
    year = int(digits[:2])
    return _moment(f"{20 if year < CENTURY_PIVOT else 19}{digits}", start)


def generalized_time(data: bytes, start: int, end: int) -> datetime:
    """A GeneralizedTime as ``YYYYMMDDHHMMSSZ``: no fractions (RFC 5280, 4.1.2.5.2)."""
    return _moment(_digits(data[start:end], 14, start), start)


def _digits(octets: bytes, count: int, offset: int) -> str:
    digits = octets[:-1]
    if len(digits) != count or octets[-1:] != b"Z" or not digits.isdigit():
        raise bad("der-time", "a time is not written as DER writes it", offset, expected=f"{count} digits and Z")
    return digits.decode("ascii")


def _moment(digits: str, offset: int) -> datetime:
    try:
        return _instant(digits)
    except ValueError as error:
        raise bad("der-time", "a time names a moment that does not exist", offset, found=digits) from error


@lru_cache(REMEMBERED_TIMES)
def _instant(digits: str) -> datetime:
    """The moment that 14 digits name.  Raises ``ValueError`` when there is none."""
    year, rest = int(digits[:4]), digits[4:]
    month, day, hour, minute, second = (int(rest[index : index + 2]) for index in range(0, 10, 2))
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def utf8_string(data: bytes, start: int, end: int) -> str:
    """A UTF8String: valid UTF-8 without overlong forms or surrogates (RFC 3629)."""
    try:
        return data[start:end].decode("utf-8")
    except UnicodeDecodeError as error:
        raise bad("der-text", "a UTF8String is not UTF-8", start) from error


CONTENT_RULES: dict[int, Callable[[bytes, int, int], object]] = {
    Tag.BOOLEAN: boolean,
    Tag.INTEGER: integer,
    Tag.ENUMERATED: integer,
    Tag.BIT_STRING: bit_string,
    Tag.NULL: null,
    Tag.OID: oid,
    Tag.UTC_TIME: utc_time,
    Tag.GENERALIZED_TIME: generalized_time,
    Tag.UTF8_STRING: utf8_string,
}
"""The rule for the contents of each primitive universal type that has one."""

TEXT_CODECS = {
    Tag.UTF8_STRING: "utf-8",
    Tag.NUMERIC_STRING: "ascii",
    Tag.PRINTABLE_STRING: "ascii",
    Tag.IA5_STRING: "ascii",
    Tag.VISIBLE_STRING: "ascii",
    Tag.TELETEX_STRING: "latin-1",
    Tag.UNIVERSAL_STRING: "utf-32-be",
    Tag.BMP_STRING: "utf-16-be",
}
"""How each string type is decoded.  TeletexString is read as Latin-1, which is how certificates have used it."""

UNIVERSAL_TAGS = frozenset({*CONTENT_RULES, *TEXT_CODECS, Tag.OCTET_STRING, Tag.SEQUENCE, Tag.SET})
"""Every universal identifier octet that is read; any other (indefinite-length markers too) is refused."""
