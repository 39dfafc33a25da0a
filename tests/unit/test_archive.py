"""The zip reader and writer: what they make of each other, of other programs' archives, and of hostile ones."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.zip_forge import Forged, deflate, forge
from vaultproof.archive import ZipLimits, read_zip, write_stored_zip
from vaultproof.errors import Malformed

FILES = {
    "bundle/fleet-keys.json": b'{"keys": []}\n' * 20,
    "deployment.json": b"{}",
    "manifest.json": b"",
    "x.txt": b"x",
}


def refusal(data: bytes, limits: ZipLimits | None = None) -> Malformed:
    with pytest.raises(Malformed) as caught:
        read_zip(data, limits=limits)
    return caught.value


PLAIN = Forged()
DEFLATED = Forged(method=8, data=b"abc" * 100, packed=deflate(b"abc" * 100))
_CRC = zlib.crc32(b"content")
_DESCRIPTOR = struct.pack("<3L", _CRC, 7, 7)


# --- what is read ---------------------------------------------------------------------------------------------------


def test_what_is_written_is_read() -> None:
    assert read_zip(write_stored_zip(FILES)) == FILES


@given(st.dictionaries(st.from_regex(r"[bd]{1,3}/[bd]{1,3}\.json", fullmatch=True), st.binary(max_size=50)))
def test_any_files_come_back(files: dict[str, bytes]) -> None:
    files = {"manifest.json": b"", **files}
    assert read_zip(write_stored_zip(files)) == files


def test_files_come_sorted() -> None:
    archive = forge(replace(PLAIN, name=b"b"), replace(PLAIN, name=b"a"))
    assert list(read_zip(archive)) == ["a", "b"]


@pytest.mark.parametrize(
    "member",
    [
        PLAIN,
        DEFLATED,
        replace(PLAIN, made_by=20, attributes=0x20),
        replace(PLAIN, comment=b"as scanned"),
        replace(PLAIN, extra=b"UT\5\0\3abcd", local_extra=b"UT\5\0\3abcd"),
        replace(PLAIN, flags=8, local_sizes=(0, 0, 0), descriptor=b"PK\7\x08" + _DESCRIPTOR),
        replace(PLAIN, flags=8, descriptor=_DESCRIPTOR),
        replace(PLAIN, name=b"cle.txt", flags=0x800),
    ],
)
def test_what_ordinary_programs_write_is_read(member: Forged) -> None:
    name = member.name.decode()
    assert read_zip(forge(member, replace(PLAIN, name=b"z"))) == {name: member.data, "z": b"content"}


def test_a_comment_of_the_archive_is_ignored() -> None:
    assert read_zip(forge(PLAIN, comment=b"commit 0123abcd")) == {"a.txt": b"content"}


def test_an_end_record_inside_a_stored_member_is_no_second_end() -> None:
    inner = forge(PLAIN)
    assert read_zip(forge(replace(PLAIN, data=inner))) == {"a.txt": inner}


def _folder(name: bytes) -> Forged:
    return Forged(name=name, data=b"", attributes=0o40755 << 16 | 0x10)


def test_one_folder_that_holds_everything_is_taken_off() -> None:
    members = [_folder(b"top/"), replace(PLAIN, name=b"top/a"), _folder(b"top/b/"), replace(PLAIN, name=b"top/b/c")]
    assert list(read_zip(forge(*members))) == ["a", "b/c"]


def test_only_one_folder_is_taken_off() -> None:
    assert list(read_zip(forge(replace(PLAIN, name=b"one/two/a")))) == ["two/a"]


@pytest.mark.parametrize("other", [replace(PLAIN, name=b"z"), _folder(b"empty/")])
def test_a_folder_beside_others_stays(other: Forged) -> None:
    assert "top/a" in read_zip(forge(replace(PLAIN, name=b"top/a"), other))


def test_a_folder_packed_by_deflate_is_still_empty() -> None:
    folder = replace(_folder(b"f/"), method=8, packed=deflate(b""))
    assert read_zip(forge(folder, PLAIN)) == {"a.txt": b"content"}


# --- what other programs make ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives_by_the_standard_library_are_read(method: int) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression=method) as archive:
        for path, data in FILES.items():
            archive.writestr(path, data)
    assert read_zip(target.getvalue()) == FILES


class _Pipe(io.RawIOBase):
    """A target that cannot seek, as when a program writes its archive to a pipe."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        chunk = bytes(data)  # type: ignore[call-overload] # any buffer
        self.written += chunk
        return len(chunk)


