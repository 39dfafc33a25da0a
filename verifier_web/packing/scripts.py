"""The page's and the worker's scripts under names that carry their hash.

The sources are plain ES modules that import each other by relative name, at their top or later by ``await import``.
Packing renames each file by its hash and writes the new names into its importers, so the order is leaves first; nothing
else in a file changes, so what a browser runs can be read and compared with the source.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath

from verifier_web.packing.errors import PackingError

_NAME = r"\./([A-Za-z0-9_.-]+\.mjs)"
STATIC = re.compile(rf"""^((?:import|export)\b[^"';]*?["']){_NAME}(["'];)""", re.MULTILINE)
LATER = re.compile(rf"""(\bawait import\(["']){_NAME}(["']\))""")
HASH_DIGITS = 16


def hashed_name(name: str, content: bytes) -> str:
    """``worker.mjs`` as ``worker.<first 16 hex digits of its SHA-256>.mjs``."""
    path = PurePosixPath(name)
    return f"{path.stem}.{hashlib.sha256(content).hexdigest()[:HASH_DIGITS]}{path.suffix}"


def first_imports(text: str) -> set[str]:
    """The sibling modules that a script imports at its top (``import ... from "./x.mjs";``)."""
    return {match[2] for match in STATIC.finditer(text)}


def local_imports(text: str) -> set[str]:
    """All sibling modules that a script imports, later ones (``await import("./x.mjs")``) too."""
    return first_imports(text) | {match[2] for match in LATER.finditer(text)}


def closure(
    entry: str,
    texts: Mapping[str, str],
    known: Iterable[str] = (),
    imports: Callable[[str], set[str]] = local_imports,
) -> set[str]:
    """``entry`` and every script it imports, directly or not, except ``known`` ones that are packed otherwise.

    ``imports`` says which imports of a text count.  Raises ``PackingError`` for an import of a script that does not
    exist.
    """
    found: set[str] = set()
    pending = [entry]
    while pending:
        name = pending.pop()
        if name in found or name in known:
            continue
        if name not in texts:
            raise PackingError(f"a script imports ./{name}, which does not exist")
        found.add(name)
        pending.extend(imports(texts[name]))
    return found


def rename(texts: Mapping[str, str], names: Mapping[str, str]) -> dict[str, tuple[str, bytes]]:
    """Each script's hashed name and its bytes, imports rewritten; ``names`` holds hashed names already given.

    Raises ``PackingError`` when scripts import each other in a circle: then no hash can be in all their names.
    """
    done: dict[str, tuple[str, bytes]] = {}
    given = dict(names)
    pending = sorted(texts)
    while pending:
        ready = [name for name in pending if local_imports(texts[name]) <= given.keys()]
        if not ready:
            raise PackingError(f"scripts import each other in a circle: {', '.join(pending)}")
        for name in ready:
            text = texts[name]
            for pattern in (STATIC, LATER):
                text = pattern.sub(lambda match: f"{match[1]}./{given[match[2]]}{match[3]}", text)
            done[name] = (hashed_name(name, text.encode()), text.encode())
        given.update({name: done[name][0] for name in ready})
        pending = [name for name in pending if name not in done]
    return done
