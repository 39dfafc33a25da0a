"""Finds every genuine certificate under the foreign vectors, whatever wraps it."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_XML = re.compile(rb">\s*(MII[A-Za-z0-9+/=\s]+)<")


def genuine_certificates(folder: Path) -> dict[str, bytes]:
    """DER by ``file#number``: from PEM, from JSON and XML, and as they stand inside DER and CBOR."""
    found: dict[str, bytes] = {}
    for path in sorted(item for item in folder.rglob("*") if item.is_file()):
        data = path.read_bytes()
        for number, certificate in enumerate(_all_in(data)):
            found[f"{path.relative_to(folder)}#{number}"] = certificate
    return found


def _all_in(data: bytes) -> Iterator[bytes]:
    blocks = [base64.b64decode(match) for match in _PEM.findall(data.replace(b"\\n", b"\n"))]
    blocks += filter(_looks_like_a_certificate, map(base64.b64decode, _XML.findall(data)))
    if b"-----BEGIN EVIDENCE-----" in data:
        data = base64.b64decode(b"".join(data.split(b"-----")[2].split()))
    yield from blocks
    position = data.find(b"\x30\x82") if not blocks else -1
    while position >= 0:
        end = position + 4 + int.from_bytes(data[position + 2 : position + 4], "big")
        if end <= len(data) and _looks_like_a_certificate(data[position:end]):
            yield data[position:end]
            position = end - 1
        position = data.find(b"\x30\x82", position + 1)


def _looks_like_a_certificate(data: bytes) -> bool:
    """A SEQUENCE that begins with a SEQUENCE that begins with a version tag (the genuine v1 ones are all PEM)."""
    return data[4:6] == b"\x30\x82" and data[8:13] == b"\xa0\x03\x02\x01\x02"
