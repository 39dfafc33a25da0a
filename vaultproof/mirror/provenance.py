"""What a mirror can tell of where its answers came from: given by the log itself, or brought with somebody's copy.

What was brought is the word of whoever made the copy, but for signatures: those speak for themselves, whoever brings
them.
"""

from __future__ import annotations

from collections.abc import Iterator

from vaultproof.mirror.answer import HTTP_NOT_FOUND, HTTP_OK, Resource, StoredAnswer
from vaultproof.mirror.database import told
from vaultproof.mirror.reading import JOINED, PAGE, Reading

LAST_FETCHED = "last-fetched"
"""Under this name the store keeps the newest epoch of which the log itself gave a record."""

_OF_RECORD = "FROM record JOIN answer ON answer.id=record.answer_id WHERE record.namespace=?"

_DENIED_LAST = (
    f"SELECT {JOINED} FROM answer INDEXED BY answer_denied WHERE answer.namespace=:namespace"
    " AND answer.resource='audit'"
    f" AND answer.status={HTTP_NOT_FOUND} AND answer.epoch>:after"
    " AND EXISTS (SELECT 1 FROM record WHERE record.namespace=:namespace AND record.epoch=answer.epoch)"
    # The newest word counts; but what a copy says is no news beside what this mirror was told itself.
    " AND NOT EXISTS (SELECT 1 FROM answer AS given WHERE given.namespace=:namespace AND given.resource='audit'"
    f" AND given.epoch=answer.epoch AND given.status={HTTP_OK} AND given.readable=1"
    " AND (given.fetched>answer.fetched OR (given.fetched=answer.fetched AND given.last_seen>answer.last_seen)))"
    f" ORDER BY answer.epoch, answer.fetched DESC, answer.last_seen DESC LIMIT {PAGE}"
)


class Provenance(Reading):
    """A store, asked where its answers came from."""

    def was_brought(self, namespace: str, epoch: int) -> bool:
        """Whether the epoch's record is known from somebody's copy alone; False too where there is none."""
        query = f"SELECT answer.fetched {_OF_RECORD} AND record.epoch=?"
        with told(self.path):
            row = self._connection.execute(query, (namespace, epoch)).fetchone()
        return row is not None and not row[0]

    def brought_epochs(self, namespace: str) -> Iterator[int]:
        """The epochs whose record is known from somebody's copy alone, rising.  Records may be put while it runs."""
        return self._epochs(f"SELECT record.epoch {_OF_RECORD} AND record.epoch>? AND answer.fetched=0", namespace)

    def last_fetched(self, namespace: str) -> int | None:
        """The newest epoch of which the log itself gave a record of this namespace; None if it gave none."""
        return self.number(namespace, LAST_FETCHED)

    def contested_epochs(self, namespace: str) -> Iterator[int]:
        """The epochs whose record was brought and that another answer was given for too, rising."""
        return self._epochs(
            "SELECT DISTINCT rival.epoch FROM rival JOIN record ON record.namespace=rival.namespace"
            " AND record.epoch=rival.epoch JOIN answer ON answer.id=record.answer_id"
            " WHERE rival.namespace=? AND rival.epoch>? AND answer.fetched=0",
            namespace,
        )

    def _epochs(self, query: str, namespace: str) -> Iterator[int]:
        """The epochs behind a moving one that a query of (namespace, epoch) selects, a page at a time."""
        after = 0
        while True:
            with told(self.path):
                rows = self._connection.execute(f"{query} ORDER BY 1 LIMIT {PAGE}", (namespace, after)).fetchall()
            yield from (epoch for (epoch,) in rows)
            if len(rows) < PAGE:
                return
            after = rows[-1][0]

    def answers_aside(self, namespace: str) -> Iterator[StoredAnswer]:
        """The readable answers for epochs for which none stands, by epoch.  They may be put in place meanwhile."""
        place = (0, 0)
        query = (
            f"SELECT {JOINED} FROM rival JOIN answer ON answer.id=rival.answer_id WHERE rival.namespace=?"
            " AND (rival.epoch, rival.answer_id)>(?, ?) AND NOT EXISTS (SELECT 1 FROM record"
            " WHERE record.namespace=rival.namespace AND record.epoch=rival.epoch)"
            f" ORDER BY rival.epoch, rival.answer_id LIMIT {PAGE}"
        )
        while page := list(self._answers(query, (namespace, *place))):
            yield from page
            place = (page[-1].epoch or 0, page[-1].id)

    def rivals_of(self, namespace: str, epoch: int) -> Iterator[StoredAnswer]:
        """The other readable answers for one epoch: those that the log itself gave first, then in order."""
        return self._answers(
            f"SELECT {JOINED} FROM rival JOIN answer ON answer.id=rival.answer_id WHERE rival.namespace=?"
            " AND rival.epoch=? ORDER BY answer.fetched DESC, answer.id",
            (namespace, epoch),
        )

    def misplaced_answers(self, namespace: str) -> Iterator[tuple[int, StoredAnswer]]:
        """Every answer to another question that names an epoch of this namespace, with the epoch that it names."""
        place = (0, 0)
        query = (
            "SELECT epoch, answer_id FROM misplaced WHERE namespace=? AND (epoch, answer_id)>(?, ?)"
            f" ORDER BY epoch, answer_id LIMIT {PAGE}"
        )
        while True:
            with told(self.path):
                rows = self._connection.execute(query, (namespace, *place)).fetchall()
            yield from ((epoch, self.answer(id_)) for epoch, id_ in rows)
            if len(rows) < PAGE:
                return
            place = rows[-1]

    def unsettled(self, namespace: str) -> list[int]:
        """The epochs of which an audit wants the log itself to be asked, and for which it gave no record since."""
        query = (
            "SELECT epoch FROM unsettled WHERE namespace=? AND NOT EXISTS (SELECT 1 FROM record JOIN answer"
            " ON answer.id=record.answer_id WHERE record.namespace=unsettled.namespace"
            " AND record.epoch=unsettled.epoch AND answer.fetched=1) ORDER BY 1"
        )
        with told(self.path):
            return [epoch for (epoch,) in self._connection.execute(query, (namespace,)).fetchall()]

    def denial(self, namespace: str, epoch: int) -> StoredAnswer | None:
        """The log's newest word that it has no such epoch: one that it gave itself, else one from a copy."""
        answers = self.answers(namespace, Resource.AUDIT, epoch=epoch, status=HTTP_NOT_FOUND)
        return max(answers, key=lambda answer: (answer.fetched, answer.last_seen), default=None)

    def denied_records(self, namespace: str) -> Iterator[StoredAnswer]:
        """For each epoch that has a record, and of which the newest word is that it does not exist: that word."""
        after = 0
        while True:
            page = list(self._answers(_DENIED_LAST, {"namespace": namespace, "after": after}))
            for answer in page:
                if (answer.epoch or 0) > after:
                    after = answer.epoch or 0
                    yield answer
            if len(page) < PAGE:
                return
