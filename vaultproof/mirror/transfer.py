"""Copying a mirror to plain files and back: nothing is lost on the way, and half a copy never stands in a place.

What goes over: every answer with its time and origin, in the order in which they were first kept.  What does not: how
far an audit came and what it found, which follows from the answers.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vaultproof.errors import Malformed, Unavailable, VaultproofError
from vaultproof.mirror.answer import MAX_ABOUT_BYTES, MAX_ARTIFACT_BYTES, MAX_RECORD_BYTES, Resource, StoredAnswer
from vaultproof.mirror.layout import HEADER, INDEX, MAX_LINE_BYTES, Line, line, other_path, own_path, read_header
from vaultproof.mirror.layout import read_line as read_index_line
from vaultproof.mirror.store import Store
from vaultproof.strict.encodings import clip, format_milliseconds

MOST_BYTES = {
    Resource.AUDIT: MAX_RECORD_BYTES,
    Resource.ARTIFACT: MAX_ARTIFACT_BYTES,
    Resource.COUNTER_SIGNATURE: MAX_ARTIFACT_BYTES,
}
"""What a mirror takes of each from its source, and so from a copy: one file may stand in many lines of an index."""
TELL_EVERY = 1_000

Tell = Callable[[int], None]
"""Told every thousand answers how many went over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred:
    """How many answers went over, and how many of them were new where they went."""

    answers: int
    new: int


def export(store: Store, folder: Path, *, namespace: str | None = None, tell: Tell | None = None) -> Transferred:
    """Write every answer under ``folder``; of one ``namespace`` (and of the log as a whole) if that is given.

    ``folder`` may be absent, empty, or an earlier copy, which is replaced as a whole at the end.  Raises
    ``Unavailable`` (``not-a-copy``, ``cannot-write``) or ``Malformed`` for names that no file can have.
    """
    _check_target(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        holder = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            fresh = holder / "new"  # made with usual rights, which a temporary folder has not
            fresh.mkdir()
            count = _write(store, fresh, namespace, tell)
            if folder.exists():
                folder.rename(holder / "old")
            fresh.rename(folder)
        finally:
            shutil.rmtree(holder)
    except OSError as error:
        raise Unavailable(
            "cannot-write", "the copy could not be written", file=str(error.filename or folder),
            found=error.strerror or str(error), hint="what stood there before is still there",
        ) from error  # fmt: skip
    return Transferred(answers=count, new=count)


def _check_target(folder: Path) -> None:
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_dir() and not folder.is_symlink() and (not any(folder.iterdir()) or _is_copy(folder)):
        return
    raise Unavailable(
        "not-a-copy", "there is something else in this place; it was left as it is", file=str(folder),
        hint="name a folder that does not exist, is empty, or holds an earlier copy",
    )  # fmt: skip


def _is_copy(folder: Path) -> bool:
    index = folder / INDEX
    if not index.is_file():
        return False
    with index.open("rb") as file:
        return file.readline(MAX_LINE_BYTES) == HEADER


def _write(store: Store, folder: Path, namespace: str | None, tell: Tell | None) -> int:
    count = 0
    names: dict[str, str] = {}
    with store.snapshot(), (folder / INDEX).open("wb") as index:
        index.write(HEADER)
        for answer in store.all_answers():
            if namespace is not None and answer.namespace not in (None, namespace):
                continue
            _check_twin(answer, names)
            path = own_path(answer) if store.stands_for(answer) else other_path(answer)
            place = folder / path
            try:
                place.write_bytes(answer.body)
            except FileNotFoundError:  # the first of its folder
                place.parent.mkdir(parents=True)
                place.write_bytes(answer.body)
            index.write(line(answer, path))
            count += 1
            if tell is not None and count % TELL_EVERY == 0:
                tell(count)
    return count


def _check_twin(answer: StoredAnswer, names: dict[str, str]) -> None:
    """No two namespaces that some file systems take for one."""
    if answer.namespace is None:
        return
    first = names.setdefault(answer.namespace.lower(), answer.namespace)
    if first != answer.namespace:
        raise Malformed(
            "path-twins", "two namespaces have names that some computers take for one",
            found=f"{clip(first)} and {clip(answer.namespace)}", hint="export them one by one",
        )  # fmt: skip


def check_copy(folder: Path) -> None:
    """Whether there is a copy in ``folder`` at all.  Raises ``Unavailable("not-a-copy")``."""
    if not (folder / INDEX).is_file():
        raise Unavailable("not-a-copy", "there is no copy of the log here", file=str(folder),
                          expected=f"a folder with {INDEX}")  # fmt: skip


def import_copy(store: Store, folder: Path, *, not_after: int | None = None, tell: Tell | None = None) -> Transferred:
    """Keep every answer of the copy in ``folder``: all of them or, when anything is wrong with it, none.

    ``not_after`` (milliseconds since 1970) refuses what is dated later: of what may change, the answer that was seen
    last counts, so one that is dated ahead would stand before all that the log itself says from then on.

    Raises ``Unavailable`` (``not-a-copy``, ``copy-damaged``): a damaged copy says nothing about the log.
    """
    check_copy(folder)
    index = folder / INDEX
    files = _Folder(folder)
    new = count = 0
    try:
        with index.open("rb") as file, store.batch():
            for entry in _lines(file, index):
                _check_time(entry, index, not_after)
                new += store.put_answer(entry.answer(files.body(entry))).new
                count += 1
                if tell is not None and count % TELL_EVERY == 0:
                    tell(count)
    except OSError as error:
        raise _damaged(str(error.filename), error.strerror or str(error)) from error
    return Transferred(answers=count, new=new)


def _lines(file: BinaryIO, index: Path) -> Iterator[Line]:
    number = 0
    while data := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        place = f"{index} line {number}"
        if not data.endswith(b"\n"):
            raise _damaged(place, "the line has no end, or is too long")
        try:
            if number == 1:
                read_header(data, file=place)
            else:
                yield read_index_line(data, file=place)
        except Malformed as error:
            raise _damaged(place, str(error)) from error
    if number == 0:
        raise _damaged(str(index), "it is empty")


def _check_time(entry: Line, index: Path, not_after: int | None) -> None:
    if not_after is not None and entry.last_seen > not_after:
        raise _damaged(str(index), f"{entry.path} is dated ahead of this clock: {format_milliseconds(entry.last_seen)}")


class _Folder:
    """The files of a copy; none of them, and no folder on the way to one, may be a link that leads elsewhere."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._looked_at: set[str] = set()

    def body(self, entry: Line) -> bytes:
        """The bytes that the index promises at the entry's path."""
        place = self._root / entry.path
        parent = entry.path.rpartition("/")[0]
        if parent not in self._looked_at:
            if not place.parent.resolve().is_relative_to(self._root.resolve()):
                raise _damaged(str(place.parent), "it leads elsewhere")
            self._looked_at.add(parent)
        if place.is_symlink():
            raise _damaged(str(place), "it is a link")
        most = MOST_BYTES.get(entry.resource, MAX_ABOUT_BYTES)
        with place.open("rb") as file:
            body = file.read(most + 1)
        if len(body) > most or hashlib.sha256(body).digest() != entry.sha256:
            raise _damaged(str(place), "it is not the file that the index names")
        return body


def _damaged(place: str, found: str) -> VaultproofError:
    return Unavailable(
        "copy-damaged", "the copy is damaged; nothing of it was taken", file=place, found=found,
        hint="the mirror is as it was; get the copy again",
    )  # fmt: skip
