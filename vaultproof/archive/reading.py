"""From the bytes of a zip archive to its files."""

from __future__ import annotations

import zlib

from vaultproof.archive import layout
from vaultproof.archive.directory import Member, check_extra, read_directory, read_end
from vaultproof.archive.layout import REMAKE
from vaultproof.archive.limits import ZipLimits
from vaultproof.errors import Malformed
from vaultproof.strict.encodings import clip
from vaultproof.strict.paths import check_path, check_paths


def read_zip(data: bytes, *, limits: ZipLimits | None = None) -> dict[str, bytes]:
    """The files of an archive, by path, sorted; a folder that holds everything else is taken off.

    Raises ``Malformed``, with a code and the member where there is one, for whatever is not plainly one set of files:
    over a cap; encrypted, split, zip64; links; names that are not portable or not unique; methods other than stored
    and deflated; gaps and overlaps; headers that contradict each other; sizes and checksums that do not hold.
    Comments, dates and permissions are not looked at.
    """
    limits = limits or ZipLimits()
    if len(data) > limits.archive_bytes:
        raise Malformed(
            "zip-too-large", "the archive is too large", expected=f"<= {limits.archive_bytes} B", found=f"{len(data)} B"
        )
    end = read_end(data, limits)
    members = read_directory(data, end, limits)
    paths = _paths(members)
    _check_sizes(members, limits)
    begins = _check_local_headers(data, members, end.start)
    contents = {member.name: _unpack(data, begins[member.name], member) for member in members}
    files = {path: contents[name] for name, path in paths.items() if not name.endswith("/")}
    return {path: files[path] for path in sorted(files)}


def _paths(members: tuple[Member, ...]) -> dict[str, str]:
    """Member names to paths, without the one folder that holds all, if there is one; no path stands twice."""
    tops = {member.name.partition("/")[0] + "/" for member in members if not member.is_folder}
    top = tops.pop() if len(tops) == 1 else ""
    if not all(member.name.startswith(top) for member in members):
        top = ""
    paths = {name: name[len(top) :].removesuffix("/") for name in (member.name for member in members) if name != top}
    if len({member.name for member in members}) != len(members):
        raise Malformed("path-twins", "two members have the same name", expected="names of their own")
    check_paths(path for name, path in paths.items() if not name.endswith("/"))
    _check_folders([path for name, path in paths.items() if name.endswith("/")], paths)
    return paths


def _check_folders(folders: list[str], paths: dict[str, str]) -> None:
    """A folder that is listed has a portable name, and no file has that name too."""
    files = {path.casefold() for name, path in paths.items() if not name.endswith("/")}
    for folder in folders:
        if check_path(folder).casefold() in files:
            raise Malformed("path-twins", "a file and a folder have the same name", file=folder,
                            expected="names of their own", found=clip(folder))  # fmt: skip


def _check_sizes(members: tuple[Member, ...], limits: ZipLimits) -> None:
    total = sum(member.size for member in members)
    if total > limits.total_bytes:
        raise Malformed("zip-too-large", "the members are too large together", expected=f"<= {limits.total_bytes} B",
                        found=f"{total} B")  # fmt: skip
    for member in members:
        if member.size > limits.ratio * max(member.packed, 1024):
            raise Malformed(
                "zip-ratio", "a member unpacks to far more than it is", file=member.name,
                expected=f"<= {limits.ratio} times", found=f"{member.packed} B to {member.size} B",
            )  # fmt: skip
        if member.is_folder and member.size:
            raise _wrong_size(member, 0, member.size)


def _check_local_headers(data: bytes, members: tuple[Member, ...], stop: int) -> dict[str, int]:
    """Where each member's data begins; members must fill the archive up to ``stop``, side by side."""
    begins = {}
    position = 0
    for member in sorted(members, key=lambda member: member.start):
        if member.start != position:
            raise _not_side_by_side(member.name, position, member.start)
        begin = _after_local_header(data, member, stop)
        begins[member.name] = begin
        position = _after_descriptor(data, begin + member.packed, member, stop)
    if position != stop:
        raise _not_side_by_side(None, position, stop)
    return begins


