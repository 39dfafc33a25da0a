"""A strict reader of the smallest part of XML that signed records need: elements, attributes and text in UTF-8.

No document type, no entity or character reference, no CDATA, no comment, no processing instruction, no namespace, no
element that holds both text and elements: what is not here cannot be read in two ways.  The bytes are never changed
(no end-of-line or attribute normalisation), so every value knows its place in the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from vaultproof.errors import Malformed
from vaultproof.frozen import frozen
from vaultproof.strict.encodings import clip

MAX_XML_BYTES = 64 * 1024
MAX_DEPTH = 8
MAX_ELEMENTS = 1024
MAX_ATTRIBUTES = 16

_DECLARATION = re.compile(rb'<\?xml version="1\.0" encoding="(?:UTF-8|utf-8)"\?>')
_SPACE = re.compile(rb"[ \t\r\n]*+")
_OPEN = re.compile(rb"<([A-Za-z_][A-Za-z0-9_.-]{0,63})(?=[ \t\r\n>])")
_ATTRIBUTE = re.compile(rb'[ \t\r\n]++([A-Za-z_][A-Za-z0-9_.-]{0,63})="([^"<&]{0,4096})"')
_TEXT = re.compile(rb"[^<&]*+")
_CLOSE = re.compile(rb"</([A-Za-z_][A-Za-z0-9_.-]{0,63})>")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


@frozen
class XmlElement:
    """One element: its name, attributes and place, and either ``text`` or ``children`` (the other one is empty).

    ``offset`` is where its start tag begins and ``length`` the bytes up to the end of its end tag; ``text_offset`` and
    ``text_length`` (bytes) bound what stands between the tags.
    """

    name: str
    attributes: Mapping[str, str]
    text: str
    children: tuple[XmlElement, ...]
    offset: int
    length: int
    text_offset: int
    text_length: int

    def fields(self) -> Mapping[str, XmlElement]:
        """The children by name.  Raises ``Malformed("xml-duplicate")`` when a name stands twice."""
        found: dict[str, XmlElement] = {}
        for child in self.children:
            if child.name in found:
                raise _bad("xml-duplicate", "an element stands twice", child.offset, child.name)
            found[child.name] = child
        return found

    def all(self, name: str) -> tuple[XmlElement, ...]:
        """The children of one name, in order."""
        return tuple(child for child in self.children if child.name == name)


@dataclass(slots=True)
class _Open:
    """An element whose end tag has not been read yet."""

    name: str
    attributes: Mapping[str, str]
    offset: int
    text_offset: int
    children: list[XmlElement] = field(default_factory=list)


def read_xml(data: bytes) -> XmlElement:
    """The one root element of a document.

    Raises ``Malformed`` with the byte at fault: ``xml-size``, ``xml-text`` (not UTF-8, or controls), ``xml-syntax``
    (whatever this reader does not know, document types and references among it), ``xml-depth``, ``xml-count``,
    ``xml-duplicate`` (an attribute that stands twice), ``xml-mixed``.
    """
    if len(data) > MAX_XML_BYTES:
        raise Malformed(
            "xml-size", "an XML file is too large", expected=f"at most {MAX_XML_BYTES} bytes", found=f"{len(data)}"
        )
    _check_text(data)
    declaration = _DECLARATION.match(data)
    position = _skip(data, declaration.end() if declaration else 0)
    stack: list[_Open] = []
    count = 0
    while True:
        closing = _CLOSE.match(data, position)
        if closing is not None and stack:
            element = _closed(data, stack.pop(), closing)
            if not stack:
                return _alone(data, element, closing.end())
            stack[-1].children.append(element)
            position = _skip(data, closing.end())
            continue
        opened = _start(data, position)
        count += 1
        if count > MAX_ELEMENTS:
            raise _bad("xml-count", "an XML file has too many elements", position, f"over {MAX_ELEMENTS}")
        stack.append(opened)
        if len(stack) > MAX_DEPTH:
            raise _bad("xml-depth", "XML elements nest too deeply", position, f"over {MAX_DEPTH}")
        position = _content(data, opened)


def _check_text(data: bytes) -> None:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad("xml-text", "an XML file is not UTF-8", error.start) from None
    if found := _CONTROLS.search(text):
        raise Malformed("xml-text", "an XML file has characters that XML does not allow", found=clip(found[0]))


def _skip(data: bytes, position: int) -> int:
    matched = _SPACE.match(data, position)
    return position if matched is None else matched.end()


def _start(data: bytes, position: int) -> _Open:
    """A start tag.  Anything else that begins with ``<`` (``<!``, ``<?``, ``<x/>``) is refused here."""
    matched = _OPEN.match(data, position)
    if matched is None:
        raise _syntax(data, position)
    attributes: dict[str, str] = {}
    end = matched.end()
    while found := _ATTRIBUTE.match(data, end):
        name = found[1].decode("ascii")
        if name in attributes:
            raise _bad("xml-duplicate", "an attribute stands twice", found.start(), name)
        if len(attributes) == MAX_ATTRIBUTES:
            raise _bad("xml-count", "an element has too many attributes", found.start(), f"over {MAX_ATTRIBUTES}")
        attributes[name] = found[2].decode("utf-8")
        end = found.end()
    end = _skip(data, end)
    if data[end : end + 1] != b">":
        raise _syntax(data, end)
    return _Open(name=matched[1].decode("ascii"), attributes=attributes, offset=position, text_offset=end + 1)


def _content(data: bytes, opened: _Open) -> int:
    """Where reading goes on in an element just opened: at its own end tag after text, or at its first child."""
    matched = _TEXT.match(data, opened.text_offset)
    end = opened.text_offset if matched is None else matched.end()
    if data[end : end + 1] != b"<":
        raise _syntax(data, end)
    if data[end : end + 2] != b"</" and data[opened.text_offset : end].strip(b" \t\r\n"):
        raise _bad("xml-mixed", "an element holds both text and elements", opened.offset, opened.name)
    return end


def _closed(data: bytes, opened: _Open, closing: re.Match[bytes]) -> XmlElement:
    if closing[1].decode("ascii") != opened.name:
        raise _bad("xml-syntax", "an end tag closes another element", closing.start(), closing[1].decode("ascii"))
    inside = b"" if opened.children else data[opened.text_offset : closing.start()]
    return XmlElement(
        name=opened.name,
        attributes=opened.attributes,
        text=inside.decode("utf-8"),
        children=tuple(opened.children),
        offset=opened.offset,
        length=closing.end() - opened.offset,
        text_offset=opened.text_offset,
        text_length=closing.start() - opened.text_offset,
    )


def _alone(data: bytes, element: XmlElement, end: int) -> XmlElement:
    if _skip(data, end) != len(data):
        raise _bad("xml-syntax", "something follows the root element", end)
    return element


def _syntax(data: bytes, position: int) -> Malformed:
    return _bad(
        "xml-syntax", "not the plain XML that is read here", position, data[position : position + 12].decode("latin-1")
    )


def _bad(code: str, message: str, offset: int, found: str | None = None) -> Malformed:
    return Malformed(code, f"{message}, at byte {offset}", found=None if found is None else clip(found))
