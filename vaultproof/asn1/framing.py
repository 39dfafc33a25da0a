"""The frame of DER: identifier and length octets, nesting, and the caps that keep a hostile file cheap to refuse.

``check_document`` goes once over a whole buffer without recursion and without building anything.  After it, headers can
be read again without a check, which is what makes elements cheap (der.py).
"""

from __future__ import annotations

from vaultproof.asn1.content import CONTENT_RULES, UNIVERSAL_TAGS, bad
from vaultproof.errors import Malformed
from vaultproof.frozen import frozen

CONSTRUCTED = 0x20
CLASS_MASK = 0xC0
HIGH_TAG = 0x1F
MAX_TAG_BYTES = 4
MAX_LENGTH_BYTES = 4


@frozen
class Limits:
    """Caps on one document: its size in bytes, how deep values may nest, and how many values it may hold."""

    size: int = 64 * 1024
    depth: int = 32
    elements: int = 16_384


DEFAULT_LIMITS = Limits()


def read_header(data: bytes, offset: int, end: int) -> tuple[int, int, int]:
    """The header at ``offset``: identifier octets as one big-endian number, where contents start, where they end.

    ``end`` bounds the value (the end of whatever holds it).  Raises ``Malformed`` for a header that is cut off, is not
    minimal, has an indefinite length, or promises more than there is.
    """
    if end - offset < 2:
        raise bad("der-truncated", "a value is cut off", offset, expected="an identifier and a length")
    tag, length = data[offset], data[offset + 1]
    if tag & HIGH_TAG != HIGH_TAG and length < 0x80 and length <= end - offset - 2:
        return tag, offset + 2, offset + 2 + length  # nearly every value: two octets, and there is nothing to refuse
    position = offset + 1
    if tag & HIGH_TAG == HIGH_TAG:
        tag, position = _high_tag(data, offset, end)
    if position >= end:
        raise bad("der-truncated", "a value has no length", offset)
    length = data[position]
    position += 1
    if length >= 0x80:
        length, position = _long_length(data, position, end, length & 0x7F)
    if length > end - position:
        raise bad(
            "der-truncated",
            "a value is longer than what holds it",
            offset,
            expected=f"at most {end - position} bytes",
            found=f"{length} bytes",
        )
    return tag, position, position + length


def _high_tag(data: bytes, offset: int, end: int) -> tuple[int, int]:
    tag = data[offset]
    number = 0
    for position in range(offset + 1, min(end, offset + 1 + MAX_TAG_BYTES)):
        octet = data[position]
        tag = tag << 8 | octet
        number = number << 7 | (octet & 0x7F)
        if number == 0:
            break
        if octet < 0x80:
            if number < HIGH_TAG:
                break
            return tag, position + 1
    raise bad("der-tag", "a tag number is cut off, padded or too large", offset)


def _long_length(data: bytes, position: int, end: int, count: int) -> tuple[int, int]:
    if count == 0:
        raise bad("der-length", "a length is indefinite", position - 1, expected="a definite length (X.690, 10.1)")
    if count > MAX_LENGTH_BYTES or position + count > end:
        raise bad("der-length", "a length is cut off or too large", position - 1)
    length = int.from_bytes(data[position : position + count], "big")
    if length < 0x80 or data[position] == 0:
        raise bad("der-length", "a length is not written in the fewest octets", position - 1)
    return length, position + count


def is_constructed(tag: int) -> bool:
    """Whether the identifier (as ``read_header`` gives it) says that the value holds other values."""
    while tag > 0xFF:
        tag >>= 8
    return tag & CONSTRUCTED != 0


def check_document(data: bytes, start: int, end: int, limits: Limits) -> None:
    """Refuse ``data[start:end]`` unless it is exactly one DER value, right in every part and within ``limits``."""
    if end - start > limits.size:
        raise Malformed(
            "der-size",
            "a DER document is too large",
            expected=f"at most {limits.size} bytes",
            found=f"{end - start} bytes",
        )
    _, _, root_end = read_header(data, start, end)
    if root_end != end:
        raise bad(
            "der-trailing-bytes",
            "bytes follow the value",
            root_end,
            expected="nothing",
            found=f"{end - root_end} bytes",
        )
    _check_values(data, start, end, limits)


def _check_values(data: bytes, start: int, end: int, limits: Limits) -> None:
    open_ends = [end]
    position = start
    count = 0
    while open_ends:
        holder_end = open_ends[-1]
        if position == holder_end:
            open_ends.pop()
            continue
        count += 1
        if count > limits.elements:
            raise bad(
                "der-count", "a DER document holds too many values", position, expected=f"at most {limits.elements}"
            )
        tag, content, content_end = read_header(data, position, holder_end)
        rule = CONTENT_RULES.get(tag)
        if rule is not None:
            rule(data, content, content_end)
            position = content_end
        elif _holds_values(tag, position):
            if len(open_ends) > limits.depth:
                raise bad("der-depth", "values nest too deeply", position, expected=f"at most {limits.depth} levels")
            open_ends.append(content_end)
            position = content
        else:
            position = content_end


def _holds_values(tag: int, offset: int) -> bool:
    """Whether a value holds other values, by its identifier; refuses one that nothing is known about."""
    if tag in UNIVERSAL_TAGS:
        return bool(tag & CONSTRUCTED)
    top = tag
    while top > 0xFF:
        top >>= 8
    if not top & CLASS_MASK:
        raise bad("der-tag", "a universal type is unknown or not in its DER form", offset, found=f"{tag:02x}")
    return bool(top & CONSTRUCTED)
