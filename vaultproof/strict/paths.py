"""Paths of evidence files: relative, ``/``, NFC, portable to every file system, and unique without regard to case."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from vaultproof.errors import Malformed
from vaultproof.strict.encodings import clip

MAX_PATH_LENGTH = 200
_INVISIBLE = "\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff"
_SEGMENT = re.compile(rf"[^\x00-\x1f\x7f-\x9f<>:\"/\\|?*{_INVISIBLE}]+")
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?", re.IGNORECASE)


def check_path(path: str) -> str:
    """``path`` itself when it is allowed.

    Raises ``Malformed("bad-path")`` for absolute or parent paths, back slashes, control and invisible characters (a
    reader could take one name for another), names reserved on Windows, a trailing dot or space, names not in Unicode
    NFC, and paths over 200 characters.
    """
    problem = _problem(path)
    if problem:
        raise Malformed(
            "bad-path", f"a file has a name that is not allowed ({problem})", found=clip(path),
            hint="use relative paths with /, of letters, digits, dot, dash and underscore",
        )  # fmt: skip
    return path


def check_paths(paths: Iterable[str]) -> None:
    """Check each path, that no two differ only by case, and that no file is another's folder.  Raises ``Malformed``."""
    seen: dict[str, str] = {}
    for path in paths:
        check_path(path)
        folded = path.casefold()
        if folded in seen:
            raise Malformed(
                "path-twins", "two files have names that some computers take for one",
                expected="names that differ by more than case", found=f"{clip(seen[folded])} and {clip(path)}",
            )  # fmt: skip
        seen[folded] = path
    for folded, path in seen.items():
        for slash in re.finditer("/", folded):
            file = seen.get(folded[: slash.start()])
            if file is not None:
                raise Malformed(
                    "path-twins", "a file stands where another file needs a folder",
                    expected="a name for a file or for a folder", found=f"{clip(file)} and {clip(path)}",
                )  # fmt: skip


def _problem(path: str) -> str | None:
    if not path or len(path) > MAX_PATH_LENGTH:
        return "empty or too long"
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return "not Unicode"
    if unicodedata.normalize("NFC", path) != path:
        return "not in normal form NFC"
    for segment in path.split("/"):
        if segment in ("", ".", ".."):
            return "empty, '.' or '..' part"
        if not _SEGMENT.fullmatch(segment):
            return "character that is not portable"
        if segment[-1] in ". " or segment[0] == " ":
            return "starts or ends with a space, or ends with a dot"
        if _RESERVED.fullmatch(segment):
            return "reserved on Windows"
    return None
