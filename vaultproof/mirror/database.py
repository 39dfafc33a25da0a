"""The file of a mirror: SQLite with a write-ahead log, recognised by its header before anything is opened.

``application_id`` and ``user_version`` (SQLite file format, section 1.3) say that a file is ours and in which form.
A file that is not ours is refused from its first 100 bytes, so that not even a journal appears beside it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vaultproof.errors import Unavailable, Unsupported, VaultproofError
from vaultproof.mirror.upgrading import UPGRADED_FROM, upgrade

APPLICATION_ID = 0x76704C31
"""``vpL1`` in ASCII."""

SCHEMA_VERSION = 2
MAGIC = b"SQLite format 3\x00"
HEADER_BYTES = 100
BUSY_MILLISECONDS = 30_000

# No NULLs among what makes an answer unique: SQLite takes two NULLs for different values.
SCHEMA = """
CREATE TABLE answer (
  id INTEGER PRIMARY KEY, namespace TEXT NOT NULL, resource TEXT NOT NULL, epoch INTEGER NOT NULL,
  status INTEGER NOT NULL, body BLOB NOT NULL, sha256 BLOB NOT NULL, origin TEXT NOT NULL,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, readable INTEGER NOT NULL,
  fetched INTEGER NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX answer_once ON answer (namespace, resource, epoch, status, sha256);
CREATE INDEX answer_unreadable ON answer (namespace, resource, epoch) WHERE readable = 0;
CREATE INDEX answer_denied ON answer (namespace, epoch) WHERE resource = 'audit' AND status = 404;
CREATE TABLE record (
  namespace TEXT NOT NULL, epoch INTEGER NOT NULL, answer_id INTEGER NOT NULL REFERENCES answer (id),
  digest BLOB NOT NULL, timestamp INTEGER NOT NULL, PRIMARY KEY (namespace, epoch)) WITHOUT ROWID;
CREATE INDEX record_digest ON record (namespace, digest, epoch);
CREATE TABLE rival (
  namespace TEXT NOT NULL, epoch INTEGER NOT NULL, answer_id INTEGER NOT NULL REFERENCES answer (id),
  PRIMARY KEY (namespace, epoch, answer_id)) WITHOUT ROWID;
CREATE TABLE misplaced (
  namespace TEXT NOT NULL, epoch INTEGER NOT NULL, answer_id INTEGER NOT NULL REFERENCES answer (id),
  PRIMARY KEY (namespace, epoch, answer_id)) WITHOUT ROWID;
CREATE TABLE unsettled (namespace TEXT NOT NULL, epoch INTEGER NOT NULL, PRIMARY KEY (namespace, epoch)) WITHOUT ROWID;
CREATE TABLE span (
  namespace TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE audit_state (
  namespace TEXT PRIMARY KEY, through_epoch INTEGER NOT NULL, last_timestamp INTEGER NOT NULL,
  trust_digest BLOB NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE finding (
  id TEXT NOT NULL, namespace TEXT NOT NULL, code TEXT NOT NULL, status TEXT NOT NULL, epoch INTEGER,
  first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL, gone_at INTEGER, json TEXT NOT NULL,
  PRIMARY KEY (namespace, id)) WITHOUT ROWID;
CREATE TABLE cursor (
  namespace TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (namespace, name)) WITHOUT ROWID;
"""


def connect(path: Path, *, create: bool) -> sqlite3.Connection:
    """A connection to the mirror at ``path``; ``create`` makes one where there is nothing.

    A mirror of the one earlier form is brought up to this one.

    Raises ``Unavailable`` (``no-store``, ``not-a-store``, ``store-busy``, ``disk-full``, ``store-io``,
    ``store-damaged``) or ``Unsupported`` (``store-version``).
    """
    _check_file(path, create=create)
    with told(path):
        connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MILLISECONDS / 1000)
    try:
        with told(path):
            _prepare(connection, path, create=create)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Say what a failure of the database means, with the file it concerns."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explained(error, path) from error


def _check_file(path: Path, *, create: bool) -> None:
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
    except FileNotFoundError:
        if create:
            return
        raise Unavailable(
            "no-store", "there is no mirror of the log here", file=str(path),
            hint="make one: vaultproof log fetch NAMESPACE, or name another with --store",
        ) from None  # fmt: skip
    except OSError as error:
        raise Unavailable(
            "store-io", "the mirror cannot be read", file=str(path), found=error.strerror or str(error)
        ) from error
    if not header and create:
        return
    if not header.startswith(MAGIC) or len(header) < HEADER_BYTES or _number(header, 68) != APPLICATION_ID:
        raise not_a_store(path)
    _check_version(_number(header, 60), path)


def _number(header: bytes, offset: int) -> int:
    return int.from_bytes(header[offset : offset + 4], "big")


def not_a_store(path: Path) -> VaultproofError:
    """The refusal of a file that no mirror wrote."""
    return Unavailable(
        "not-a-store", "this file is not a mirror of the log; it was left as it is", file=str(path),
        hint="name another file with --store",
    )  # fmt: skip


def _check_version(version: int, path: Path) -> None:
    if version in (UPGRADED_FROM, SCHEMA_VERSION):
        return
    hint = "update vaultproof" if version > SCHEMA_VERSION else (
        "export it with the vaultproof that wrote it (vaultproof log export), then import it with this one"
    )  # fmt: skip
    raise Unsupported(
        "store-version", "the mirror was written by another version of vaultproof", file=str(path),
        expected=f"form {SCHEMA_VERSION}", found=f"form {version}", hint=hint,
    )  # fmt: skip


def _prepare(connection: sqlite3.Connection, path: Path, *, create: bool) -> None:
    connection.execute("PRAGMA trusted_schema=OFF")  # nothing in a file that somebody handed over may run functions
    connection.execute("PRAGMA foreign_keys=ON")
    if not _has_schema(connection) and create:
        _make(connection)
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise not_a_store(path)
    version = _pragma(connection, "user_version")
    _check_version(version, path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # in WAL mode: each commit is on the disk before it is reported
    if version == UPGRADED_FROM:
        upgrade(connection, SCHEMA_VERSION)


def _make(connection: sqlite3.Connection) -> None:
    """All of the schema or nothing: in one transaction with the marks that make the file ours."""
    connection.execute("BEGIN IMMEDIATE")
    if not _has_schema(connection):  # another process may have made it while we waited
        for statement in SCHEMA.split(";\n"):
            if statement.strip():
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _has_schema(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is not None


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    value: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _explained(error: sqlite3.Error, path: Path) -> VaultproofError:
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte; the rest says more closely where
    kept = "what was kept before is still there"
    if primary == sqlite3.SQLITE_FULL:
        return Unavailable("disk-full", "the disk is full; the mirror could not be written", file=str(path),
                           hint=f"make room and run it again: {kept}")  # fmt: skip
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Unavailable("store-busy", "another process is writing to the mirror", file=str(path),
                           hint="wait for it, then run it again")  # fmt: skip
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return Unavailable(
            "store-damaged", "the mirror is damaged and was not used", file=str(path), found=str(error),
            hint="keep the file, fetch into a new one with --store, and import what an export of it has",
        )  # fmt: skip
    return Unavailable("store-io", "the mirror could not be read or written", file=str(path), found=str(error),
                       hint=f"look at the disk and at the rights of the folder: {kept}")  # fmt: skip
