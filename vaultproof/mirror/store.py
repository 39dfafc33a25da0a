"""The mirror's store: every distinct answer verbatim, with time and origin, in one SQLite file.

One process writes at a time and any number read, also while it writes.  Nothing is ever taken away or overwritten: the
same bytes again move ``last_seen``, other bytes stand beside them.  Whether this mirror fetched an answer itself or
took it from somebody's copy is kept with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from vaultproof.errors import VaultproofError
from vaultproof.evidence.epoch import EpochRecord, read_epoch
from vaultproof.mirror import findings
from vaultproof.mirror.answer import HTTP_OK, NEVER_CHANGES, Answer, Resource, Stored, StoredAnswer
from vaultproof.mirror.database import connect, told
from vaultproof.mirror.findings import AuditState, FindingChanges, KeptFinding
from vaultproof.mirror.provenance import LAST_FETCHED, Provenance

_PUT = (
    "INSERT INTO answer (namespace, resource, epoch, status, body, sha256, origin, first_seen, last_seen, readable,"
    " fetched) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (namespace, resource, epoch, status, sha256) DO NOTHING"
)
_SAME = "SELECT id, fetched FROM answer WHERE namespace=? AND resource=? AND epoch=? AND status=? AND sha256=?"
_SEEN_AGAIN = "UPDATE answer SET first_seen=min(first_seen, ?), last_seen=max(last_seen, ?) WHERE id=?"
_SEEN_ITSELF = "UPDATE answer SET fetched=1, origin=?, first_seen=?, last_seen=? WHERE id=?"
_FETCHED = (
    "INSERT INTO cursor VALUES (?, ?, ?) ON CONFLICT (namespace, name) DO UPDATE SET value=excluded.value"
    " WHERE excluded.value>value"
)
_SPAN = (
    "INSERT INTO span VALUES (?, ?, ?, 1) ON CONFLICT (namespace) DO UPDATE SET first=min(first, excluded.first),"
    " last=max(last, excluded.last), count=count+1"
)
_SPAN_WITHOUT = (
    "UPDATE span SET count=count-1, first=coalesce((SELECT min(epoch) FROM record WHERE namespace=:namespace), first),"
    " last=coalesce((SELECT max(epoch) FROM record WHERE namespace=:namespace), last) WHERE namespace=:namespace"
)


class Store(Provenance):
    """A mirror, open.  Use it as a context manager; what was not committed by then is undone."""

    @classmethod
    def open(cls, path: Path, *, create: bool = False) -> Store:
        """The mirror at ``path``; ``create`` makes one where there is none.

        Raises ``Unavailable`` or ``Unsupported``, as ``database.connect`` says.  A file that is not a mirror is
        refused and stays as it is.
        """
        return cls(path, connect(path, create=create))

    def close(self) -> None:
        """Close the file; an open batch is undone."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """All that is written inside is kept together when it ends, or not at all when it ends by an error."""
        if self._in_batch():  # part of the batch around it
            yield
            return
        with told(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._in_batch():
                    self._connection.execute("ROLLBACK")

    def _in_batch(self) -> bool:
        return self._connection.in_transaction

    def put_answer(self, answer: Answer) -> Stored:
        """Keep ``answer``; the same bytes again only move the time at which they were last seen."""
        with self.batch():
            return self._put(answer)

    def _put(self, answer: Answer) -> Stored:
        key = (answer.namespace or "", answer.resource.value, answer.epoch or 0, answer.status)
        sha256 = hashlib.sha256(answer.body).digest()
        last = answer.at if answer.last_at is None else answer.last_at
        content = _content(answer)
        readable = content is not None or answer.resource is not Resource.AUDIT or answer.status != HTTP_OK
        cursor = self._connection.execute(
            _PUT, (*key, answer.body, sha256, answer.origin, answer.at, last, int(readable), int(answer.fetched))
        )
        if cursor.rowcount != 1:
            id_, fetched = self._connection.execute(_SAME, (*key, sha256)).fetchone()
            self._see_again(id_, bool(fetched), answer, last)
            self._note_fetched(answer, content)
            return Stored(id=id_, new=False, readable=readable, differs_from=self._others(answer, id_, readable))
        id_ = cursor.lastrowid or 0
        if content is not None:
            place = (answer.namespace or "", answer.epoch or 0)
            if _named(content) != place:  # it is found from the place that it names, too
                self._connection.execute("INSERT INTO misplaced VALUES (?, ?, ?)", (*_named(content), id_))
            self._put_record(place, id_, content)
            self._note_fetched(answer, content)
        return Stored(id=id_, new=True, readable=readable, differs_from=self._others(answer, id_, readable))

    def _see_again(self, id_: int, fetched: bool, answer: Answer, last: int) -> None:
        """Move the times of an answer; what this mirror saw itself goes before what a copy says of the same bytes."""
        if answer.fetched and not fetched:
            self._connection.execute(_SEEN_ITSELF, (answer.origin, answer.at, last, id_))
        elif answer.fetched == fetched:
            self._connection.execute(_SEEN_AGAIN, (answer.at, last, id_))

    def _note_fetched(self, answer: Answer, content: EpochRecord | None) -> None:
        """Remember how far the log itself was heard: finding that out would take a walk through all answers."""
        if answer.fetched and content is not None and _named(content) == (answer.namespace, answer.epoch):
            self._connection.execute(_FETCHED, (answer.namespace, LAST_FETCHED, answer.epoch))

    def _put_record(self, place: tuple[str, int], id_: int, record: EpochRecord) -> None:
        """The first answer that reads as a record is an epoch's record; any later one is a rival to it."""
        cursor = self._connection.execute(
            "INSERT INTO record VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (*place, id_, record.digest, record.timestamp),
        )
        if cursor.rowcount == 1:
            self._connection.execute(_SPAN, (place[0], place[1], place[1]))
        else:
            self._connection.execute("INSERT INTO rival VALUES (?, ?, ?)", (*place, id_))

    def stand(self, answer: StoredAnswer) -> None:
        """Let ``answer``, a rival so far, be its epoch's record, and the one that was a rival to it, if there was one.

        Raises what ``read_epoch`` raises for an answer that is none.
        """
        record = read_epoch(answer.body, file=answer.origin)
        with self.batch():
            before = self.record_answer(answer.namespace or "", answer.epoch or 0)
            if before is not None:
                self.set_aside(before)
            place = (answer.namespace or "", answer.epoch or 0)
            self._connection.execute("DELETE FROM rival WHERE namespace=? AND epoch=? AND answer_id=?",
                                     (*place, answer.id))  # fmt: skip
            self._put_record(place, answer.id, record)

    def set_aside(self, answer: StoredAnswer) -> None:
        """Let no answer stand for the epoch whose record ``answer`` is; it stays, as other answers do."""
        place = (answer.namespace or "", answer.epoch or 0)
        with self.batch():
            self._connection.execute("DELETE FROM record WHERE namespace=? AND epoch=?", place)
            self._connection.execute("INSERT INTO rival VALUES (?, ?, ?)", (*place, answer.id))
            self._connection.execute(_SPAN_WITHOUT, {"namespace": place[0]})
            self._connection.execute("DELETE FROM span WHERE namespace=? AND count=0", place[:1])

    def _others(self, answer: Answer, id_: int, readable: bool) -> tuple[int, ...]:
        if answer.resource not in NEVER_CHANGES or answer.status != HTTP_OK or not readable:
            return ()
        rows = self._connection.execute(
            "SELECT id FROM answer WHERE namespace=? AND resource=? AND epoch=? AND status=? AND readable=1 AND id<>?"
            " ORDER BY id",
            (answer.namespace or "", answer.resource.value, answer.epoch or 0, HTTP_OK, id_),
        )
        return tuple(row[0] for row in rows)

    def set_unsettled(self, namespace: str, epochs: Iterable[int]) -> None:
        """Make ``epochs`` those of which the log is to be asked itself, in place of earlier ones."""
        with self.batch():
            self._connection.execute("DELETE FROM unsettled WHERE namespace=?", (namespace,))
            rows = ((namespace, epoch) for epoch in epochs)
            self._connection.executemany("INSERT OR IGNORE INTO unsettled VALUES (?, ?)", rows)

    # What is remembered between runs

    def audit_state(self, namespace: str) -> AuditState | None:
        """How far ``namespace`` was audited; None if it never was."""
        with told(self.path):
            return findings.read_audit_state(self._connection, namespace)

    def set_audit_state(self, state: AuditState) -> None:
        """Remember how far an audit came."""
        with self.batch():
            findings.write_audit_state(self._connection, state)

    def findings(self, namespace: str, *, gone: bool = False) -> list[KeptFinding]:
        """The findings that stand, oldest first; ``gone`` adds those that no longer do."""
        with told(self.path):
            return list(findings.read_findings(self._connection, namespace, gone=gone))

    def replace_findings(self, namespace: str, found: Iterable[KeptFinding], *, at: int) -> FindingChanges:
        """Make ``found`` the findings that stand at ``at`` (milliseconds since 1970); says what that changed."""
        with self.batch():
            return findings.replace_findings(self._connection, namespace, found, at)

    def set_number(self, namespace: str, name: str, value: int) -> None:
        """Remember a number under ``name``, in place of an earlier one."""
        with self.batch():
            self._connection.execute("INSERT OR REPLACE INTO cursor VALUES (?, ?, ?)", (namespace, name, value))


def _named(record: EpochRecord) -> tuple[str, int]:
    return record.namespace, record.epoch


def _content(answer: Answer) -> EpochRecord | None:
    """The record, if it can be read; whether it is the signer's is for an audit to say."""
    if answer.resource is not Resource.AUDIT or answer.status != HTTP_OK:
        return None
    try:
        return read_epoch(answer.body, file=answer.origin)
    except VaultproofError:  # kept all the same, as an answer that does not read as a record
        return None
