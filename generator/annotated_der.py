"""DER as annotated parts: every element with its type, its value in words, and what it is where that is known.

Bytes that themselves are DER (the value of an extension, a key or signature in a BIT STRING) are opened in place.  What
an element means comes from three places: the fields of X.509 by their position (RFC 5280, 4.1), the identifier that
stands before a value, and the claims that were read from it (added by the page).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from generator.annotated import Part, shown
from generator.claim_words import words_of_identifier
from generator.formatting import count_text
from vaultproof.asn1.content import TEXT_CODECS
from vaultproof.asn1.der import Element, Tag, context, parse, parse_window
from vaultproof.asn1.oids import name_of
from vaultproof.asn1.x509 import read_certificate
from vaultproof.errors import VaultproofError
from vaultproof.strict.encodings import format_time

TAGS: Mapping[int, str] = {
    Tag.BOOLEAN: "BOOLEAN", Tag.INTEGER: "INTEGER", Tag.BIT_STRING: "BIT STRING", Tag.OCTET_STRING: "OCTET STRING",
    Tag.NULL: "NULL", Tag.OID: "OBJECT IDENTIFIER", Tag.ENUMERATED: "ENUMERATED", Tag.UTF8_STRING: "UTF8String",
    Tag.NUMERIC_STRING: "NumericString", Tag.PRINTABLE_STRING: "PrintableString", Tag.TELETEX_STRING: "TeletexString",
    Tag.IA5_STRING: "IA5String", Tag.UTC_TIME: "UTCTime", Tag.GENERALIZED_TIME: "GeneralizedTime",
    Tag.VISIBLE_STRING: "VisibleString", Tag.UNIVERSAL_STRING: "UniversalString", Tag.BMP_STRING: "BMPString",
    Tag.SEQUENCE: "SEQUENCE", Tag.SET: "SET",
}  # fmt: skip
PLAIN: Mapping[int, str] = {
    Tag.BOOLEAN: "Yes or no", Tag.INTEGER: "Number", Tag.BIT_STRING: "Bits", Tag.OCTET_STRING: "Bytes",
    Tag.NULL: "Nothing", Tag.OID: "Identifier", Tag.ENUMERATED: "Choice", Tag.UTC_TIME: "Time",
    Tag.GENERALIZED_TIME: "Time", Tag.SEQUENCE: "Parts in order", Tag.SET: "Parts in any order",
}  # fmt: skip
"""What a type is called where nothing more is known of a value; all other universal types are texts."""

EXTENSIONS = context(3)
_LONGEST_NUMBER = 8
_FIELDS = (
    "Certificate serial number", "Signature algorithm", "Issuer", "Validity", "Subject", "Public key",
)  # fmt: skip
_VALUE_TAGS = frozenset({*TAGS} - {Tag.NULL})


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one walk needs: names of identifiers, and the meanings found so far by offset."""

    names: Mapping[str, str]
    meanings: dict[int, str] = field(default_factory=dict)


def der_parts(data: bytes, names: Mapping[str, str]) -> tuple[Part, ...]:
    """All elements of a DER document.  Raises ``Malformed`` when ``data`` is not one."""
    return tuple(element_parts(parse(data), names, 0))


def element_parts(element: Element, names: Mapping[str, str], depth: int) -> Iterator[Part]:
    """An element that stands inside another format, and all below it."""
    yield from _parts(element, depth, _Reading(names), extension=False)


def _parts(element: Element, depth: int, reading: _Reading, *, extension: bool) -> Iterator[Part]:
    children = tuple(element.children())
    _note(element, children, reading)
    inner, start = (None, 0) if element.constructed else _opened(element, extension=extension)
    yield Part(
        depth=depth,
        start=element.offset,
        end=element.end,
        own=element.content_offset if element.constructed else element.content_offset + start if inner else element.end,
        form=TAGS.get(element.tag) or f"[{element.tag & 0x1F}]",
        value=_held(inner) if inner else value_text(element, reading.names, len(children)),
        meaning=reading.meanings.get(element.offset) or _plain(element.tag),
        name=_field(element),
    )
    inside = extension or element.tag == EXTENSIONS
    for child in children if inner is None else (inner,):
        yield from _parts(child, depth + 1, reading, extension=inside)


def _plain(tag: int) -> str:
    if tag in PLAIN:
        return PLAIN[tag]
    return "Text" if tag in TEXT_CODECS else f"Part number {tag & 0x1F}"


