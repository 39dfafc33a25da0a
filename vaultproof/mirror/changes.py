"""The key history of a log of any length: what each epoch changed, kept on disk once it is more than a little."""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Iterator
from dataclasses import asdict

from vaultproof.signer_log.key_history import KeyChange, RoleChange


class KeyChanges:
    """What each epoch changed, in rising order of epochs.

    A private database of SQLite (an empty file name): in memory while it is small, then in a temporary file that nobody
    else can open and that is gone with it.
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("CREATE TABLE change (epoch INTEGER PRIMARY KEY, json TEXT NOT NULL)")
        self._database.execute("BEGIN")  # never committed: it is of no use to anybody after this
        weakref.finalize(self, self._database.close)

    def append(self, change: KeyChange) -> None:
        """Keep the change of a further epoch."""
        self._database.execute("INSERT INTO change VALUES (?, ?)", (change.epoch, json.dumps(asdict(change))))

    def __len__(self) -> int:
        """How many epochs' keys are known."""
        count: int = self._database.execute("SELECT count(*) FROM change").fetchone()[0]
        return count

    def __iter__(self) -> Iterator[KeyChange]:
        """All of them, rising."""
        return map(_read, self._database.execute("SELECT json FROM change ORDER BY epoch"))

    def at(self, epoch: int) -> KeyChange | None:
        """What one epoch changed; None where its keys are not known."""
        row = self._database.execute("SELECT json FROM change WHERE epoch=?", (epoch,)).fetchone()
        return None if row is None else _read(row)

    def newest(self, most: int) -> tuple[KeyChange, ...]:
        """The newest ones, the newest first."""
        return tuple(map(_read, self._database.execute("SELECT json FROM change ORDER BY epoch DESC LIMIT ?", (most,))))


def _read(row: tuple[str]) -> KeyChange:
    value = json.loads(row[0])
    return KeyChange(**{**value, "changed": tuple(RoleChange(**item) for item in value["changed"])})
