"""The mirror's store: every distinct answer verbatim, with time and origin, in one SQLite file.

One process writes at a time and any number read, also while it writes.  Nothing is ever taken away or overwritten: the
same bytes again move ``last_seen``, other bytes stand beside them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from vaultproof.errors import VaultproofError
from vaultproof.evidence.epoch import read_epoch
from vaultproof.mirror import findings
from vaultproof.mirror.answer import HTTP_OK, NEVER_CHANGES, Answer, Resource, Stored
from vaultproof.mirror.database import connect, told
from vaultproof.mirror.findings import AuditState, FindingChanges, KeptFinding
from vaultproof.mirror.reading import Reading

_PUT = (
    "INSERT INTO answer (namespace, resource, epoch, status, body, sha256, origin, first_seen, last_seen, readable)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (namespace, resource, epoch, status, sha256) DO NOTHING"
)
_SAME = "SELECT id FROM answer WHERE namespace=? AND resource=? AND epoch=? AND status=? AND sha256=?"
_SEEN_AGAIN = "UPDATE answer SET first_seen=min(first_seen, ?), last_seen=max(last_seen, ?) WHERE id=?"
_SPAN = (
    "INSERT INTO span VALUES (?, ?, ?, 1) ON CONFLICT (namespace) DO UPDATE SET first=min(first, excluded.first),"
    " last=max(last, excluded.last), count=count+1"
)


class Store(Reading):
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
            _PUT, (*key, answer.body, sha256, answer.origin, answer.at, last, int(readable))
        )
        if cursor.rowcount != 1:
            (id_,) = self._connection.execute(_SAME, (*key, sha256)).fetchone()
            self._connection.execute(_SEEN_AGAIN, (answer.at, last, id_))
            return Stored(id=id_, new=False, readable=readable, differs_from=self._others(answer, id_, readable))
        id_ = cursor.lastrowid or 0
        if content is not None:
            self._put_record(answer, id_, content)
        return Stored(id=id_, new=True, readable=readable, differs_from=self._others(answer, id_, readable))

    def _put_record(self, answer: Answer, id_: int, content: tuple[bytes, int]) -> None:
        """The first answer that reads as a record is an epoch's record; any later one is a rival to it."""
        place = (answer.namespace or "", answer.epoch or 0)
        cursor = self._connection.execute(
            "INSERT INTO record VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", (*place, id_, *content)
        )
        if cursor.rowcount == 1:
            self._connection.execute(_SPAN, (place[0], place[1], place[1]))
        else:
            self._connection.execute("INSERT INTO rival VALUES (?, ?, ?)", (*place, id_))

    def _others(self, answer: Answer, id_: int, readable: bool) -> tuple[int, ...]:
        if answer.resource not in NEVER_CHANGES or answer.status != HTTP_OK or not readable:
            return ()
        rows = self._connection.execute(
            "SELECT id FROM answer WHERE namespace=? AND resource=? AND epoch=? AND status=? AND readable=1 AND id<>?"
            " ORDER BY id",
            (answer.namespace or "", answer.resource.value, answer.epoch or 0, HTTP_OK, id_),
        )
        return tuple(row[0] for row in rows)

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

    def number(self, namespace: str, name: str) -> int | None:
        """A number that was remembered under ``name``; None if there is none."""
        with told(self.path):
            row = self._connection.execute(
                "SELECT value FROM cursor WHERE namespace=? AND name=?", (namespace, name)
            ).fetchone()
        return None if row is None else row[0]

    def set_number(self, namespace: str, name: str, value: int) -> None:
        """Remember a number under ``name``, in place of an earlier one."""
        with self.batch():
            self._connection.execute("INSERT OR REPLACE INTO cursor VALUES (?, ?, ?)", (namespace, name, value))


def _content(answer: Answer) -> tuple[bytes, int] | None:
    """Digest and time of a record that can be read; whether they are the signer's is for an audit to say."""
    if answer.resource is not Resource.AUDIT or answer.status != HTTP_OK:
        return None
    try:
        record = read_epoch(answer.body, file=answer.origin)
    except VaultproofError:  # kept all the same, as an answer that does not read as a record
        return None
    return record.digest, record.timestamp