def _opened(element: Element, *, extension: bool) -> tuple[Element | None, int]:
    """The document inside a primitive value, and how many bytes of its contents stand before it."""
    skipped = 1 if element.tag == Tag.BIT_STRING else 0
    start = element.content_offset + skipped
    first = element.data[start] if start + 1 < element.end else None
    fitting = first in _VALUE_TAGS if extension and element.tag == Tag.OCTET_STRING else first == Tag.SEQUENCE
    if element.tag not in (Tag.OCTET_STRING, Tag.BIT_STRING) or not fitting:
        return None, 0
    try:
        return parse_window(element.data, start, element.end), skipped
    except VaultproofError:
        # Not DER after all: then it is bytes, and is shown as such.
        return None, 0


def _held(inner: Element) -> str:
    return f"holds a value of its own, {count_text(inner.end - inner.offset, 'byte')}"


def value_text(element: Element, names: Mapping[str, str], children: int = 0) -> str:
    """The value of one element in words; what an element holds is counted."""
    if element.constructed:
        return count_text(children, "part")
    tag = element.tag
    if tag == Tag.BOOLEAN:
        return "yes" if element.boolean() else "no"
    if tag in (Tag.INTEGER, Tag.ENUMERATED):
        number = int.from_bytes(element.content, "big", signed=True)
        return str(number) if element.length <= _LONGEST_NUMBER else f"a number of {number.bit_length()} bits"
    if tag == Tag.OID:
        return name_of(element.oid(), names)
    if tag in TEXT_CODECS:
        return _text(element)
    if tag in (Tag.UTC_TIME, Tag.GENERALIZED_TIME):
        return format_time(element.time())
    if tag == Tag.BIT_STRING:
        bits = element.bits()
        return count_text(8 * len(bits.octets) - bits.unused, "bit")
    return "nothing" if tag == Tag.NULL else _octets(element.content)


def _text(element: Element) -> str:
    try:
        return shown(element.text())
    except VaultproofError:
        return count_text(element.length, "byte")


def _octets(content: bytes) -> str:
    """Bytes that are plain text are shown as it, too: makers write names into OCTET STRINGs."""
    size = count_text(len(content), "byte")
    readable = len(content) > 3 and content.isascii() and content.decode("ascii").isprintable()
    return f"{content.decode('ascii')} ({size})" if readable else size


def _field(element: Element) -> str:
    return element.oid() if element.tag == Tag.OID else ""


def _note(element: Element, children: tuple[Element, ...], reading: _Reading) -> None:
    """Meanings of what stands inside an element, before its parts are made."""
    if element.tag != Tag.SEQUENCE or not children:
        return
    if [child.tag for child in children] == [Tag.SEQUENCE, Tag.SEQUENCE, Tag.BIT_STRING] and _is_certificate(element):
        _note_certificate(element, children, reading.meanings)
    if children[0].tag == Tag.OID:
        name = name_of(children[0].oid(), reading.names)
        words = words_of_identifier(name)
        reading.meanings.setdefault(element.offset, words)
        reading.meanings[children[0].offset] = "Identifier"
        for child in children[1:]:
            critical = child.tag == Tag.BOOLEAN and child is not children[-1]
            reading.meanings.setdefault(child.offset, "Whether it must be understood" if critical else words)


def _is_certificate(element: Element) -> bool:
    try:
        read_certificate(element)
    except VaultproofError:
        return False
    return True


def _note_certificate(element: Element, children: tuple[Element, ...], meanings: dict[int, str]) -> None:
    tbs, algorithm, signature = children
    meanings[element.offset] = "Certificate"
    meanings[tbs.offset] = "What its issuer signed"
    meanings[algorithm.offset] = "Signature algorithm"
    meanings[signature.offset] = "Its issuer's signature"
    fields = list(tbs.children())
    if fields[0].tag == context(0):
        meanings[fields[0].offset] = "Version of the format, less one"
        del fields[0]
    for item, words in zip(fields, _FIELDS, strict=False):
        meanings[item.offset] = words
    before, after = tuple(fields[3].children())
    meanings[before.offset], meanings[after.offset] = "Valid from", "Valid until"
    kind, key = tuple(fields[5].children())
    meanings[kind.offset], meanings[key.offset] = "Kind of key", "The key itself"
    for item in fields[6:]:
        meanings[item.offset] = "Extensions" if item.tag == EXTENSIONS else "Unique identifier"
