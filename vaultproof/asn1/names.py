"""Distinguished names (RFC 5280, 4.1.2.4): compared by their bytes, shown as text that cannot mislead."""

from __future__ import annotations

from collections.abc import Iterator

from vaultproof.asn1 import oids
from vaultproof.asn1.der import Element, Tag
from vaultproof.errors import Malformed
from vaultproof.frozen import frozen
from vaultproof.strict.text import is_plain

_SPECIAL = frozenset(',+"\\<>;=')


@frozen
class Part:
    """One part of a name in place: a SET of attributes, of which nearly every name has one."""

    element: Element
    attributes: tuple[tuple[str, Element], ...]


@frozen
class Name:
    """A distinguished name in place.  Two names are the same when ``raw`` is: nothing is folded or normalised."""

    element: Element
    parts: tuple[Part, ...]

    @property
    def raw(self) -> bytes:
        """The whole DER Name."""
        return self.element.raw

    def attributes(self) -> Iterator[tuple[str, str]]:
        """(OID, value) of every attribute in the file's order; a value that is no string is given as ``#`` and hex."""
        for part in self.parts:
            for oid, value in part.attributes:
                yield oid, _value_text(value)

    def all(self, oid: str) -> tuple[str, ...]:
        """The values of every attribute of one type."""
        return tuple(value for found, value in self.attributes() if found == oid)

    @property
    def text(self) -> str:
        """The name for people: ``C=CH, O=Acme, CN=Root``, in the file's order, with anything unprintable escaped."""
        return ", ".join(["+".join([_attribute_text(*item) for item in part.attributes]) for part in self.parts])


def read_name(element: Element) -> Name:
    """The name that ``element`` holds.  Raises ``Malformed``."""
    return Name(element=element, parts=tuple([_read_part(part) for part in element.sequence("a name").rest()]))


def _read_part(part: Element) -> Part:
    attributes = []
    for attribute in part.expect(Tag.SET, "a part of a name").children():
        fields = attribute.sequence("an attribute of a name")
        attributes.append((fields.oid("type"), fields.take("value")))
        fields.finish()
    if not attributes:
        raise Malformed("x509-name", f"a part of a name is empty, at byte {part.offset}")
    return Part(element=part, attributes=tuple(attributes))


def _attribute_text(oid: str, value: Element) -> str:
    return f"{oids.ATTRIBUTE_NAMES.get(oid, oid)}={_escaped(_value_text(value))}"


def _value_text(value: Element) -> str:
    try:
        return value.text()
    except Malformed:
        return f"#{value.raw.hex()}"


def _escaped(text: str) -> str:
    if is_plain(text) and _SPECIAL.isdisjoint(text):
        return text
    return "".join(_escape(character) for character in text)


def _escape(character: str) -> str:
    if character in _SPECIAL:
        return "\\" + character
    if is_plain(character):
        return character
    return "".join(f"\\{octet:02x}" for octet in character.encode("utf-8", "surrogatepass"))
