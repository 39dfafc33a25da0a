"""Reading the end and the directory of a zip archive: what it says it holds, before a byte is unpacked."""

from __future__ import annotations

import struct

from vaultproof.archive import layout
from vaultproof.archive.layout import REMAKE
from vaultproof.archive.limits import ZipLimits
from vaultproof.errors import Malformed
from vaultproof.frozen import frozen
from vaultproof.strict.encodings import clip
from vaultproof.strict.paths import check_path


@frozen
class End:
    """What the archive's end says of the directory: its offsets ``start`` and ``stop``, and how many members it has."""

    start: int
    stop: int
    count: int


@frozen
class Member:
    """One entry of the directory.

    ``packed`` and ``size`` are in bytes; ``start`` is the offset of the local header; a folder's ``name`` ends with a
    slash.
    """

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    start: int

    @property
    def is_folder(self) -> bool:
        """Whether the member is a folder, which has no content."""
        return self.name.endswith("/")


def read_end(data: bytes, limits: ZipLimits) -> End:
    """The one end of the archive.

    Raises ``Malformed``: ``not-a-zip``, ``zip-truncated``, ``zip-two-ends``, ``zip64``, ``zip-split``,
    ``zip-members``, ``zip-empty``, ``zip-directory``.
    """
    if data[:4] not in (layout.LOCAL_SIGNATURE, layout.END_SIGNATURE):
        raise Malformed(
            "not-a-zip", "this is no zip archive", expected="50 4b at the start", found=clip(data[:4].hex(" "))
        )
    offset = _find_end(data)
    _, disk, first_disk, here, total, size, start, _ = layout.END.unpack_from(data, offset)
    if total == layout.ABSENT_16 or layout.ABSENT_32 in (size, start):
        raise _zip64(None)
    if disk or first_disk or here != total:
        raise Malformed("zip-split", "the archive is part of a split one", hint=REMAKE)
    if total > limits.members:
        raise Malformed("zip-members", "too many members", expected=f"<= {limits.members}", found=str(total))
    if not total:
        raise Malformed("zip-empty", "the archive holds nothing", expected="at least one member", found="none")
    if start + size != offset:
        raise Malformed(
            "zip-directory", "the directory does not reach the archive's end, or something stands before the archive",
            expected=str(offset), found=str(start + size), hint=REMAKE,
        )  # fmt: skip
    return End(start=start, stop=offset, count=total)


def read_directory(data: bytes, end: End, limits: ZipLimits) -> tuple[Member, ...]:
    """The members, as many as the end says.

    Raises ``Malformed``: ``zip-directory``, ``zip-name``, ``bad-path``, ``zip-split``, ``zip-encrypted``,
    ``zip-flags``, ``zip-method``, ``zip-not-a-file``, ``zip-extra``, ``zip64``.
    """
    members: list[Member] = []
    offset = end.start
    for _ in range(end.count):
        if offset + layout.CENTRAL.size > end.stop or data[offset : offset + 4] != layout.CENTRAL_SIGNATURE:
            raise _cut_short(end, len(members))
        fields = layout.CENTRAL.unpack_from(data, offset)
        name_length, extra_length, comment_length = fields[10:13]
        name_at = offset + layout.CENTRAL.size
        extra_at = name_at + name_length
        offset = extra_at + extra_length + comment_length
        if offset > end.stop:
            raise _cut_short(end, len(members))
        members.append(_member(fields, data[name_at:extra_at], data[extra_at : extra_at + extra_length], limits))
    if offset != end.stop:
        raise Malformed(
            "zip-directory", "the directory holds more than its members", expected=f"{end.count} members",
            found=f"{end.stop - offset} B more", hint=REMAKE,
        )  # fmt: skip
    return tuple(members)


def check_extra(name: str, extra: bytes) -> None:
    """Extra fields must be whole, and none may give the member another size or another name.  Raises ``Malformed``."""
    while extra:
        tag, length = struct.unpack_from("<2H", extra) if len(extra) >= 4 else (0, len(extra))
        if 4 + length > len(extra):
            raise Malformed("zip-extra", "an extra field is cut short", file=name, expected=f"{length} B",
                            found=f"{max(0, len(extra) - 4)} B", hint=REMAKE)  # fmt: skip
        if tag == layout.EXTRA_ZIP64:
            raise _zip64(name)
        if tag == layout.EXTRA_UNICODE_PATH:
            raise Malformed("zip-name", "a member has two names", file=name, found=clip(extra[9 : 4 + length].hex()),
                            hint=REMAKE)  # fmt: skip
        extra = extra[4 + length :]