def test_archives_written_to_a_pipe_are_read() -> None:
    target = _Pipe()
    with zipfile.ZipFile(target, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        for path, data in FILES.items():
            archive.writestr(path, data)
    assert read_zip(bytes(target.written)) == FILES


@pytest.mark.parametrize(
    "command",
    [
        ["zip", "-q", "-r", "out.zip", "top"],
        ["zip", "-q", "-r", "-0", "out.zip", "top"],
        ["7z", "a", "-bso0", "out.zip", "top"],
        ["bsdtar", "-a", "-cf", "out.zip", "top"],
        ["jar", "-cMf", "out.zip", "top"],
        ["git", "archive", "-o", "out.zip", "--prefix=top/", "HEAD"],
    ],
    ids=lambda command: " ".join(command[:3]),
)
def test_archives_by_other_programs_are_read(tmp_path: Path, command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"no program {command[0]} here")
    top = tmp_path / "top"
    for path, data in FILES.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(data)
    if command[0] == "git":
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
        for words in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "x"]):
            subprocess.run(["git", *words], cwd=top, check=True)
    subprocess.run(command, cwd=top if command[0] == "git" else tmp_path, check=True)
    archive = (top if command[0] == "git" else tmp_path) / "out.zip"
    assert read_zip(archive.read_bytes()) == FILES


# --- what is written ------------------------------------------------------------------------------------------------


def test_the_written_archive_is_what_the_standard_library_would_write() -> None:
    files = {**FILES, "Zurich.txt": b"z"}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, files[path])
    assert write_stored_zip(files) == target.getvalue()


def test_the_order_of_files_does_not_matter() -> None:
    assert write_stored_zip(dict(reversed(FILES.items()))) == write_stored_zip(FILES)


@pytest.mark.parametrize("files", [{"../a": b""}, {"a": b"", "A": b""}, {"/a": b""}])
def test_paths_that_are_not_portable_are_not_written(files: dict[str, bytes]) -> None:
    with pytest.raises(Malformed):
        write_stored_zip(files)


def test_more_members_than_are_read_are_not_written() -> None:
    with pytest.raises(Malformed, match="zip-too-large"):
        write_stored_zip({f"f{number}": b"" for number in range(10_001)})


# --- what is refused ------------------------------------------------------------------------------------------------

UNICODE_PATH = b"\x75\x70\x06\x00\x01" + struct.pack("<L", zlib.crc32(b"a.txt")) + b"b"


