"""Reading evidence, trust configuration and procedures from this computer's files, strictly and within caps."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from vaultproof.errors import Malformed, Unavailable, VaultproofError
from vaultproof.evidence.files import MAX_FILES, MAX_TOTAL_BYTES
from vaultproof.procedure.document import Procedure, read_procedure
from vaultproof.strict.paths import check_path
from vaultproof.trust.configuration import TrustSet, read_trust_set

if TYPE_CHECKING:
    from vaultproof.trust.logs import Logs

STANDARD_INPUT = "-"
_PACKAGE = Path(__file__).resolve().parents[1]
# No link, no newline translation, and no waiting for whoever writes into a pipe: where the platform has these.
_OPEN_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


def load_evidence(source: str | os.PathLike[str]) -> dict[str, bytes]:
    """The files of a deployment from a folder, a zip archive, or a zip archive on standard input (``-``).

    Raises ``Malformed`` for links, names that are not portable, what is over a cap, and archives that are not plainly
    one set of files; ``Unavailable`` for what is not there or cannot be read.
    """
    if source != STANDARD_INPUT and os.path.isdir(source):
        return load_folder(Path(source))
    return _load_archive(source)


def load_folder(folder: Path) -> dict[str, bytes]:
    """All files under ``folder``, by path; nothing is left out, no link is followed.  Raises as ``load_evidence``."""
    files: dict[str, bytes] = {}
    room = MAX_TOTAL_BYTES
    for path, place in _walk(folder, ""):
        if len(files) == MAX_FILES:
            raise Malformed("too-many-files", "too many files", expected=f"<= {MAX_FILES}", found=f"> {MAX_FILES}")
        files[path] = _read(place, path, room)
        room -= len(files[path])
    return {path: files[path] for path in sorted(files)}


def load_file(source: str | os.PathLike[str], *, maximum: int) -> bytes:
    """At most ``maximum`` bytes of a file, or of standard input (``-``).  Raises as ``load_evidence``."""
    if source == STANDARD_INPUT:
        return _at_most(sys.stdin.buffer, "standard input", maximum)
    try:
        with open(source, "rb") as stream:
            return _at_most(stream, os.fspath(source), maximum)
    except OSError as error:
        raise _cannot_read(os.fspath(source), error) from None


def load_trust(folder: Path | None = None) -> TrustSet:
    """The trust configuration in ``folder``, or the one that came along.

    Raises ``Unavailable("trust-unusable")`` for whatever is wrong with it: that says nothing about the evidence.
    """
    place = folder or _data("trust")
    try:
        return read_trust_set(load_folder(place))
    except VaultproofError as error:
        raise Unavailable(
            "trust-unusable", f"the trust configuration in {place} cannot be used: {error}",
            hint="give --trust the folder that holds trust.json and rehearsal/trust.json",
        ) from error  # fmt: skip


def load_logs(folder: Path | None) -> Logs:
    """Where signers' logs are read: ``logs.json`` in ``folder``, or the one that came along where there is none.

    Raises ``Unavailable("logs-unusable")`` for whatever is wrong with it.
    """
    from vaultproof.strict.json import MAX_JSON_BYTES
    from vaultproof.trust.logs import LOGS_FILE, read_logs

    place = (folder or _data("trust")) / LOGS_FILE
    if not place.is_file():
        place = _data("trust") / LOGS_FILE
    try:
        return read_logs(load_file(place, maximum=MAX_JSON_BYTES), file=str(place))
    except VaultproofError as error:
        raise Unavailable("logs-unusable", f"the addresses of logs cannot be used: {error}") from error


def load_procedures() -> Mapping[str, Procedure]:
    """The published procedures that came along, by version.  Raises ``Unavailable`` when they cannot be used."""
    place = _data("procedure")
    try:
        documents = {path: data for path, data in load_folder(place).items() if path.endswith(".md")}
        procedures = {path: read_procedure(data, file=path) for path, data in documents.items()}
    except VaultproofError as error:
        raise Unavailable("procedure-unusable", f"the procedures in {place} cannot be used: {error}") from error
    if not procedures:
        raise Unavailable("procedure-unusable", f"there is no procedure in {place}", hint="install vaultproof anew")
    return {procedure.version: procedure for procedure in procedures.values()}


def _data(name: str) -> Path:
    """A folder of pinned data: inside an installed package, else where a checkout keeps it.

    By path, not by ``importlib.resources``: that takes as long to import as the rest of a run together.
    """
    installed = _PACKAGE / "_data" / name
    return installed if installed.is_dir() else _PACKAGE.parent / "evidence" / name


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    """Path as evidence names it, and place on disk, of every file; the length cap of paths also bounds the depth."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        raise _cannot_read(prefix.removesuffix("/") or str(folder), error) from None
    for entry in entries:
        path = check_path(prefix + entry.name)
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(folder / entry.name, path + "/")
        elif entry.is_file(follow_symlinks=False):
            yield path, folder / entry.name
        else:
            raise _not_a_file(path)


def _read(place: Path, path: str, room: int) -> bytes:
    """The bytes of a plain file that may have ``room`` bytes; it is looked at again once open."""
    try:
        descriptor = os.open(place, os.O_RDONLY | _OPEN_FLAGS)
        with open(descriptor, "rb") as stream:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise _not_a_file(path)
            if status.st_size > room:
                raise _too_large(path)
            data = stream.read(status.st_size + 1)
    except OSError as error:
        raise _cannot_read(path, error) from None
    if len(data) != status.st_size:
        raise Unavailable("file-changed", "the file changed while it was read", file=path, hint="try again")
    return data


def _at_most(stream: BinaryIO, name: str, maximum: int) -> bytes:
    try:
        data = stream.read(maximum + 1)
    except OSError as error:
        raise _cannot_read(name, error) from None
    if len(data) > maximum:
        raise Malformed("file-too-large", "this is too large", file=name, expected=f"<= {maximum} B")
    return data


def _load_archive(source: str | os.PathLike[str]) -> dict[str, bytes]:
    from vaultproof.archive import ZipLimits, read_zip

    name = "standard input" if source == STANDARD_INPUT else os.fspath(source)
    data = load_file(source, maximum=ZipLimits().archive_bytes)
    try:
        return read_zip(data)
    except Malformed as error:
        error.file = f"{name}!/{error.file}" if error.file else name
        if error.code == "not-a-zip":
            error.hint = "give the folder or the zip archive of one deployment"
        raise


def _not_a_file(path: str) -> Malformed:
    return Malformed(
        "not-a-file", "this is a link or a device", file=path, expected="a plain file or a folder",
        hint="links are not followed; put the files themselves there",
    )  # fmt: skip


def _too_large(path: str) -> Malformed:
    return Malformed(
        "deployment-too-large", "the files are too large together", file=path, expected=f"<= {MAX_TOTAL_BYTES} B"
    )


def _cannot_read(name: str, error: OSError) -> Unavailable:
    hint = None
    if name.startswith(("http:", "https:")):
        hint = "this program uses no network: download it first, and give the file"
    return Unavailable("cannot-read", "cannot be read", file=name, found=error.strerror or str(error), hint=hint)
