"""From files to a zip archive that has the same bytes on any machine."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from vaultproof.archive import layout
from vaultproof.archive.limits import ZipLimits
from vaultproof.errors import Malformed
from vaultproof.strict.paths import check_paths

_VERSION = 20  # of the format: what folders and deflate ask for, and every reader knows
_UNIX = 3
_TIME = 0
_DATE = 0x21  # 1980-01-01, the first there is
_ATTRIBUTES = (layout.MODE_REGULAR | 0o644) << 16


def write_stored_zip(files: Mapping[str, bytes]) -> bytes:
    """An archive of ``files`` (path to bytes) with one possible output.

    Members are stored (deflate differs between libraries), sorted by path, dated 1980-01-01 00:00, plain files of mode
    0644 as made on Unix, without extra fields or comments.  Raises ``Malformed`` for paths that are not portable and
    for more than ``read_zip`` takes.
    """
    check_paths(files)
    limits = ZipLimits()
    total = sum(len(data) for data in files.values())
    if len(files) > limits.members or total > limits.total_bytes:
        raise Malformed(
            "zip-too-large", "too much for one archive",
            expected=f"<= {limits.members} members, {limits.total_bytes} B", found=f"{len(files)} members, {total} B",
        )  # fmt: skip
    members: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for path in sorted(files):
        local, entry = _headers(path, files[path], offset)
        members += (local, files[path])
        directory.append(entry)
        offset += len(local) + len(files[path])
    size = sum(len(entry) for entry in directory)
    end = layout.END.pack(layout.END_SIGNATURE, 0, 0, len(directory), len(directory), size, offset, 0)
    return b"".join((*members, *directory, end))


def _headers(path: str, data: bytes, offset: int) -> tuple[bytes, bytes]:
    """The local header of a member at this offset, and its entry in the directory."""
    name = path.encode("utf-8")
    flags = 0 if path.isascii() else layout.FLAG_UTF8
    common = (_VERSION, flags, layout.STORED, _TIME, _DATE, zlib.crc32(data), len(data), len(data), len(name), 0)
    local = layout.LOCAL.pack(layout.LOCAL_SIGNATURE, *common)
    made_by = _UNIX << 8 | _VERSION
    entry = layout.CENTRAL.pack(layout.CENTRAL_SIGNATURE, made_by, *common, 0, 0, 0, _ATTRIBUTES, offset)
    return local + name, entry + name
