"""Reading a mirror: in pages of rows by key, so that memory stays flat and no long read stops the log from emptying."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vaultproof.mirror.answer import HTTP_OK, NEVER_CHANGES, EpochSpan, Resource, StoredAnswer
from vaultproof.mirror.database import told

PAGE = 1_000
"""Rows that a reader takes at a time: a record is about 600 bytes."""

_ANSWER = "id, resource, namespace, epoch, status, body, sha256, origin, first_seen, last_seen, readable, fetched"
_NEWEST = "fetched DESC, last_seen DESC, id DESC"
JOINED = ", ".join("answer." + name for name in _ANSWER.split(", "))


class Reading:
    """What a store can be asked.  Any number of processes may ask while one writes."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that is read inside is of one moment, whatever is written meanwhile.  Not for use inside a batch."""
        with told(self.path):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    # Answers

    def answer(self, id: int) -> StoredAnswer:
        """The answer with this id, as ``Stored`` and ``StoredAnswer`` name it.  Raises ``KeyError`` if none has it."""
        for found in self._answers(f"SELECT {_ANSWER} FROM answer WHERE id=?", (id,)):
            return found
        raise KeyError(id)

    def all_answers(self) -> Iterator[StoredAnswer]:
        """Every answer, in the order in which they were first kept."""
        after = 0
        while page := list(
            self._answers(f"SELECT {_ANSWER} FROM answer WHERE id>? ORDER BY id LIMIT {PAGE}", (after,))
        ):
            yield from page
            after = page[-1].id

    def answers(
        self, namespace: str | None, resource: Resource, *, epoch: int | None = None, status: int | None = HTTP_OK
    ) -> Iterator[StoredAnswer]:
        """The answers to one question in the order in which they were first kept; ``status`` None takes any."""
        condition, values = "", []
        if status is not None:
            condition, values = " AND status=?", [status]
        return self._answers(
            f"SELECT {_ANSWER} FROM answer WHERE namespace=? AND resource=? AND epoch=?{condition} ORDER BY id",
            (namespace or "", resource.value, epoch or 0, *values),
        )

    def latest(
        self, namespace: str | None, resource: Resource, *, epoch: int | None = None, status: int | None = HTTP_OK
    ) -> StoredAnswer | None:
        """The answer to one question that was seen last, with this status (None: any); None if there is none.

        One that this mirror fetched goes before all that copies say, whatever times they tell.
        """
        condition, values = "", []
        if status is not None:
            condition, values = " AND status=?", [status]
        found = self._answers(
            f"SELECT {_ANSWER} FROM answer WHERE namespace=? AND resource=? AND epoch=?{condition}"
            f" ORDER BY {_NEWEST} LIMIT 1",
            (namespace or "", resource.value, epoch or 0, *values),
        )
        return next(found, None)

    def _answers(self, query: str, values: tuple[object, ...] | dict[str, object]) -> Iterator[StoredAnswer]:
        with told(self.path):
            cursor = self._connection.execute(query, values)
            while rows := cursor.fetchmany(PAGE):
                yield from map(_stored_answer, rows)

    # Records of epochs

    def epochs(self, namespace: str) -> EpochSpan | None:
        """Which epochs have a record; None if none has.  Costs the same for any number of epochs."""
        with told(self.path):
            row = self._connection.execute(
                "SELECT first, last, count FROM span WHERE namespace=?", (namespace,)
            ).fetchone()
        return None if row is None else EpochSpan(first=row[0], last=row[1], count=row[2])

    def namespaces(self) -> list[str]:
        """The namespaces that have at least one record, sorted."""
        with told(self.path):
            return [row[0] for row in self._connection.execute("SELECT namespace FROM span ORDER BY namespace")]

    def records(self, namespace: str, first: int, last: int) -> Iterator[tuple[int, bytes]]:
        """Epoch and body of each record from ``first`` to ``last``, both included, rising: the first answer seen."""
        query = (
            "SELECT record.epoch, answer.body FROM record JOIN answer ON answer.id=record.answer_id"
            f" WHERE record.namespace=? AND record.epoch BETWEEN ? AND ? ORDER BY record.epoch LIMIT {PAGE}"
        )
        while first <= last:
            with told(self.path):
                rows: list[tuple[int, bytes]] = self._connection.execute(query, (namespace, first, last)).fetchall()
            if not rows:
                return
            yield from rows
            first = rows[-1][0] + 1

    def record_answer(self, namespace: str, epoch: int) -> StoredAnswer | None:
        """The answer that ``records`` gives for this epoch, with its time and origin; None if there is none."""
        found = self._answers(
            f"SELECT {JOINED} FROM record JOIN answer ON answer.id=record.answer_id"
            " WHERE record.namespace=? AND record.epoch=?",
            (namespace, epoch),
        )
        return next(found, None)

    def stands_for(self, answer: StoredAnswer) -> bool:
        """Whether ``answer`` is the one that counts for its question.

        For an epoch's record that is the first readable one, for what a second source holds the first; for what may
        change the one that ``latest`` gives.  An absence never counts.
        """
        if answer.status != HTTP_OK:
            return False
        place = (answer.namespace or "", answer.epoch or 0)
        if answer.resource is Resource.AUDIT:
            query, values = "SELECT answer_id FROM record WHERE namespace=? AND epoch=?", place
        else:
            order = "id" if answer.resource in NEVER_CHANGES else _NEWEST
            query = f"SELECT id FROM answer WHERE namespace=? AND epoch=? AND resource='{answer.resource.value}'"
            query, values = f"{query} AND status={HTTP_OK} ORDER BY {order} LIMIT 1", place
        with told(self.path):
            row = self._connection.execute(query, values).fetchone()
        return row is not None and row[0] == answer.id

    def rival_answers(self, namespace: str) -> Iterator[StoredAnswer]:
        """Every other readable answer for an epoch that has a record, by epoch: other bytes, so perhaps a fork."""
        return self._answers(
            f"SELECT {JOINED} FROM rival JOIN answer ON answer.id=rival.answer_id WHERE rival.namespace=?"
            " ORDER BY rival.epoch, rival.answer_id",
            (namespace,),
        )

    def unreadable_answers(self, namespace: str) -> Iterator[StoredAnswer]:
        """Every answer to a question for a record that does not read as one (cut short, say), by epoch."""
        return self._answers(
            f"SELECT {_ANSWER} FROM answer WHERE namespace=? AND resource='audit' AND readable=0 ORDER BY epoch, id",
            (namespace,),
        )

    def gaps(self, namespace: str, *, start: int = 1) -> Iterator[tuple[int, int]]:
        """Runs of epochs without a record, from ``start`` to the last record: first and last of each, rising."""
        span = self.epochs(namespace)
        return iter(()) if span is None else self.missing(namespace, start, span.last)

    def missing(self, namespace: str, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Runs of epochs without a record between ``first`` and ``last``, both included: rising.

        Costs nothing where no epoch up to the last record is missing.  Records may be put while it runs.
        """
        span = self.epochs(namespace)
        if span is not None and span.complete and span.first <= first:
            first = max(first, span.last + 1)
        query = f"SELECT epoch FROM record WHERE namespace=? AND epoch BETWEEN ? AND ? ORDER BY epoch LIMIT {PAGE}"
        while first <= last:
            with told(self.path):
                rows = self._connection.execute(query, (namespace, first, last)).fetchall()
            for (epoch,) in rows:
                if epoch > first:
                    yield first, epoch - 1
                first = epoch + 1
            if len(rows) < PAGE:
                break
        if first <= last:
            yield first, last

    def digests_twice(self, namespace: str) -> Iterator[bytes]:
        """Each digest that more than one record has."""
        with told(self.path):
            twice = self._connection.execute(
                "SELECT digest FROM record WHERE namespace=? GROUP BY digest HAVING count(*)>1 ORDER BY digest",
                (namespace,),
            )
            for (digest,) in twice:
                yield digest

    def epochs_of_digest(self, namespace: str, digest: bytes) -> Iterator[int]:
        """The epochs whose record has this digest, rising.  Answers may be put while it runs."""
        query = f"SELECT epoch FROM record WHERE namespace=? AND digest=? AND epoch>? ORDER BY epoch LIMIT {PAGE}"
        after = 0
        while True:
            with told(self.path):
                rows = self._connection.execute(query, (namespace, digest, after)).fetchall()
            yield from (epoch for (epoch,) in rows)
            if len(rows) < PAGE:
                return
            after = rows[-1][0]

    def digest_before(self, namespace: str, epoch: int) -> tuple[int, int] | None:
        """The first and the last epoch before this one whose record has the same digest; None where none has."""
        digest = self.digest_of(namespace, epoch)
        end = "SELECT epoch FROM record WHERE namespace=? AND digest=? AND epoch<? ORDER BY epoch {} LIMIT 1"
        with told(self.path):
            first, last = (
                self._connection.execute(end.format(order), (namespace, digest, epoch)).fetchone()
                for order in ("ASC", "DESC")
            )
        return None if first is None or last is None else (first[0], last[0])

    def digest_of(self, namespace: str, epoch: int) -> bytes | None:
        """The digest that the epoch's record has; None without a record."""
        with told(self.path):
            row = self._connection.execute(
                "SELECT digest FROM record WHERE namespace=? AND epoch=?", (namespace, epoch)
            ).fetchone()
        return None if row is None else row[0]

    def number(self, namespace: str, name: str) -> int | None:
        """A number that was remembered under ``name``; None if there is none."""
        with told(self.path):
            row = self._connection.execute(
                "SELECT value FROM cursor WHERE namespace=? AND name=?", (namespace, name)
            ).fetchone()
        return None if row is None else row[0]

    # What a second source holds

    def artifacts(self, namespace: str) -> Iterator[StoredAnswer]:
        """The fleet-key artifacts, by epoch; more than one for an epoch if sources differ."""
        return self._second(namespace, Resource.ARTIFACT)

    def counter_signatures(self, namespace: str) -> Iterator[StoredAnswer]:
        """The operator's counter-signatures, by epoch; more than one for an epoch if sources differ."""
        return self._second(namespace, Resource.COUNTER_SIGNATURE)

    def without(self, namespace: str, resource: Resource) -> Iterator[tuple[int, bytes]]:
        """Epoch and digest of each record for which no second source gave ``resource``, rising.

        An artifact of another digest than the log has is kept, and does not count as given: the right one is still
        asked for.
        """
        query = (
            "SELECT epoch, digest FROM record WHERE namespace=? AND epoch>? AND NOT EXISTS (SELECT 1 FROM answer WHERE"
            " answer.namespace=record.namespace AND answer.resource=? AND answer.epoch=record.epoch AND status=?"
            " AND (answer.resource<>? OR answer.sha256=record.digest)) ORDER BY epoch LIMIT ?"
        )
        after = 0
        while True:
            with told(self.path):
                asked = (namespace, after, resource.value, HTTP_OK, Resource.ARTIFACT.value, PAGE)
                rows = self._connection.execute(query, asked).fetchall()
            if not rows:
                return
            yield from rows
            after = rows[-1][0]

    def _second(self, namespace: str, resource: Resource) -> Iterator[StoredAnswer]:
        return self._answers(
            f"SELECT {_ANSWER} FROM answer WHERE namespace=? AND resource=? AND status=? ORDER BY epoch, id",
            (namespace, resource.value, HTTP_OK),
        )


def _stored_answer(row: tuple[int, str, str, int, int, bytes, bytes, str, int, int, int, int]) -> StoredAnswer:
    id_, resource, namespace, epoch, status, body, sha256, origin, first_seen, last_seen, readable, fetched = row
    return StoredAnswer(
        id=id_, resource=Resource(resource), namespace=namespace or None, epoch=epoch or None, status=status, body=body,
        sha256=sha256, origin=origin, first_seen=first_seen, last_seen=last_seen, readable=bool(readable),
        fetched=bool(fetched),
    )  # fmt: skip