def _find_end(data: bytes) -> int:
    """The offset of the end record: the last one there is, followed by its comment and by nothing else."""
    window = max(0, len(data) - layout.END.size - layout.LARGEST_COMMENT)
    last = data.rfind(layout.END_SIGNATURE, window)
    if last < 0 or not _reaches_the_end(data, last):
        raise Malformed("zip-truncated", "the archive is cut short, or something follows its end", hint=REMAKE)
    other = data.find(layout.END_SIGNATURE, window)
    while other < last:
        if _reaches_the_end(data, other):
            raise Malformed("zip-two-ends", "the archive can be read in two ways", expected="one end",
                            found=f"ends at {other} and at {last}", hint=REMAKE)  # fmt: skip
        other = data.find(layout.END_SIGNATURE, other + 1)
    return last


def _reaches_the_end(data: bytes, offset: int) -> bool:
    if offset + layout.END.size > len(data):
        return False
    comment_length: int = layout.END.unpack_from(data, offset)[-1]
    return offset + layout.END.size + comment_length == len(data)


def _member(fields: tuple[int, ...], raw_name: bytes, extra: bytes, limits: ZipLimits) -> Member:
    flags, method, _time, _date, crc, packed, size = fields[3:10]
    disk, _internal, external, start = fields[13:]
    name = _name(raw_name, flags, limits)
    if disk:
        raise Malformed("zip-split", "the archive is part of a split one", file=name, hint=REMAKE)
    _check_features(name, flags, method)
    _check_kind(name, external)
    check_extra(name, extra)
    return Member(
        name=name, raw_name=raw_name, flags=flags, method=method, crc=crc, packed=packed, size=size, start=start
    )


def _name(raw: bytes, flags: int, limits: ZipLimits) -> str:
    """A member's name: ASCII, or UTF-8 that says so; every part of it portable; at most one slash at its end."""
    if not 0 < len(raw) <= limits.name_bytes:
        raise Malformed("zip-name", "a member's name is empty or too long", expected=f"1 to {limits.name_bytes} B",
                        found=f"{len(raw)} B")  # fmt: skip
    try:
        name = raw.decode("utf-8" if flags & layout.FLAG_UTF8 else "ascii")
    except UnicodeDecodeError:
        raise Malformed(
            "zip-name", "a member's name is in no known encoding", expected="ASCII, or UTF-8 that says so",
            found=clip(raw.hex()), hint=REMAKE,
        ) from None  # fmt: skip
    for part in name.removesuffix("/").split("/"):
        try:
            check_path(part)
        except Malformed as error:
            error.found = clip(name)
            raise
    return name


def _check_features(name: str, flags: int, method: int) -> None:
    if flags & layout.FLAGS_ENCRYPTED:
        raise Malformed("zip-encrypted", "a member is encrypted", file=name, found=f"flags {flags:#06x}", hint=REMAKE)
    if flags & ~layout.FLAGS_KNOWN:
        raise Malformed("zip-flags", "a member uses a feature that is not read here", file=name,
                        found=f"flags {flags:#06x}", hint=REMAKE)  # fmt: skip
    if method not in (layout.STORED, layout.DEFLATED):
        raise Malformed(
            "zip-method", "a member is packed by a method that is not read here", file=name,
            expected="stored (0) or deflated (8)", found=str(method), hint=REMAKE,
        )  # fmt: skip


def _check_kind(name: str, external: int) -> None:
    """Regular files and folders only: the upper half is a Unix mode (0 where there is none), the lower half of DOS."""
    kind = (external >> 16) & layout.MODE_KIND
    folder = name.endswith("/")
    wrong_mode = kind not in (0, layout.MODE_FOLDER if folder else layout.MODE_REGULAR)
    if wrong_mode or external & layout.WINDOWS_LINK or (external & layout.DOS_FOLDER and not folder):
        raise Malformed(
            "zip-not-a-file", "a member is neither a plain file nor a folder", file=name, expected="a plain file",
            found=f"attributes {external:#010x}", hint="links are not followed; put the files themselves in",
        )  # fmt: skip


def _zip64(name: str | None) -> Malformed:
    return Malformed(
        "zip64", "the archive is of the zip64 kind, which nothing within the caps needs", file=name, hint=REMAKE
    )


def _cut_short(end: End, read: int) -> Malformed:
    return Malformed(
        "zip-directory", "the directory is cut short", expected=f"{end.count} members", found=f"{read} members",
        hint=REMAKE,
    )  # fmt: skip