@pytest.mark.parametrize(
    ("code", "archive"),
    [
        ("not-a-zip", b""),
        ("not-a-zip", b"{}"),
        ("not-a-zip", forge(PLAIN, prefix=b"#!/bin/sh\n")),
        ("zip-directory", b"PK\3\4" + forge(PLAIN)),
        ("zip-gap", forge(PLAIN, prefix=b"PK\3\4")),
        ("zip-truncated", forge(PLAIN) + b"\n"),
        ("zip-truncated", forge(PLAIN)[:-1]),
        ("zip-two-ends", forge(PLAIN, comment=b"PK\5\6" + bytes(18))),
        ("zip-truncated", forge(PLAIN, comment=b"PK\5\6 and more")),
        ("zip-empty", forge()),
        ("zip64", forge(PLAIN, count=0xFFFF)),
        ("zip64", forge(PLAIN, start=0xFFFFFFFF)),
        ("zip64", forge(PLAIN, size=0xFFFFFFFF)),
        ("zip-split", forge(PLAIN, disk=1)),
        ("zip-split", forge(PLAIN, here=2)),
        ("zip-split", forge(replace(PLAIN, disk=1))),
        ("zip-members", forge(PLAIN, count=10_001)),
        ("zip-directory", forge(PLAIN, count=2)),
        ("zip-directory", forge(PLAIN, replace(PLAIN, name=b"b"), count=1)),
        ("zip-directory", forge(PLAIN, start=0)),
        ("zip-name", forge(replace(PLAIN, name=b""))),
        ("zip-name", forge(replace(PLAIN, name=b"x" * 801))),
        ("zip-name", forge(replace(PLAIN, name=b"cl\x82.txt"))),
        ("zip-name", forge(replace(PLAIN, name=b"cl\x82.txt", flags=0x800))),
        ("zip-name", forge(replace(PLAIN, extra=UNICODE_PATH))),
        ("zip-name", forge(replace(PLAIN, local_extra=UNICODE_PATH))),
        ("bad-path", forge(replace(PLAIN, name=b"../a.txt"))),
        ("bad-path", forge(replace(PLAIN, name=b"x/../../a.txt"))),
        ("bad-path", forge(replace(PLAIN, name=b"../x/"), PLAIN)),
        ("bad-path", forge(replace(PLAIN, name=b"/etc/passwd"))),
        ("bad-path", forge(replace(PLAIN, name=b"a\\b.txt"))),
        ("bad-path", forge(replace(PLAIN, name=b"c:a.txt"))),
        ("bad-path", forge(replace(PLAIN, name=b"a\0.txt"))),
        ("bad-path", forge(replace(PLAIN, name=b"a//b"))),
        ("bad-path", forge(replace(PLAIN, name=b"a/b//"))),
        ("bad-path", forge(replace(PLAIN, name=b"/"))),
        ("bad-path", forge(replace(PLAIN, name=b"./a"))),
        ("bad-path", forge(replace(PLAIN, name=b"nul.txt"))),
        ("bad-path", forge(replace(PLAIN, name=b"x/" * 120 + b"a"))),
        ("bad-path", forge(replace(PLAIN, name="cle\u0301.txt".encode(), flags=0x800))),
        ("path-twins", forge(PLAIN, PLAIN)),
        ("path-twins", forge(PLAIN, replace(PLAIN, name=b"A.TXT"))),
        ("path-twins", forge(PLAIN, _folder(b"a.txt/"), replace(PLAIN, name=b"z"))),
        ("path-twins", forge(PLAIN, replace(PLAIN, name=b"A.txt/inside"))),
        ("zip-encrypted", forge(replace(PLAIN, flags=1))),
        ("zip-encrypted", forge(replace(PLAIN, flags=0x41))),
        ("zip-encrypted", forge(replace(PLAIN, flags=0x2000))),
        ("zip-flags", forge(replace(PLAIN, flags=0x20))),
        ("zip-method", forge(replace(PLAIN, method=14))),
        ("zip-method", forge(replace(PLAIN, method=99))),
        ("zip-not-a-file", forge(replace(PLAIN, attributes=0o120777 << 16))),
        ("zip-not-a-file", forge(replace(PLAIN, attributes=0o120777 << 16, made_by=20))),
        ("zip-not-a-file", forge(replace(PLAIN, attributes=0o020666 << 16))),
        ("zip-not-a-file", forge(replace(PLAIN, attributes=0o040755 << 16))),
        ("zip-not-a-file", forge(replace(PLAIN, attributes=0x410, made_by=20))),
        ("zip-not-a-file", forge(replace(PLAIN, attributes=0x10, made_by=20))),
        ("zip-not-a-file", forge(replace(PLAIN, name=b"f/", data=b""), PLAIN)),
        ("zip-extra", forge(replace(PLAIN, extra=b"UT\5\0\3"))),
        ("zip-extra", forge(replace(PLAIN, local_extra=b"UT"))),
        ("zip64", forge(replace(PLAIN, extra=b"\1\0\0\0"))),
        ("zip64", forge(replace(PLAIN, local_extra=b"\1\0\0\0"))),
        ("zip-ratio", forge(replace(DEFLATED, size=1024 * 200 + 1))),
        ("zip-too-large", forge(replace(PLAIN, size=2**31), replace(PLAIN, name=b"b", size=2**31))),
        ("zip-size", forge(replace(PLAIN, size=8))),
        ("zip-size", forge(replace(PLAIN, size=6))),
        ("zip-size", forge(replace(DEFLATED, size=301))),
        ("zip-size", forge(replace(DEFLATED, size=299))),
        ("zip-size", forge(replace(_folder(b"f/"), data=b"hidden"), PLAIN)),
        ("zip-data", forge(replace(DEFLATED, packed=deflate(b"abc" * 100)[:-1]))),
        ("zip-data", forge(replace(DEFLATED, packed=deflate(b"abc" * 100) + b"!"))),
        ("zip-data", forge(replace(DEFLATED, packed=b""))),
        ("zip-data", forge(replace(DEFLATED, packed=b"\xff\xff\xff"))),
        ("zip-checksum", forge(replace(PLAIN, crc=1))),
        ("zip-checksum", forge(replace(DEFLATED, crc=1))),
        ("zip-headers-differ", forge(replace(PLAIN, local_name=b"b.txt"))),
        ("zip-headers-differ", forge(replace(PLAIN, local_flags=0x800))),
        ("zip-headers-differ", forge(replace(PLAIN, local_method=8))),
        ("zip-headers-differ", forge(replace(PLAIN, local_sizes=(1, 7, 7)))),
        ("zip-headers-differ", forge(replace(PLAIN, local_sizes=(0, 0, 0)))),
        ("zip-headers-differ", forge(replace(PLAIN, flags=8, local_sizes=(0, 0, 0)))),
        ("zip-headers-differ", forge(replace(PLAIN, flags=8, descriptor=struct.pack("<3L", _CRC, 7, 8)))),
        ("zip-gap", forge(replace(PLAIN, descriptor=b"hidden"))),
        ("zip-gap", forge(PLAIN, replace(PLAIN, name=b"b", before=b"hidden"))),
        ("zip-gap", forge(replace(PLAIN, start=1))),
        ("zip-overlap", forge(PLAIN, replace(PLAIN, name=b"b", start=0))),
        ("zip-overlap", forge(PLAIN, replace(PLAIN, name=b"b", packed_size=5000))),
        ("zip-header", forge(PLAIN, replace(PLAIN, name=b"b", local_signature=b"PK\1\2"))),
    ],
)  # fmt: skip
def test_each_refusal_has_its_code(code: str, archive: bytes) -> None:
    assert refusal(archive).code == code


