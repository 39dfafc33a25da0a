"""What a mirror remembers between runs beside the answers: how far an audit came, and which findings are known."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_ROW = "id, namespace, code, status, epoch, first_seen, last_seen, gone_at, json"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditState:
    """How far a namespace was audited, and under which trust configuration.

    ``through_epoch`` is the last epoch that was walked, ``last_timestamp`` its time and ``at`` the time of the audit,
    both in milliseconds since 1970.  ``trust_digest`` are 32 bytes that name what the audit rested on: the trust
    configuration, the signer, and what was checked.
    """

    namespace: str
    through_epoch: int
    last_timestamp: int
    trust_digest: bytes
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFinding:
    """A finding as the store remembers it.

    ``id`` is stable for the same matter; ``json`` is the whole finding in canonical JSON.  Times are in milliseconds
    since 1970; ``gone_at`` is when a run first no longer found it, None while it stands.
    """

    id: str
    namespace: str
    code: str
    status: str
    epoch: int | None
    json: str
    first_seen: int
    last_seen: int
    gone_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChanges:
    """What one run changed: ids that are new, that came back, that still stand, and that are gone."""

    new: tuple[str, ...]
    back: tuple[str, ...]
    still: tuple[str, ...]
    gone: tuple[str, ...]


def read_audit_state(connection: sqlite3.Connection, namespace: str) -> AuditState | None:
    """How far ``namespace`` was audited; None if it never was."""
    row = connection.execute(
        "SELECT through_epoch, last_timestamp, trust_digest, at FROM audit_state WHERE namespace=?", (namespace,)
    ).fetchone()
    if row is None:
        return None
    return AuditState(namespace=namespace, through_epoch=row[0], last_timestamp=row[1], trust_digest=row[2], at=row[3])


def write_audit_state(connection: sqlite3.Connection, state: AuditState) -> None:
    """Remember ``state`` in place of an earlier one."""
    connection.execute(
        "INSERT OR REPLACE INTO audit_state VALUES (?, ?, ?, ?, ?)",
        (state.namespace, state.through_epoch, state.last_timestamp, state.trust_digest, state.at),
    )


def read_findings(connection: sqlite3.Connection, namespace: str, *, gone: bool) -> Iterator[KeptFinding]:
    """The findings of ``namespace``, oldest first; ``gone`` includes those that no longer stand."""
    condition = "" if gone else " AND gone_at IS NULL"
    rows = connection.execute(
        f"SELECT {_ROW} FROM finding WHERE namespace=?{condition} ORDER BY first_seen, id",
        (namespace,),
    )
    for id_, name, code, status, epoch, first_seen, last_seen, gone_at, json in rows:
        yield KeptFinding(id=id_, namespace=name, code=code, status=status, epoch=epoch, json=json,
                          first_seen=first_seen, last_seen=last_seen, gone_at=gone_at)  # fmt: skip


def replace_findings(
    connection: sqlite3.Connection, namespace: str, found: Iterable[KeptFinding], at: int
) -> FindingChanges:
    """Make ``found`` the findings that stand at ``at``; the rest stays, marked as gone.

    A finding that was known keeps its ``first_seen``; ``first_seen`` and ``last_seen`` of what is passed are not read.
    """
    rows = connection.execute("SELECT id, gone_at FROM finding WHERE namespace=?", (namespace,))
    known: dict[str, int | None] = dict(rows)
    kinds: dict[str, str] = {}
    for finding in found:
        if finding.id in kinds:
            continue
        kinds[finding.id] = "new" if finding.id not in known else "still" if known[finding.id] is None else "back"
        connection.execute(
            f"INSERT INTO finding ({_ROW}) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?) ON CONFLICT (namespace, id) DO UPDATE"
            " SET code=excluded.code, status=excluded.status, epoch=excluded.epoch, json=excluded.json,"
            " last_seen=excluded.last_seen, gone_at=NULL",
            (finding.id, namespace, finding.code, finding.status, finding.epoch, at, at, finding.json),
        )
    gone = tuple(id_ for id_, gone_at in known.items() if gone_at is None and id_ not in kinds)
    connection.executemany(
        "UPDATE finding SET gone_at=? WHERE namespace=? AND id=?", [(at, namespace, id_) for id_ in gone]
    )
    of = {kind: tuple(id_ for id_, its in kinds.items() if its == kind) for kind in ("new", "back", "still")}
    return FindingChanges(new=of["new"], back=of["back"], still=of["still"], gone=gone)
