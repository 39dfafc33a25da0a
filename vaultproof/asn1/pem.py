"""Strict PEM (RFC 7468): one or more blocks, known labels, canonical base64, size caps.

Text outside the blocks is allowed, as RFC 7468 (section 2) allows it and vendors write it; stray boundaries are not.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection
from typing import NoReturn

from vaultproof.errors import Malformed
from vaultproof.frozen import frozen

CERTIFICATE = "CERTIFICATE"
MAX_PEM_BYTES = 256 * 1024
MAX_BLOCKS = 32
MAX_LINE = 76
"""Longest base64 line that is read (RFC 2045); what we write has 64 (RFC 7468)."""

_BOUNDARY = re.compile(r"-----(BEGIN|END) ([A-Z0-9](?:[A-Z0-9 ./-]{0,40}[A-Z0-9])?)-----")


@frozen
class PemBlock:
    """One block: its label, the bytes it carries, and which block of the file it is (0 is the first)."""

    label: str
    data: bytes
    index: int


def read_pem(
    data: bytes, *, labels: Collection[str], maximum: int = MAX_BLOCKS, max_bytes: int = MAX_PEM_BYTES
) -> tuple[PemBlock, ...]:
    """All blocks of a PEM file, in order; at least one.

    Raises ``Malformed`` for a file over ``max_bytes``, over ``maximum`` blocks, with a label not in ``labels``, with
    boundaries that do not pair, or with base64 that is not exactly what an encoder writes.
    """
    if len(data) > max_bytes:
        raise Malformed(
            "pem-size", "a PEM file is too large", expected=f"at most {max_bytes} bytes", found=f"{len(data)}"
        )
    try:
        lines = data.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Malformed("pem-text", "a PEM file is not ASCII", found=f"bad byte at offset {error.start}") from None
    blocks: list[PemBlock] = []
    label: str | None = None
    body: list[str] = []
    for number, line in enumerate(lines, 1):
        line = line.removesuffix("\r")
        boundary = _boundary(line, number)
        if boundary is None:
            if label is not None:
                body.append(line)
            continue
        kind, name = boundary
        if kind == "BEGIN":
            if label is not None or name not in labels or len(blocks) >= maximum:
                _refuse_block(number, name, labels, maximum, nested=label is not None)
            label, body = name, []
        else:
            if name != label:
                raise Malformed("pem-boundary", f"an END line closes no block, at line {number}", found=name)
            blocks.append(PemBlock(label=name, data=_decode(body, number), index=len(blocks)))
            label = None
    if label is not None or not blocks:
        raise Malformed("pem-boundary", "a PEM file has no complete block", expected=" or ".join(sorted(labels)))
    return tuple(blocks)


def write_pem(label: str, data: bytes) -> bytes:
    """``data`` as one PEM block with lines of 64 characters (RFC 7468, 3)."""
    text = base64.b64encode(data).decode("ascii")
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", "")).encode("ascii")


def _boundary(line: str, number: int) -> tuple[str, str] | None:
    if "-----" not in line:
        return None
    matched = _BOUNDARY.fullmatch(line)
    if matched is None:
        raise Malformed("pem-boundary", f"a PEM boundary is not well written, at line {number}")
    return matched[1], matched[2]


def _refuse_block(number: int, name: str, labels: Collection[str], maximum: int, *, nested: bool) -> NoReturn:
    if nested:
        raise Malformed("pem-boundary", f"a PEM block begins inside another, at line {number}")
    if name not in labels:
        expected = " or ".join(sorted(labels))
        raise Malformed("pem-label", f"a PEM block is of another kind, at line {number}", expected=expected, found=name)
    raise Malformed("pem-count", "a PEM file has too many blocks", expected=f"at most {maximum}")


def _decode(lines: list[str], number: int) -> bytes:
    width = len(lines[0]) if lines else 0
    text = "".join(lines)
    even = all(len(line) == width for line in lines[:-1]) and 0 < len(lines[-1] if lines else "") <= width
    regular = even and width <= MAX_LINE and width % 4 == 0
    try:
        data = base64.b64decode(text, validate=True) if regular else b""
    except (binascii.Error, ValueError):
        data = b""
    if not data or base64.b64encode(data).decode("ascii") != text:
        raise Malformed(
            "pem-base64", f"a PEM block is not base64 as it is written, ending at line {number}",
            expected=f"lines of one length up to {MAX_LINE}, canonical base64, nothing else",
        )  # fmt: skip
    return data
