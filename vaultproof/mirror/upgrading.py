"""Bringing a mirror of an earlier form up to this one: everything in one transaction, and nothing is taken away.

Form 1 did not keep whether an answer was fetched or taken from somebody's copy.  All of its answers count as taken from
a copy, which accuses nobody too much; whatever is fetched again is then known to be the log's own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from vaultproof.errors import VaultproofError
from vaultproof.evidence.epoch import read_epoch

UPGRADED_FROM = 1
"""The one earlier form that there is."""

_CHANGES = (
    "ALTER TABLE answer ADD COLUMN fetched INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX answer_denied ON answer (namespace, epoch) WHERE resource = 'audit' AND status = 404",
    """CREATE TABLE misplaced (
  namespace TEXT NOT NULL, epoch INTEGER NOT NULL, answer_id INTEGER NOT NULL REFERENCES answer (id),
  PRIMARY KEY (namespace, epoch, answer_id)) WITHOUT ROWID""",
    """CREATE TABLE unsettled (
  namespace TEXT NOT NULL, epoch INTEGER NOT NULL, PRIMARY KEY (namespace, epoch)) WITHOUT ROWID""",
)
_PAGE = 1_000


def upgrade(connection: sqlite3.Connection, version: int) -> None:
    """Bring the database from form 1 to ``version``; the caller has found that it is of form 1."""
    connection.execute("BEGIN IMMEDIATE")
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found == UPGRADED_FROM:  # another process may have done it while we waited
        for change in _CHANGES:
            connection.execute(change)
        for page in _records(connection):
            connection.executemany("INSERT INTO misplaced VALUES (?, ?, ?)", _misplaced(page))
        connection.execute(f"PRAGMA user_version={version}")
    connection.execute("COMMIT")


_Row = tuple[int, str, int, bytes]


def _records(connection: sqlite3.Connection) -> Iterator[list[_Row]]:
    """Every answer that reads as a record, a page at a time: id, namespace, epoch and body."""
    query = (
        "SELECT id, namespace, epoch, body FROM answer WHERE id>? AND resource='audit' AND status=200 AND readable=1"
        f" ORDER BY id LIMIT {_PAGE}"
    )
    after = 0
    while page := connection.execute(query, (after,)).fetchall():
        yield page
        after = page[-1][0]


def _misplaced(page: list[_Row]) -> Iterator[tuple[str, int, int]]:
    """Of those that name another place than they were asked for: the place that they name, and their id."""
    for id_, namespace, epoch, body in page:
        try:
            record = read_epoch(body, file="audits")
        except VaultproofError:
            continue  # an earlier version could read it; an audit says that this one cannot
        if (record.namespace, record.epoch) != (namespace, epoch):
            yield record.namespace, record.epoch, id_
