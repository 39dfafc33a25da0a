"""A folder of results by the hash of what they were made from: a second build costs nothing."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path


def key_of(parts: Iterable[bytes]) -> str:
    """The cache key of a result: SHA-256 over its inputs, each preceded by its length so that no two lists collide."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def cached(folder: Path, name: str, parts: Iterable[bytes], make: Callable[[], bytes]) -> bytes:
    """What ``make`` gives for these inputs, from ``folder`` if it has been made before.

    The file's name carries ``name`` for people and the key for the program.  It is written under another name first
    and then renamed, so that an interrupted build leaves nothing half-written behind.
    """
    path = folder / f"{name}.{key_of(parts)}"
    if path.is_file():
        return path.read_bytes()
    content = make()
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".writing-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(temporary).replace(path)
    return content
