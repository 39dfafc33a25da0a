"""CBOR, XML and Marvell blobs as annotated parts, from what the strict decoders say of each value's place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.annotated import Part, shown
from generator.annotated_der import der_parts, element_parts
from generator.claim_words import words_of_identifier
from generator.formatting import count_text
from vaultproof.asn1.der import parse_window
from vaultproof.attestation.marvell_blob import KeyObject, read_blob
from vaultproof.attestation.marvell_claims import ATTRIBUTE_NAMES
from vaultproof.cbor import COSE_SIGN1, Item, Major, decode, decode_window
from vaultproof.errors import Malformed, VaultproofError
from vaultproof.strict.xml import XmlElement, read_xml

COSE_FIELDS = ("Which algorithm signs", "What nobody signs", "What is signed", "Signature")
"""The members of a COSE_Sign1, in their order (RFC 9052, 4.2)."""

_KINDS: Mapping[Major, str] = {
    Major.UNSIGNED: "unsigned", Major.NEGATIVE: "negative", Major.BYTES: "bytes", Major.TEXT: "text",
    Major.ARRAY: "array", Major.MAP: "map", Major.TAG: "tag", Major.SIMPLE: "simple",
}  # fmt: skip
_DER = b"\x30\x82"
_BLOB_HEADER = (
    (4, "Answer code"), (4, "What follows: attributes and signature"), (4, "Size of the whole"),
    (4, "Size of the signed buffer"),
)  # fmt: skip
_OBJECT_HEADER = ((4, "Handle of the key"), (4, "Number of attributes"), (4, "Size of the attributes"))
_BLOB = "unsigned"


def cbor_parts(data: bytes, names: Mapping[str, str]) -> tuple[Part, ...]:
    """All values of a CBOR document.  Raises ``Malformed`` when ``data`` is not one."""
    item = decode(data)
    if item.major not in (Major.ARRAY, Major.MAP):
        raise Malformed("cbor-unexpected", "a document that is neither array nor map", found=item.major.name.lower())
    tagged = (
        [Part(depth=0, start=0, end=len(data), own=item.offset, form="tag", value=str(item.tag))] if item.offset else []
    )
    signed = item.tag == COSE_SIGN1 or (item.major is Major.ARRAY and len(item.members) == len(COSE_FIELDS))
    if not signed:
        return (*tagged, *_item(item, item.offset, 0, names, "", ""))
    head = _part(item, item.offset, 0, "Signed message (COSE_Sign1)", "", item.content_offset)
    members = (
        part
        for words, member in zip(COSE_FIELDS, item.members, strict=True)
        for part in _item(member, member.offset, 1, names, words, "", opens=words != COSE_FIELDS[3])
    )
    return (*tagged, head, *members)


def _item(
    item: Item, start: int, depth: int, names: Mapping[str, str], meaning: str, name: str, *, opens: bool = False
) -> Iterator[Part]:
    """A value and all that it holds; ``start`` is where its key begins, in a map."""
    inner = tuple(_inner(item, depth + 1, names, opens=opens))
    holds = bool(inner) or item.major in (Major.ARRAY, Major.MAP)
    yield _part(item, start, depth, meaning, name, item.content_offset if holds else item.end)
    yield from inner


def _part(item: Item, start: int, depth: int, meaning: str, name: str, own: int) -> Part:
    form, value = _KINDS[item.major], _value(item)
    return Part(
        depth=depth, start=start, end=item.end, own=own, form=form, value=value, meaning=meaning, name=shown(name)
    )


def _inner(item: Item, depth: int, names: Mapping[str, str], *, opens: bool) -> Iterator[Part]:
    for member in item.members:
        yield from _item(member, member.offset, depth, names, "", "")
    position = item.content_offset
    for key, value in item.entries.items():
        words = words_of_identifier(key) if isinstance(key, str) else f"Entry {key}"
        yield from _item(value, position, depth, names, words, str(key))
        position = value.end
    if item.major is not Major.BYTES or item.content_offset == item.end:
        return
    try:
        if item.data[item.content_offset : item.content_offset + 2] == _DER:
            yield from element_parts(parse_window(item.data, item.content_offset, item.end), names, depth)
        elif opens:
            inside = decode_window(item.data, item.content_offset, item.end)
            yield from _item(inside, inside.offset, depth, names, "", "")
    except VaultproofError:
        # Neither a certificate nor CBOR: then it is bytes, and is shown as such.
        return


def _value(item: Item) -> str:
    if item.major in (Major.UNSIGNED, Major.NEGATIVE):
        return str(item.number)
    if item.major is Major.TEXT:
        return shown(item.text("a text"))
    if item.major is Major.SIMPLE:
        return {True: "yes", False: "no", None: "nothing"}[item.simple]
    if item.major in (Major.ARRAY, Major.MAP):
        return count_text(len(item.members) + len(item.entries), "entry", "entries")
    return count_text(item.end - item.content_offset, "byte")


def xml_parts(data: bytes, names: Mapping[str, str]) -> tuple[Part, ...]:
    """All elements of an XML document.  Raises ``Malformed`` when it is not of the small kind that is read."""
    del names
    return tuple(_element(read_xml(data), 0))


def _element(element: XmlElement, depth: int) -> Iterator[Part]:
    end = element.offset + element.length
    words = words_of_identifier(element.name)
    yield Part(
        depth=depth,
        start=element.offset,
        end=end,
        own=element.text_offset if element.children else end,
        form="element",
        value=count_text(len(element.children), "element") if element.children else shown(element.text),
        meaning=words.replace("_", " ").replace("-", " "),
        name=element.name,
    )
    for child in element.children:
        yield from _element(child, depth + 1)


def marvell_parts(data: bytes, names: Mapping[str, str]) -> tuple[Part, ...]:
    """The fields of a Marvell attestation blob.  Raises ``Malformed`` or ``Unsupported`` when it is not one."""
    del names
    blob = read_blob(data)
    parts = list(_fields(data, 0, 0, _BLOB_HEADER))
    for number, found in enumerate(blob.objects, 1):
        parts += _object(data, found, f"Key object {number}")
    parts.append(
        Part(depth=0, start=len(blob.signed), end=len(data), own=len(data), form="bytes",
             value=count_text(len(blob.signature), "byte"), meaning="Signature")
    )  # fmt: skip
    return tuple(parts)


def _fields(data: bytes, start: int, depth: int, layout: tuple[tuple[int, str], ...]) -> Iterator[Part]:
    for size, words in layout:
        value = str(int.from_bytes(data[start : start + size], "big"))
        yield Part(depth=depth, start=start, end=start + size, own=start + size, form=_BLOB, value=value, meaning=words)
        start += size


def _object(data: bytes, found: KeyObject, title: str) -> Iterator[Part]:
    first, *rest = _fields(data, found.offset, 1, _OBJECT_HEADER)
    yield Part(depth=first.depth, start=first.start, end=first.end, own=first.own, form=first.form, value=first.value,
               meaning=f"{title}: its handle")  # fmt: skip
    yield from rest
    for number, attribute in found.attributes.items():
        start, end = attribute.offset - 8, attribute.offset + len(attribute.value)
        name = ATTRIBUTE_NAMES.get(number, "")
        yield Part(
            depth=2, start=start, end=end, own=end, form="attribute", value=_attribute(attribute.value),
            meaning=words_of_identifier(name) if name else "Attribute without a known name",
            name=f"0x{number:x} {name}".strip(),
        )  # fmt: skip


def _attribute(value: bytes) -> str:
    text = value.rstrip(b"\0")
    if len(text) > 3 and text.isascii() and text.decode("ascii").isprintable():
        return text.decode("ascii")
    return str(int.from_bytes(value, "big")) if 0 < len(value) <= 8 else count_text(len(value), "byte")


DECODERS = (
    ("DER", der_parts),
    ("CBOR", cbor_parts),
    ("XML", xml_parts),
    ("Marvell attestation", marvell_parts),
)
"""Every decoder with the name of what it reads, in the order in which they are tried: each refuses all but its own."""