def _after_local_header(data: bytes, member: Member, stop: int) -> int:
    """Where the data begins, after a local header that agrees with the directory."""
    name_at = member.start + layout.LOCAL.size
    if name_at > stop or data[member.start : member.start + 4] != layout.LOCAL_SIGNATURE:
        raise Malformed("zip-header", "a member is not where the directory says", file=member.name, hint=REMAKE)
    fields = layout.LOCAL.unpack_from(data, member.start)
    flags, method, sizes, name_length, extra_length = fields[2], fields[3], fields[6:9], fields[9], fields[10]
    begin: int = name_at + name_length + extra_length
    if begin + member.packed > stop:
        raise Malformed("zip-overlap", "a member runs into the directory", file=member.name, expected=f"<= {stop}",
                        found=str(begin + member.packed), hint=REMAKE)  # fmt: skip
    said = (member.crc, member.packed, member.size)
    allowed = (said, (0, 0, 0)) if member.flags & layout.FLAG_DESCRIPTOR else (said,)
    named = data[name_at : name_at + name_length]
    if (flags, method, named) != (member.flags, member.method, member.raw_name) or sizes not in allowed:
        raise Malformed(
            "zip-headers-differ", "the archive says two things of a member", file=member.name,
            expected=_told(member.raw_name, member.flags, member.method, said),
            found=_told(named, flags, method, sizes), hint=REMAKE,
        )  # fmt: skip
    check_extra(member.name, data[name_at + name_length : begin])
    return begin


def _after_descriptor(data: bytes, position: int, member: Member, stop: int) -> int:
    """Where the next member begins: after the data descriptor, if this one has it."""
    if not member.flags & layout.FLAG_DESCRIPTOR:
        return position
    wanted = layout.DESCRIPTOR.pack(member.crc, member.packed, member.size)
    for descriptor in (layout.DESCRIPTOR_SIGNATURE + wanted, wanted):
        if data.startswith(descriptor, position, stop):
            return position + len(descriptor)
    raise Malformed(
        "zip-headers-differ", "what follows a member's data contradicts the directory", file=member.name,
        expected=wanted.hex(), found=data[position : min(position + 16, stop)].hex(), hint=REMAKE,
    )  # fmt: skip


def _unpack(data: bytes, begin: int, member: Member) -> bytes:
    """The bytes of a member, exactly as many as the directory says, and with the checksum that it says."""
    packed = data[begin : begin + member.packed]
    content = packed if member.method == layout.STORED else _inflate(packed, member)
    if len(content) != member.size:
        raise _wrong_size(member, member.size, len(content))
    crc = zlib.crc32(content)
    if crc != member.crc:
        raise Malformed("zip-checksum", "a member's checksum does not hold: it was damaged", file=member.name,
                        expected=f"{member.crc:08x}", found=f"{crc:08x}")  # fmt: skip
    return content


def _inflate(packed: bytes, member: Member) -> bytes:
    """Unpacks at most one byte more than announced, so that a lie about the size costs nothing."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = inflater.decompress(packed, member.size + 1)
    except zlib.error as error:
        raise Malformed("zip-data", "a member cannot be unpacked", file=member.name, found=str(error)) from None
    if len(content) > member.size:
        raise Malformed("zip-size", "a member unpacks to more than it says", file=member.name,
                        expected=f"{member.size} B", found=f"> {member.size} B")  # fmt: skip
    if not inflater.eof or inflater.unused_data:
        raise Malformed("zip-data", "a member's packed data is cut short, or something follows it", file=member.name,
                        expected=f"{member.packed} B of packed data")  # fmt: skip
    return content


def _wrong_size(member: Member, expected: int, found: int) -> Malformed:
    return Malformed(
        "zip-size", "a member has another size than it says", file=member.name, expected=f"{expected} B",
        found=f"{found} B",
    )  # fmt: skip


def _not_side_by_side(name: str | None, expected: int, found: int) -> Malformed:
    if found < expected:
        return Malformed("zip-overlap", "members lie over each other", file=name, expected=f">= {expected}",
                         found=str(found), hint=REMAKE)  # fmt: skip
    return Malformed("zip-gap", "something lies between the members", file=name, expected=str(expected),
                     found=str(found), hint=REMAKE)  # fmt: skip


def _told(name: bytes, flags: int, method: int, sizes: tuple[int, ...]) -> str:
    crc, packed, size = sizes
    return f"{clip(name.decode('utf-8', 'replace'))} flags {flags:#06x} method {method} crc {crc:08x} {packed}/{size} B"
