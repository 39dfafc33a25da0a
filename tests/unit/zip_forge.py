"""Hand-made zip archives that say what no honest program would say, for tests of the reader."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Forged:
    """One member of a hand-made archive; ``local_*`` and ``descriptor`` say something else than the directory."""

    name: bytes = b"a.txt"
    data: bytes = b"content"
    packed: bytes | None = None
    flags: int = 0
    method: int = 0
    crc: int | None = None
    size: int | None = None
    packed_size: int | None = None
    made_by: int = 3 << 8 | 20
    attributes: int = 0o100644 << 16
    disk: int = 0
    extra: bytes = b""
    local_extra: bytes = b""
    comment: bytes = b""
    local_name: bytes | None = None
    local_flags: int | None = None
    local_method: int | None = None
    local_sizes: tuple[int, int, int] | None = None
    descriptor: bytes = b""
    start: int | None = None
    before: bytes = b""
    local_signature: bytes = b"PK\3\4"


def forge(*members: Forged, comment: bytes = b"", prefix: bytes = b"", **end: int) -> bytes:
    """A zip of these members; ``end`` overrides fields of the end record: count, here, disk, size, start."""
    body, directory = prefix, b""
    for member in members:
        body += member.before
        packed = member.data if member.packed is None else member.packed
        sizes = (
            zlib.crc32(member.data) if member.crc is None else member.crc,
            len(packed) if member.packed_size is None else member.packed_size,
            len(member.data) if member.size is None else member.size,
        )
        start = len(body) if member.start is None else member.start
        name = member.name if member.local_name is None else member.local_name
        flags = member.flags if member.local_flags is None else member.local_flags
        method = member.method if member.local_method is None else member.local_method
        lengths = (len(name), len(member.local_extra))
        body += struct.pack(
            "<4s5H3L2H", member.local_signature, 20, flags, method, 0, 33, *(member.local_sizes or sizes), *lengths
        )
        body += name + member.local_extra + packed + member.descriptor
        directory += struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", member.made_by, 20, member.flags, member.method, 0, 33, *sizes,
            len(member.name), len(member.extra), len(member.comment), member.disk, 0, member.attributes, start,
        )  # fmt: skip
        directory += member.name + member.extra + member.comment
    count = end.get("count", len(members))
    fields = (end.get("disk", 0), 0, end.get("here", count), count)
    place = (end.get("size", len(directory)), end.get("start", len(body)))
    return body + directory + struct.pack("<4s4H2LH", b"PK\5\6", *fields, *place, len(comment)) + comment


def deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()
