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
class Name:
    """A distinguished name in place.  Two names are the same when ``raw`` is: nothing is folded or normalised."""

    element: Element

    @property
    def raw(self) -> bytes:
        """The whole DER Name."""
        return self.element.raw

    def attributes(self) -> Iterator[tuple[str, str]]:
        """(OID, value) of every attribute in the file's order; a value that is no string is given as ``#`` and hex."""
        for part in self._parts():
            for oid, value in part:
                yield oid, _value_text(value)

    def all(self, oid: str) -> tuple[str, ...]:
        """The values of every attribute of one type."""
        return tuple(value for found, value in self.attributes() if found == oid)

    @property
    def text(self) -> str:
        """The name for people: ``C=CH, O=Acme, CN=Root``, in the file's order, with anything unprintable escaped."""
        parts = (
            "+".join(f"{oids.ATTRIBUTE_NAMES.get(oid, oid)}={_escaped(_value_text(value))}" for oid, value in part)
            for part in self._parts()
        )
        return ", ".join(parts)

    def _parts(self) -> Iterator[list[tuple[str, Element]]]:
        for part in self.element.sequence("a name").rest():
            pairs = []
            for attribute in part.expect(Tag.SET, "a part of a name").children():
                fields = attribute.sequence("an attribute of a name")
                pairs.append((fields.oid("type"), fields.take("value")))
                fields.finish()
            if not pairs:
                raise Malformed("x509-name", f"a part of a name is empty, at byte {part.offset}")
            yield pairs


def read_name(element: Element) -> Name:
    """A name whose structure has been gone through once.  Raises ``Malformed``."""
    name = Name(element=element)
    for _ in name._parts():
        pass
    return name


def _value_text(value: Element) -> str:
    try:
        return value.text()
    except Malformed:
        return f"#{value.raw.hex()}"


def _escaped(text: str) -> str:
    return "".join(_escape(character) for character in text)


def _escape(character: str) -> str:
    if character in _SPECIAL:
        return "\\" + character
    if is_plain(character):
        return character
    return "".join(f"\\{octet:02x}" for octet in character.encode("utf-8", "surrogatepass"))
