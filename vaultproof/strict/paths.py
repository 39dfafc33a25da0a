"""Paths of evidence files: relative, ``/``, ASCII, portable to every file system, and unique without regard to case."""

from __future__ import annotations

import re
from collections.abc import Iterable

from vaultproof.errors import Malformed
from vaultproof.strict.encodings import clip

MAX_PATH_LENGTH = 200
_SEGMENT = re.compile(r"[^\x00-\x1f\x7f<>:\"/\\|?*]+")
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9]|lpt[0-9]) *(\..*)?", re.IGNORECASE)


def check_path(path: str) -> str:
    """``path`` itself when it is allowed.

    Raises ``Malformed("bad-path")`` for absolute or parent paths, back slashes, control characters, names reserved on
    Windows, a trailing dot or space, paths over 200 characters, and everything beyond ASCII: which names are one name,
    or only look so, depends on the Unicode version of whoever reads.
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
        folded = path.lower()
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
    if not path.isascii():
        return "not plain ASCII"
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
