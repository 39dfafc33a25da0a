"""From the body of a request to the files of a deployment, in memory, with every cap checked before the work it bounds.

Runs in worker processes only.  Taken are a zip archive as it is (``application/zip``), and a form
(``multipart/form-data``, RFC 7578) with one archive in the field ``archive`` or any number of files in ``files``, each
named by its path.  Nothing is written anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from werkzeug.datastructures import Headers
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder

from vaultproof.archive import ZipLimits, read_zip
from vaultproof.errors import Malformed
from verifier_web.service.configuration import Configuration

ZIP = "application/zip"
ZIP_TYPES = frozenset({ZIP, "application/x-zip-compressed", "application/octet-stream"})
FORM = "multipart/form-data"
ARCHIVE, FILES = "archive", "files"
LONGEST_FIELD = 4096
"""Bytes of a text field; the longest that there is holds 64 hexadecimal digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What was sent: files by path, and the form's text fields."""

    files: Mapping[str, bytes] = field(repr=False)
    fields: Mapping[str, str]


def read_upload(content_type: str, body: bytes | bytearray, caps: Configuration) -> Upload:
    """The files of an upload.

    Raises ``Malformed`` for whatever is not plainly one set of files within the caps: codes of ``vaultproof.archive``,
    and ``upload-type``, ``upload-form``, ``upload-parts``, ``upload-empty``, ``upload-depth``.
    """
    kind, options = parse_options_header(content_type)
    if kind in ZIP_TYPES:
        upload = Upload(files=_unzipped(bytes(body), caps), fields={})
    elif kind == FORM:
        upload = _form(options.get("boundary", ""), body, caps)
    else:
        raise Malformed(
            "upload-type", "this kind of upload is not taken", expected=f"{ZIP} or {FORM}", found=kind[:80] or "nothing"
        )
    _check_depth(upload.files, caps)
    return upload


def _unzipped(data: bytes, caps: Configuration) -> dict[str, bytes]:
    limits = ZipLimits(
        members=caps.upload_members,
        name_bytes=caps.upload_name_bytes,
        total_bytes=caps.upload_total_bytes,
        archive_bytes=caps.upload_bytes,
        ratio=caps.upload_ratio,
    )
    return read_zip(data, limits=limits)


@dataclass(slots=True)
class _Part:
    """A part of a form while it is read; ``filename`` is None for a text field."""

    name: str
    filename: str | None
    data: bytearray


def _form(boundary: str, body: bytes | bytearray, caps: Configuration) -> Upload:
    archives: list[bytes] = []
    files: dict[str, bytes] = {}
    texts: dict[str, str] = {}
    total = 0
    for part in _parts(boundary, body, caps):
        if part.filename is None:
            texts[part.name] = _text(part, texts)
        elif not part.filename and not part.data:
            continue  # a field for files in which nothing was chosen
        elif part.name == ARCHIVE:
            archives.append(bytes(part.data))
        elif part.name == FILES:
            total = _add(files, part, total, caps)
        else:
            raise _bad_form("a field of another name holds a file", f"{ARCHIVE} or {FILES}", part.name)
    if len(archives) > 1 or (archives and files):
        raise _bad_form("more than one upload in one form", "one archive, or files", None)
    if not archives and not files:
        raise Malformed("upload-empty", "nothing was chosen", expected="one archive, or files")
    return Upload(files=_unzipped(archives[0], caps) if archives else _without_top(files), fields=texts)


def _parts(boundary: str, body: bytes | bytearray, caps: Configuration) -> Iterator[_Part]:
    """Each part whole.  The decoder does no I/O, so nothing can spill to a disk."""
    if not boundary or len(boundary) > 200 or not boundary.isascii():
        raise _bad_form("the form has no boundary", "boundary=...", boundary or None)
    decoder = MultipartDecoder(boundary.encode("ascii"), max_parts=caps.upload_parts)
    part: _Part | None = None
    try:
        decoder.receive_data(bytes(body))
        decoder.receive_data(None)
        while not isinstance(event := decoder.next_event(), Epilogue):
            if isinstance(event, Field | File):
                part = _Part(event.name, event.filename if isinstance(event, File) else None, bytearray())
                _check_encoding(event.headers)
            elif isinstance(event, Data) and part is not None:
                part.data += event.data
                if not event.more_data:
                    yield part
    except RequestEntityTooLarge:
        raise Malformed(
            "upload-parts", "the form has too many parts", expected=f"<= {caps.upload_parts}",
            hint="send one archive instead",
        ) from None  # fmt: skip
    except ValueError as error:
        raise _bad_form("the form cannot be read", FORM, str(error)) from None


def _check_encoding(headers: Headers) -> None:
    """RFC 7578, 4.7 has no transfer encodings; taking one part's word for its encoding would be another reading."""
    encoding = headers.get("content-transfer-encoding", "binary").lower()
    if encoding not in ("binary", "8bit", "7bit"):
        raise _bad_form("a part is encoded", "parts as they are", encoding)


def _text(part: _Part, known: Mapping[str, str]) -> str:
    if part.name in known:
        raise _bad_form("a field stands twice", "fields of their own", part.name)
    if len(part.data) > LONGEST_FIELD:
        raise _bad_form("a text field is too long", f"<= {LONGEST_FIELD} B", f"{len(part.data)} B")
    try:
        return part.data.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad_form("a text field is not UTF-8", "UTF-8", part.name) from None


def _add(files: dict[str, bytes], part: _Part, total: int, caps: Configuration) -> int:
    """Put a file among the others; the new total size."""
    path = part.filename or ""
    if path in files:
        raise Malformed("path-twins", "two files have the same name", file=path, expected="names of their own")
    if len(files) == caps.upload_members:
        raise Malformed("too-many-files", "too many files", expected=f"<= {caps.upload_members}")
    total += len(part.data)
    if total > caps.upload_total_bytes:
        raise Malformed(
            "deployment-too-large", "the files are too large together", expected=f"<= {caps.upload_total_bytes} B",
            found=f"> {caps.upload_total_bytes} B",
        )  # fmt: skip
    files[path] = bytes(part.data)
    return total


def _without_top(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Without the one folder that holds all: a browser that sends a folder names it in every path."""
    tops = {path.partition("/")[0] for path in files if "/" in path}
    if len(tops) != 1 or any("/" not in path for path in files):
        return dict(sorted(files.items()))
    return {path.partition("/")[2]: data for path, data in sorted(files.items())}


def _check_depth(files: Mapping[str, bytes], caps: Configuration) -> None:
    for path in files:
        if path.count("/") > caps.upload_depth:
            raise Malformed(
                "upload-depth", "a file lies in too many folders", file=path[:200],
                expected=f"<= {caps.upload_depth} folders", found=str(path.count("/")),
            )  # fmt: skip


def _bad_form(message: str, expected: str, found: str | None) -> Malformed:
    return Malformed("upload-form", message, expected=expected, found=None if found is None else found[:80])
