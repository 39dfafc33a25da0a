"""A strict reader of DER (X.690): definite minimal lengths, minimal tags and numbers, no trailing bytes.

Opening a document checks all of it at once; what is refused is refused whole.  After that a document is read like a
record, top down, naming each part, and what is left over is refused::

    fields = parse(signature).sequence("ECDSA signature")
    r, s = fields.integer("r"), fields.integer("s")
    fields.finish()

Every ``Element`` knows its absolute place in the buffer it was opened from, also when that buffer was a window of a
larger one (a certificate inside Evidence, an extension inside a certificate).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from vaultproof.asn1 import content
from vaultproof.asn1.content import Bits, Tag, bad
from vaultproof.asn1.framing import DEFAULT_LIMITS, Limits, check_document, is_constructed, read_header
from vaultproof.frozen import field, frozen

__all__ = [
    "DEFAULT_LIMITS",
    "Bits",
    "Cursor",
    "Element",
    "Limits",
    "Tag",
    "context",
    "parse",
    "parse_window",
    "refuse_unsorted_set",
]


def context(number: int, *, constructed: bool = True) -> int:
    """The identifier of context tag ``[number]`` for numbers 0 to 30; constructed, as every EXPLICIT tag is."""
    return 0x80 | (0x20 if constructed else 0) | number


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Element:
    """Open ``data`` as exactly one DER value.  Raises ``Malformed`` with a ``der-...`` code and the byte at fault."""
    return parse_window(data, 0, len(data), limits)


def parse_window(data: bytes, start: int, end: int, limits: Limits = DEFAULT_LIMITS) -> Element:
    """Open ``data[start:end]`` as exactly one DER value whose offsets count from the start of ``data``."""
    check_document(data, start, end, limits)
    return _element(data, start, end)


def _element(data: bytes, offset: int, end: int) -> Element:
    tag, start, stop = read_header(data, offset, end)
    return Element(data=data, tag=tag, offset=offset, content_offset=start, end=stop)


@frozen
class Element:
    """One DER value in place.

    ``tag`` holds the identifier octets as one big-endian number (``Tag.SEQUENCE`` is 0x30, ``context(0)`` 0xA0);
    ``offset`` is where they start in ``data``, ``content_offset`` where the contents start, and ``end`` the offset of
    the byte after them.  The typed readers raise ``Malformed("der-unexpected")`` when the value is of another type.
    """

    data: bytes = field(repr=False)
    tag: int
    offset: int
    content_offset: int
    end: int

    @property
    def header_length(self) -> int:
        """How many bytes the header has."""
        return self.content_offset - self.offset

    @property
    def length(self) -> int:
        """How many bytes the contents have."""
        return self.end - self.content_offset

    @property
    def raw(self) -> bytes:
        """The whole value, header included, as it stands in the file."""
        return self.data[self.offset : self.end]

    @property
    def content(self) -> bytes:
        """The contents octets."""
        return self.data[self.content_offset : self.end]

    @property
    def constructed(self) -> bool:
        """Whether the value holds other values."""
        return is_constructed(self.tag)

    def children(self) -> Iterator[Element]:
        """The values held by this one, in order; none for a primitive value."""
        position, end = self.content_offset, self.end if self.constructed else self.content_offset
        while position < end:
            child = _element(self.data, position, end)
            yield child
            position = child.end

    def walk(self) -> Iterator[tuple[int, Element]]:
        """This value and all below it with their depth (0 for this one), in the order of the file."""
        pending: list[tuple[int, Element]] = [(0, self)]
        while pending:
            depth, element = pending.pop()
            yield depth, element
            pending.extend((depth + 1, child) for child in reversed(tuple(element.children())))

    def expect(self, tag: int, what: str) -> Element:
        """This value, refused unless its identifier is ``tag``; ``what`` names it in the error."""
        if self.tag != tag:
            raise bad(
                "der-unexpected",
                f"{what} is of another type",
                self.offset,
                expected=f"tag {tag:02x}",
                found=f"tag {self.tag:02x}",
            )
        return self

    def implicit(self, tag: int) -> Element:
        """The same contents under an IMPLICIT context tag, read as the universal type ``tag``."""
        rule = content.CONTENT_RULES.get(tag)
        if rule is not None:
            rule(self.data, self.content_offset, self.end)
        return replace(self, tag=tag)

    def boolean(self, what: str = "a BOOLEAN") -> bool:
        """The value of a BOOLEAN."""
        return content.boolean(*self.expect(Tag.BOOLEAN, what)._bounds())

    def integer(self, what: str = "an INTEGER") -> int:
        """The value of an INTEGER, of any size and sign."""
        return content.integer(*self.expect(Tag.INTEGER, what)._bounds())

    def bits(self, what: str = "a BIT STRING") -> Bits:
        """The value of a BIT STRING."""
        return content.bit_string(*self.expect(Tag.BIT_STRING, what)._bounds())

    def octets(self, what: str = "an OCTET STRING") -> bytes:
        """The value of an OCTET STRING."""
        return self.expect(Tag.OCTET_STRING, what).content

    def oid(self, what: str = "an OBJECT IDENTIFIER") -> str:
        """The value of an OBJECT IDENTIFIER in dotted form."""
        return content.oid(*self.expect(Tag.OID, what)._bounds())

    def null(self, what: str = "a NULL") -> None:
        """Refuse anything but a NULL."""
        content.null(*self.expect(Tag.NULL, what)._bounds())

    def utf8(self, what: str = "a UTF8String") -> str:
        """The value of a UTF8String."""
        return content.utf8_string(*self.expect(Tag.UTF8_STRING, what)._bounds())

    def text(self, what: str = "a string") -> str:
        """The value of a string of any of the string types that certificates use."""
        codec = content.TEXT_CODECS.get(self.tag)
        if codec is None:
            raise bad("der-unexpected", f"{what} is not a string", self.offset, found=f"tag {self.tag:02x}")
        try:
            return self.content.decode(codec)
        except UnicodeDecodeError as error:
            raise bad("der-text", f"{what} is not encoded as its string type says", self.offset) from error

    def time(self, what: str = "a time") -> datetime:
        """The value of a UTCTime or GeneralizedTime, with time zone UTC."""
        if self.tag == Tag.UTC_TIME:
            return content.utc_time(*self._bounds())
        return content.generalized_time(*self.expect(Tag.GENERALIZED_TIME, what)._bounds())

    def generalized_time(self, what: str = "a GeneralizedTime") -> datetime:
        """The value of a GeneralizedTime, with time zone UTC."""
        return content.generalized_time(*self.expect(Tag.GENERALIZED_TIME, what)._bounds())

    def sequence(self, what: str = "a SEQUENCE") -> Cursor:
        """A cursor over the members of a SEQUENCE."""
        return Cursor(self.expect(Tag.SEQUENCE, what), what)

    def explicit(self, number: int, what: str) -> Element:
        """The one value inside EXPLICIT context tag ``[number]``."""
        inside = Cursor(self.expect(context(number), what), what)
        value = inside.take(what)
        inside.finish()
        return value

    def nested(self, what: str = "nested DER", limits: Limits = DEFAULT_LIMITS) -> Element:
        """The DER document that an OCTET STRING carries, opened in place: offsets stay absolute."""
        holder = self.expect(Tag.OCTET_STRING, what)
        return parse_window(self.data, holder.content_offset, holder.end, limits)

    def _bounds(self) -> tuple[bytes, int, int]:
        return self.data, self.content_offset, self.end


class Cursor:
    """Reads the members of one constructed value in order; ``finish`` refuses what is left over."""

    __slots__ = ("_data", "_end", "_position", "element", "what")

    def __init__(self, element: Element, what: str) -> None:
        self.element = element
        self.what = what
        self._data = element.data
        self._position = element.content_offset
        self._end = element.end if is_constructed(element.tag) else element.content_offset

    @property
    def more(self) -> bool:
        """Whether a member is left."""
        return self._position < self._end

    def take(self, what: str) -> Element:
        """The next member, whatever its type.  Raises ``Malformed("der-missing")`` when there is none."""
        if self._position == self._end:
            raise bad("der-missing", f"{self.what} has no {what}", self.element.offset)
        member = _element(self._data, self._position, self._end)
        self._position = member.end
        return member

    def optional(self, tag: int) -> Element | None:
        """The next member if its identifier is ``tag``, else None and the cursor stays."""
        if self._position == self._end:
            return None
        member = _element(self._data, self._position, self._end)
        if member.tag != tag:
            return None
        self._position = member.end
        return member

    def rest(self) -> Iterator[Element]:
        """All members that are left, in order."""
        while self._position < self._end:
            yield self.take("member")

    def finish(self) -> None:
        """Refuse members that nobody asked for."""
        if self._position < self._end:
            raise bad("der-unexpected", f"{self.what} has more members than it may", self._position)

    def sequence(self, what: str) -> Cursor:
        """The next member, a SEQUENCE, as a cursor of its own."""
        return self.take(what).sequence(what)

    def integer(self, what: str) -> int:
        """The next member, an INTEGER."""
        return self.take(what).integer(what)

    def octets(self, what: str) -> bytes:
        """The next member, an OCTET STRING."""
        return self.take(what).octets(what)

    def oid(self, what: str) -> str:
        """The next member, an OBJECT IDENTIFIER in dotted form."""
        return self.take(what).oid(what)

    def bits(self, what: str) -> Bits:
        """The next member, a BIT STRING."""
        return self.take(what).bits(what)

    def utf8(self, what: str) -> str:
        """The next member, a UTF8String."""
        return self.take(what).utf8(what)

    def null(self, what: str) -> None:
        """The next member, a NULL."""
        self.take(what).null(what)


def refuse_unsorted_set(element: Element, what: str) -> None:
    """Refuse a SET OF whose members are not in ascending order of their encodings (X.690, 11.6)."""
    members = (member.raw for member in element.expect(Tag.SET, what).children())
    if any(earlier > later for earlier, later in pairwise(members)):
        raise bad("der-set-order", f"{what} is a SET OF that is not sorted", element.offset)