def test_a_refusal_names_the_member_and_what_differs() -> None:
    error = refusal(forge(PLAIN, replace(PLAIN, name=b"folder/b.txt", crc=1)))
    assert (error.file, error.expected, error.found) == ("folder/b.txt", "00000001", f"{_CRC:08x}")


@pytest.mark.parametrize(
    ("code", "limits"),
    [
        ("zip-too-large", ZipLimits(archive_bytes=50)),
        ("zip-too-large", ZipLimits(total_bytes=7)),
        ("zip-members", ZipLimits(members=1)),
        ("zip-name", ZipLimits(name_bytes=4)),
    ],
)
def test_limits_are_the_callers_to_lower(code: str, limits: ZipLimits) -> None:
    assert refusal(forge(PLAIN, replace(PLAIN, name=b"b.txt")), limits).code == code


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = bytes(50 * 1024 * 1024)
    archive = forge(Forged(method=8, data=bomb, packed=deflate(bomb)))
    monkeypatch.setattr("vaultproof.archive.reading._unpack", lambda *_: pytest.fail("unpacked"))
    assert refusal(archive).code == "zip-ratio"


def test_a_bomb_that_lies_about_its_size_is_cut_off() -> None:
    packed = deflate(bytes(50 * 1024 * 1024))
    assert refusal(forge(Forged(method=8, data=b"small", packed=packed))).code == "zip-size"


# --- damage ---------------------------------------------------------------------------------------------------------

SAMPLE = forge(PLAIN, replace(DEFLATED, name=b"b.txt"), comment=b"c")


def test_every_truncation_is_refused() -> None:
    for length in range(len(SAMPLE)):
        assert refusal(SAMPLE[:length]).code


def test_no_changed_bit_changes_what_is_read() -> None:
    """Damage is refused, or was in a place that says nothing about the files (dates, permissions, comments)."""
    files = read_zip(SAMPLE)
    refused = 0
    for position in range(len(SAMPLE)):
        for bit in range(8):
            damaged = bytearray(SAMPLE)
            damaged[position] ^= 1 << bit
            try:
                read = read_zip(bytes(damaged))
            except Malformed:
                refused += 1
            else:
                assert read == files, (position, bit)
    assert refused > len(SAMPLE) * 5
