"""The attestation blob of Marvell (Cavium) LiquidSecurity HSMs, firmware 3.2-08 and later: strict, all big-endian.

Layout (Marvell, "LiquidSecurity HSM - Software Key Attestation"; read off a genuine blob)::

    u32 response code = 0 | u32 flags = 3 (attributes and signature) | u32 size of the whole | u32 size of the buffer
    u64 handle for each object
    buffer: u16 version = 1 | u16 one bit for each object | u16 offset of object 1 | u16 offset of object 2, or 0
            object: u32 handle | u32 number of attributes | u32 their size in bytes
                    attributes: u32 type | u32 length | value
    256 bytes: RSA PKCS #1 v1.5 with SHA-256 over everything before

Every size, offset and count must fit exactly.  The layout of earlier firmware, with its signature without padding, is
not read: checking such a signature means comparing some of its bytes, which anybody can forge under a small exponent.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vaultproof.asn1.content import bad
from vaultproof.errors import Malformed, Unsupported
from vaultproof.frozen import field, frozen

MAX_BLOB_BYTES = 64 * 1024
MAX_ATTRIBUTES = 256
SIGNATURE_BYTES = 256

_PREFIX = 16
_HANDLE = 8
_BUFFER_HEADER = 8
_OBJECT_HEADER = 12
_ATTRIBUTE_HEADER = 8
_FLAGS = 3
_VERSION = 1
_OLDER = "the layout of firmware before 3.2-08 is not read"


@frozen
class Attribute:
    """One attribute of a key object: its PKCS #11 (or vendor) number, its value, and the byte where that starts."""

    type: int
    value: bytes
    offset: int


@frozen
class KeyObject:
    """One key object: the HSM's handle of it, and its attributes by number, in the blob's order."""

    handle: int
    offset: int
    attributes: Mapping[int, Attribute]

    def values(self) -> Mapping[int, bytes]:
        """The attributes' values alone, for comparing two objects."""
        return {number: attribute.value for number, attribute in self.attributes.items()}


@frozen
class Blob:
    """An attestation blob in its parts: one key object or two, what is signed, and the signature."""

    objects: tuple[KeyObject, ...]
    signed: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def read_blob(data: bytes) -> Blob:
    """The blob that is all of ``data``.

    Raises ``Malformed`` with the byte at fault (``marvell-size``, ``marvell-truncated``, ``marvell-layout``,
    ``marvell-count``, ``marvell-duplicate``), ``Unsupported`` for flags or a version that are not known.
    """
    if not _PREFIX + SIGNATURE_BYTES < len(data) <= MAX_BLOB_BYTES:
        raise Malformed(
            "marvell-size", "an attestation is too short or too long",
            expected=f"{_PREFIX + SIGNATURE_BYTES} to {MAX_BLOB_BYTES} bytes", found=f"{len(data)} bytes",
        )  # fmt: skip
    end = len(data) - SIGNATURE_BYTES
    start = _buffer_start(data, end)
    handles = tuple(_number(data, offset, _HANDLE, start) for offset in range(_PREFIX, start, _HANDLE))
    offsets = _object_offsets(data, start, end)
    objects = tuple(_read_object(data, first, after) for first, after in zip(offsets, (*offsets[1:], end), strict=True))
    if handles and handles != tuple(item.handle for item in objects):
        raise bad("marvell-layout", "the handles are not those of the objects", _PREFIX)
    return Blob(objects=objects, signed=data[:end], signature=data[end:])


def _number(data: bytes, offset: int, size: int, end: int) -> int:
    if offset + size > end:
        raise bad("marvell-truncated", "a number is cut off", offset, expected=f"{size} bytes before byte {end}")
    return int.from_bytes(data[offset : offset + size], "big")


def _buffer_start(data: bytes, end: int) -> int:
    """Where the buffer begins, after the header and the handles (none, one or two)."""
    code, flags, total, size = (_number(data, offset, 4, end) for offset in range(0, _PREFIX, 4))
    if total != len(data):
        raise Malformed(
            "marvell-layout", "an attestation does not have the size that it states, at byte 8",
            expected=f"{len(data)}", found=f"{total}", hint=_OLDER,
        )  # fmt: skip
    if code:
        raise bad("marvell-layout", "the HSM answered with an error", 0, expected="0", found=f"{code}")
    if flags != _FLAGS:
        raise Unsupported("marvell-flags", "an attestation of another kind", expected=f"{_FLAGS}", found=f"{flags}")
    start = end - size
    if start < _PREFIX or (start - _PREFIX) % _HANDLE or (start - _PREFIX) // _HANDLE > 2:
        raise bad("marvell-layout", "the buffer does not have the size that it states", 12, found=f"{size}")
    return start


def _object_offsets(data: bytes, start: int, end: int) -> tuple[int, ...]:
    version, bits, first, second = (_number(data, start + offset, 2, end) for offset in range(0, _BUFFER_HEADER, 2))
    if version != _VERSION:
        raise Unsupported("marvell-version", "a buffer of another version", expected=f"{_VERSION}", found=f"{version}")
    offsets = tuple(offset for offset in (first, second) if offset)
    if first != _BUFFER_HEADER or bits > _FLAGS or bits.bit_count() != len(offsets):
        raise bad("marvell-layout", "the buffer miscounts its objects", start)
    if second and not first < second < end - start:
        raise bad("marvell-layout", "the second object is not where one can be", start + 6, found=f"{second}")
    return tuple(start + offset for offset in offsets)


def _read_object(data: bytes, offset: int, end: int) -> KeyObject:
    handle, count, size = (_number(data, offset + part, 4, end) for part in range(0, _OBJECT_HEADER, 4))
    if offset + _OBJECT_HEADER + size != end:
        raise bad("marvell-layout", "an object does not have the size that it states", offset + 8, found=f"{size}")
    if not 0 < count <= MAX_ATTRIBUTES:
        raise bad(
            "marvell-count", "an object has no attributes or too many", offset + 4,
            expected=f"1 to {MAX_ATTRIBUTES}", found=f"{count}",
        )  # fmt: skip
    attributes: dict[int, Attribute] = {}
    position = offset + _OBJECT_HEADER
    for _ in range(count):
        attribute = _read_attribute(data, position, end)
        if attribute.type in attributes:
            raise bad("marvell-duplicate", "an attribute stands twice", position, found=f"0x{attribute.type:x}")
        attributes[attribute.type] = attribute
        position = attribute.offset + len(attribute.value)
    if position != end:
        raise bad(
            "marvell-count", "an object holds more than its attributes", position, found=f"{end - position} bytes"
        )
    return KeyObject(handle=handle, offset=offset, attributes=MappingProxyType(attributes))


def _read_attribute(data: bytes, offset: int, end: int) -> Attribute:
    number, length = (_number(data, offset + part, 4, end) for part in (0, 4))
    start = offset + _ATTRIBUTE_HEADER
    if length > end - start:
        raise bad(
            "marvell-truncated", "an attribute is longer than what holds it", offset,
            expected=f"at most {end - start} bytes", found=f"{length} bytes",
        )  # fmt: skip
    return Attribute(type=number, value=data[start : start + length], offset=start)
