"""Copies of a file that a hostile auditor would try: not only bytes, but the structure that the bytes make is changed.

Values of DER are left out, doubled, exchanged with their neighbour, emptied, or encoded as DER forbids (BER); all
lengths around them are made right again, so that a reader gets to see the change itself.  Any file is also cut and
pasted.
"""

from __future__ import annotations

from collections.abc import Iterator

from vaultproof.asn1 import writer
from vaultproof.asn1.der import Element, parse
from vaultproof.asn1.pem import read_pem, write_pem
from vaultproof.errors import VaultproofError

_CONSTRUCTED = 0x20
_LABELS = {"CERTIFICATE", "EVIDENCE"}

Mutation = tuple[str, bytes]
"""What was done, in words, and the bytes that came of it."""


def mutations(data: bytes) -> Iterator[Mutation]:
    """Copies of a file with its structure changed: blocks and DER where it has them, pieces of it in any case."""
    if b"-----BEGIN " in data:
        yield from _of_pem(data)
    else:
        yield from _of_der(data)
    yield from _of_pieces(data)


def _of_pem(data: bytes) -> Iterator[Mutation]:
    blocks = read_pem(data, labels=_LABELS)
    parts = [write_pem(block.label, block.data) for block in blocks]
    for index, block in enumerate(blocks):
        before, after = b"".join(parts[:index]), b"".join(parts[index + 1 :])
        yield f"block {index} left out", before + after
        yield f"block {index} twice", before + parts[index] * 2 + after
        yield f"block {index} first", parts[index] + before + after
        for what, changed in _of_der(block.data):
            yield f"block {index}: {what}", before + write_pem(block.label, changed) + after


def _of_der(data: bytes) -> Iterator[Mutation]:
    try:
        root = parse(data)
    except VaultproofError:
        return
    yield from _changed(root, "/")


def _changed(element: Element, path: str) -> Iterator[Mutation]:
    """Every change of a value and of what is in it, as the whole value's new encoding."""
    yield f"{path} with a long length", _long_length(element)
    yield f"{path} of unstated length", element.raw[:1] + b"\x80" + element.content + b"\x00\x00"
    yield f"{path} emptied", element.raw[:1] + b"\x00"
    yield f"{path} with a NULL behind its content", _encoded(element, element.content + b"\x05\x00")
    if not element.raw[0] & _CONSTRUCTED:
        yield f"{path} with a zero before its content", _encoded(element, b"\x00" + element.content)
        return
    children = [child.raw for child in element.children()]
    for index, child in enumerate(element.children()):
        before, after = b"".join(children[:index]), b"".join(children[index + 1 :])
        place = f"{path}{index}/"
        yield f"{place} left out", _encoded(element, before + after)
        yield f"{place} twice", _encoded(element, before + child.raw * 2 + after)
        if after:
            following = children[index + 1]
            yield f"{place} after the next", _encoded(element, before + following + child.raw + after[len(following) :])
        for what, changed in _changed(child, place):
            yield what, _encoded(element, before + changed + after)


def _encoded(element: Element, content: bytes) -> bytes:
    """The value with another content, and the length that this has."""
    return element.raw[:1] + writer.octet_string(content)[1:]


def _long_length(element: Element) -> bytes:
    length = len(element.content).to_bytes(4, "big")
    return element.raw[:1] + b"\x84" + length + element.content


def _of_pieces(data: bytes) -> Iterator[Mutation]:
    """An eighth of the file left out, doubled or exchanged with the next one; and something before and behind it."""
    size = max(1, len(data) // 8)
    for start in range(0, len(data), size):
        piece, rest = data[start : start + size], data[start + size :]
        yield f"{size} bytes left out at {start}", data[:start] + rest
        yield f"{size} bytes twice at {start}", data[: start + size] + piece + rest
        yield f"{size} bytes moved at {start}", data[:start] + rest[:size] + piece + rest[size:]
    for extra in (b"\x00", b"\n", b"\xef\xbb\xbf", data):
        yield "something before it", extra + data
        yield "something behind it", data + extra
