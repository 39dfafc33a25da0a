"""A strict decoder of CBOR (RFC 8949), as narrow as the attestations that use it, and a small encoder.

One value has one encoding here: definite lengths and the shortest heads (RFC 8949, 4.2.1), no key twice, no bytes
after the value.  Keys of maps may stand in any order, because genuine documents do not sort them.  There are no floats,
no simple values but false, true and null, and no tag but a tag 18 (COSE_Sign1, RFC 9052) before the whole value.

What is refused is refused whole, before anything is read from it.  Every ``Item`` knows its absolute place in the
buffer, also when that buffer was a window of a larger one (a payload inside a signed message).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import IntEnum
from types import MappingProxyType
from typing import TypeAlias

from vaultproof.errors import Malformed
from vaultproof.frozen import field, frozen

COSE_SIGN1 = 18
"""The one tag that is read (RFC 9052, 4.2)."""

_SIMPLE: Mapping[int, bool | None] = MappingProxyType({20: False, 21: True, 22: None})
_LONGEST_INLINE = 23
_INDEFINITE = 31
_FITS_LESS = MappingProxyType({1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32})
"""For each size of a following argument, the least number that needs it."""


class Major(IntEnum):
    """Major types (RFC 8949, 3.1)."""

    UNSIGNED = 0
    NEGATIVE = 1
    BYTES = 2
    TEXT = 3
    ARRAY = 4
    MAP = 5
    TAG = 6
    SIMPLE = 7


@frozen
class Limits:
    """Caps on one document: its size in bytes, how deep arrays and maps may nest, and how many values it may hold."""

    size: int = 64 * 1024
    depth: int = 8
    items: int = 4096


DEFAULT_LIMITS = Limits()

Key: TypeAlias = int | str


def _bad(code: str, message: str, offset: int, *, expected: str | None = None, found: str | None = None) -> Malformed:
    return Malformed(code, f"{message} at byte {offset}", expected=expected, found=found)


@frozen
class Item:
    """One value in place: its head starts at ``offset``, its contents at ``content_offset``; it ends before ``end``.

    ``tag`` is ``COSE_SIGN1`` when that tag stands before it.  The typed readers raise ``Malformed("cbor-unexpected")``
    when the value is of another type, and ``Malformed("cbor-range")`` outside of the bounds that they are given.
    """

    data: bytes = field(repr=False)
    major: Major
    offset: int
    content_offset: int
    end: int
    number: int = 0
    simple: bool | None = None
    members: tuple[Item, ...] = ()
    entries: Mapping[Key, Item] = field(default_factory=dict)
    tag: int | None = None

    @property
    def raw(self) -> bytes:
        """The whole value, head included (a tag before it is not part of it)."""
        return self.data[self.offset : self.end]

    @property
    def is_null(self) -> bool:
        """Whether the value is null."""
        return self.major is Major.SIMPLE and self.simple is None

    def integer(self, what: str, *, minimum: int = 0, maximum: int = 2**64 - 1) -> int:
        """The value of an integer within the bounds (by default: not negative)."""
        if self.major not in (Major.UNSIGNED, Major.NEGATIVE):
            raise self._unexpected(what, "an integer")
        if not minimum <= self.number <= maximum:
            raise _bad("cbor-range", f"{what} is out of range", self.offset, expected=f"{minimum} to {maximum}")
        return self.number

    def octets(self, what: str, *, minimum: int = 0, maximum: int = DEFAULT_LIMITS.size) -> bytes:
        """The value of a byte string whose length is within the bounds."""
        return self._string(Major.BYTES, what, "a byte string", minimum, maximum)

    def text(self, what: str, *, minimum: int = 0, maximum: int = DEFAULT_LIMITS.size) -> str:
        """The value of a text string whose length in bytes is within the bounds."""
        return self._string(Major.TEXT, what, "a text string", minimum, maximum).decode("utf-8")

    def array(self, what: str, *, minimum: int = 0, maximum: int = DEFAULT_LIMITS.items) -> tuple[Item, ...]:
        """The members of an array whose number is within the bounds."""
        if self.major is not Major.ARRAY:
            raise self._unexpected(what, "an array")
        self._require_count(what, len(self.members), minimum, maximum)
        return self.members

    def map(self, what: str, *, minimum: int = 0, maximum: int = DEFAULT_LIMITS.items) -> Mapping[Key, Item]:
        """The entries of a map whose number is within the bounds, in the order of the file."""
        if self.major is not Major.MAP:
            raise self._unexpected(what, "a map")
        self._require_count(what, len(self.entries), minimum, maximum)
        return self.entries

    def _string(self, major: Major, what: str, kind: str, minimum: int, maximum: int) -> bytes:
        if self.major is not major:
            raise self._unexpected(what, kind)
        self._require_count(what, self.end - self.content_offset, minimum, maximum)
        return self.data[self.content_offset : self.end]

    def _require_count(self, what: str, found: int, minimum: int, maximum: int) -> None:
        if not minimum <= found <= maximum:
            raise _bad(
                "cbor-range", f"{what} has a size that is not allowed", self.offset,
                expected=f"{minimum} to {maximum}", found=str(found),
            )  # fmt: skip

    def _unexpected(self, what: str, expected: str) -> Malformed:
        found = self.major.name.lower()
        return _bad("cbor-unexpected", f"{what} is of another type", self.offset, expected=expected, found=found)


def decode(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Item:
    """Open ``data`` as exactly one value.  Raises ``Malformed`` with a ``cbor-...`` code and the byte at fault."""
    return decode_window(data, 0, len(data), limits)


def decode_window(data: bytes, start: int, end: int, limits: Limits = DEFAULT_LIMITS) -> Item:
    """Open ``data[start:end]`` as exactly one value whose offsets count from the start of ``data``."""
    if end - start > limits.size:
        raise Malformed(
            "cbor-size", "a CBOR document is too large", expected=f"at most {limits.size} bytes",
            found=f"{end - start} bytes",
        )  # fmt: skip
    tagged = data[start : start + 1] == bytes([Major.TAG << 5 | COSE_SIGN1])
    decoder = _Decoder(data, end, limits)
    item = decoder.value(start + tagged, 0)
    if item.end != end:
        raise _bad("cbor-trailing-bytes", "bytes follow the value", item.end, found=f"{end - item.end} bytes")
    return replace(item, tag=COSE_SIGN1) if tagged else item


class _Decoder:
    """Reads values one after the other and counts them."""

    __slots__ = ("_count", "_data", "_end", "_limits")

    def __init__(self, data: bytes, end: int, limits: Limits) -> None:
        self._data = data
        self._end = end
        self._limits = limits
        self._count = 0

    def value(self, offset: int, depth: int) -> Item:
        """The value at ``offset``; ``depth`` counts the arrays and maps around it."""
        self._count += 1
        if self._count > self._limits.items:
            raise _bad("cbor-count", "too many values", offset, expected=f"at most {self._limits.items}")
        major, number, content = self._head(offset)
        made = Item(data=self._data, major=major, offset=offset, content_offset=content, end=content, number=number)
        if major is Major.NEGATIVE:
            return replace(made, number=-1 - number)
        if major in (Major.BYTES, Major.TEXT):
            return self._string(made)
        if major in (Major.ARRAY, Major.MAP):
            return self._container(made, depth + 1)
        return made if major is Major.UNSIGNED else _simple(made)

    def _head(self, offset: int) -> tuple[Major, int, int]:
        """Major type and argument of a head, and where it ends (RFC 8949, 3)."""
        if offset >= self._end:
            raise _bad("cbor-truncated", "a value is missing", offset)
        major, short = Major(self._data[offset] >> 5), self._data[offset] & 0x1F
        if short <= _LONGEST_INLINE:
            return major, short, offset + 1
        if short == _INDEFINITE or major is Major.SIMPLE:
            code = "cbor-indefinite" if major is not Major.SIMPLE else "cbor-type"
            raise _bad(code, "a value is of a form that is not read here", offset, found=f"{self._data[offset]:02x}")
        size = 1 << (short - 24)
        if size not in _FITS_LESS or offset + 1 + size > self._end:
            raise _bad("cbor-truncated", "a head is reserved or cut off", offset)
        number = int.from_bytes(self._data[offset + 1 : offset + 1 + size], "big")
        if number < _FITS_LESS[size]:
            raise _bad("cbor-minimal", "a head is longer than it needs to be", offset)
        return major, number, offset + 1 + size

    def _string(self, made: Item) -> Item:
        end = made.content_offset + made.number
        if end > self._end:
            raise _bad("cbor-truncated", "a string is longer than what holds it", made.offset)
        if made.major is Major.TEXT:
            try:
                self._data[made.content_offset : end].decode("utf-8")
            except UnicodeDecodeError as error:
                raise _bad("cbor-text", "a text string is not UTF-8", made.offset) from error
        return replace(made, end=end)

    def _container(self, made: Item, depth: int) -> Item:
        if depth > self._limits.depth:
            raise _bad("cbor-depth", "values nest too deeply", made.offset, expected=f"at most {self._limits.depth}")
        # Every member takes a byte at least: a promise of more than there are is refused before anything is built.
        if made.number * (2 if made.major is Major.MAP else 1) > self._end - made.content_offset:
            raise _bad("cbor-truncated", "an array or map promises more than there is", made.offset)
        if made.major is Major.MAP:
            return self._map(made, depth)
        members, position = [], made.content_offset
        for _ in range(made.number):
            members.append(self.value(position, depth))
            position = members[-1].end
        return replace(made, members=tuple(members), end=position)

    def _map(self, made: Item, depth: int) -> Item:
        entries: dict[Key, Item] = {}
        position = made.content_offset
        for _ in range(made.number):
            item = self.value(position, depth)
            key = _key(item)
            if key in entries:
                raise _bad("cbor-duplicate-key", "a key stands twice in a map", item.offset, found=str(key)[:80])
            entries[key] = self.value(item.end, depth)
            position = entries[key].end
        return replace(made, entries=MappingProxyType(entries), end=position)


def _key(item: Item) -> Key:
    if item.major is Major.TEXT:
        return item.text("a key")
    if item.major in (Major.UNSIGNED, Major.NEGATIVE):
        return item.number
    raise _bad("cbor-key", "a key is no integer and no text", item.offset, found=item.major.name.lower())


def _simple(made: Item) -> Item:
    if made.major is Major.TAG or made.number not in _SIMPLE:
        kind = "a tag" if made.major is Major.TAG else "a simple value"
        raise _bad("cbor-type", f"{kind} that is not read here", made.offset, found=str(made.number))
    return replace(made, simple=_SIMPLE[made.number])


Encodable: TypeAlias = "int | bytes | str | bool | Sequence[Encodable] | Mapping[Key, Encodable] | None"


def encode(value: Encodable) -> bytes:
    """``value`` in the one encoding that ``decode`` reads; keys of maps stay in the order they come in.

    Raises ``ValueError`` for an integer that no head can hold (RFC 8949, 3.1: 64 bits).
    """
    if value is None or isinstance(value, bool):
        return _encode_head(Major.SIMPLE, {False: 20, True: 21, None: 22}[value])
    if isinstance(value, int):
        return _encode_head(Major.UNSIGNED, value) if value >= 0 else _encode_head(Major.NEGATIVE, -1 - value)
    if isinstance(value, bytes):
        return _encode_head(Major.BYTES, len(value)) + value
    if isinstance(value, str):
        octets = value.encode("utf-8")
        return _encode_head(Major.TEXT, len(octets)) + octets
    if isinstance(value, Mapping):
        pairs = (encode(key) + encode(member) for key, member in value.items())
        return _encode_head(Major.MAP, len(value)) + b"".join(pairs)
    return _encode_head(Major.ARRAY, len(value)) + b"".join(map(encode, value))


def _encode_head(major: Major, number: int) -> bytes:
    if number <= _LONGEST_INLINE:
        return bytes([major << 5 | number])
    for index, size in enumerate(_FITS_LESS):
        if number < 1 << (8 * size):
            return bytes([major << 5 | (24 + index)]) + number.to_bytes(size, "big")
    raise ValueError(f"a number that no CBOR head can hold: {number}")
