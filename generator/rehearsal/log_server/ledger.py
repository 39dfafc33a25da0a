"""The rehearsal log's own store, with the signer's write rules.

Rules, from the signer's documentation (Cloudflare, Key Transparency Auditor, "Epochs") and code (cloudflare/plexi,
``namespaces.rs``): where a namespace has a root the first epoch is the root, number and digest; each further epoch is
the last one plus one; a digest is 32 bytes and is logged once; an epoch is never published again; a disabled namespace
takes nothing.  A namespace without a root takes its first epoch as its root and is then online.
"""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any

from generator.rehearsal.authorities import SignerKey, signer_keys
from generator.rehearsal.plan import EpochPlan
from generator.rehearsal.signer import record
from vaultproof.evidence.epoch import PROTOBUF_ED25519, read_epoch
from vaultproof.signer_log.paths import check_namespace

APPLICATION_ID = 0x7670524C
"""``vpRL`` in ASCII: the file's header says whose it is."""

_MAGIC = b"SQLite format 3\x00"
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
# A rehearsal's log may lose its last epochs when the power fails: waiting for the disk at each would be slow.
_SCHEMA = f"""
PRAGMA application_id={APPLICATION_ID};
PRAGMA journal_mode=WAL;
PRAGMA synchronous=NORMAL;
CREATE TABLE IF NOT EXISTS namespace (
  name TEXT PRIMARY KEY, root TEXT, log_directory TEXT, disabled INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS epoch (
  namespace TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL, timestamp INTEGER NOT NULL,
  record BLOB NOT NULL, PRIMARY KEY (namespace, number), UNIQUE (namespace, digest)) WITHOUT ROWID;
"""


class RefusedError(Exception):
    """What the signer does not take; the text is its answer, with HTTP status 400."""


class NotALedgerError(Exception):
    """The file belongs to something else; it was left as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """One namespace; ``root`` is ``<epoch>/<digest>``, None before the first epoch of one that was made without."""

    name: str
    root: str | None
    log_directory: str | None
    disabled: bool
    head: int | None

    @property
    def status(self) -> str:
        """In the signer's words."""
        return "Disabled" if self.disabled else "Initialization" if self.head is None else "Online"

    def fields(self) -> dict[str, Any]:
        """As the API answers, in the order of the live one."""
        return {
            "name": self.name,
            "signature_version": PROTOBUF_ED25519,
            "log_directory": self.log_directory,
            "status": self.status,
            "reports_uri": f"/namespaces/{self.name}/reports",
            "audits_uri": f"/namespaces/{self.name}/audits",
            "ciphersuite": PROTOBUF_ED25519,
            "root": self.root,
        }


class Ledger:
    """Namespaces and their epochs.  May be used by many threads."""

    def __init__(self, path: Path | None = None) -> None:
        """In the file ``path``, made if it is not there; None keeps it in memory.  Raises ``NotALedgerError``."""
        if path is not None:
            _check_file(path)
        self._lock = RLock()
        self._connection = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def create(self, name: str, *, root: str | None = None, log_directory: str | None = "") -> Namespace:
        """A new namespace.  Raises ``RefusedError`` where there is one of this name, ``Malformed`` for a bad name."""
        check_namespace(name)
        with self._lock:
            try:
                self._connection.execute("INSERT INTO namespace VALUES (?, ?, ?, 0)", (name, root, log_directory))
            except sqlite3.IntegrityError:
                raise RefusedError("Namespace exists already.") from None
            return self.namespace(name)

    def disable(self, name: str) -> None:
        """Make a namespace read-only."""
        with self._lock:
            self._connection.execute("UPDATE namespace SET disabled=1 WHERE name=?", (name,))

    def namespace(self, name: str) -> Namespace:
        """The namespace of this name.  Raises ``KeyError`` where there is none."""
        with self._lock:
            row = self._connection.execute("SELECT * FROM namespace WHERE name=?", (name,)).fetchone()
            if row is None:
                raise KeyError(name)
            (head,) = self._connection.execute("SELECT max(number) FROM epoch WHERE namespace=?", (name,)).fetchone()
        return Namespace(name=row[0], root=row[1], log_directory=row[2], disabled=bool(row[3]), head=head)

    def namespaces(self) -> list[Namespace]:
        """All of them, by name."""
        with self._lock:
            names = [row[0] for row in self._connection.execute("SELECT name FROM namespace ORDER BY name")]
        return [self.namespace(name) for name in names]

    def record(self, name: str, number: int) -> bytes | None:
        """The answer of ``GET /namespaces/{ns}/audits/{epoch}``; None where there is no such epoch."""
        with self._lock:
            row = self._connection.execute(
                "SELECT record FROM epoch WHERE namespace=? AND number=?", (name, number)
            ).fetchone()
        return None if row is None else row[0]

    def publish(self, name: str, number: int, digest: str, *, now: int) -> bytes:
        """Sign and log an epoch at ``now`` (milliseconds since 1970); its record.  Raises ``RefusedError``."""
        with self._lock:
            timestamp = self._check(name, number, digest, now)
            plan = EpochPlan(
                number=number, artifact=b"", timestamp=timestamp, namespace=name, key=signing_key(timestamp),
                digest=bytes.fromhex(digest),
            )  # fmt: skip
            body = record(plan)
            self._insert(name, number, digest, timestamp, body)
        return body

    def take(self, name: str, body: bytes) -> None:
        """Log a record that was signed elsewhere, as it is, under the same rules.  Raises ``RefusedError``."""
        epoch = read_epoch(body, file="record")
        if epoch.namespace != name:
            raise RefusedError("The record is of another namespace.")
        with self._lock:
            digest = epoch.digest.hex()
            if self._check(name, epoch.epoch, digest, epoch.timestamp) != epoch.timestamp:
                raise RefusedError("Times must be increasing.")
            self._insert(name, epoch.epoch, digest, epoch.timestamp, body)

    def _check(self, name: str, number: int, digest: str, now: int) -> int:
        """The time for the new epoch: ``now``, or just after the last one.  Raises ``RefusedError``."""
        try:
            namespace = self.namespace(name)
        except KeyError:
            raise RefusedError("Namespace does not exist.") from None
        if namespace.disabled:
            raise RefusedError("Namespace is disabled and read-only.")
        if not _DIGEST.fullmatch(digest):
            raise RefusedError("Digest must be 32 bytes, hex encoded.")
        if namespace.head is None:
            if namespace.root is not None and namespace.root != f"{number}/{digest}":
                raise RefusedError("The first epoch must match the root of the namespace.")
            if number < 1:
                raise RefusedError("Epochs begin at 1.")
            return now
        if number <= namespace.head:
            raise RefusedError("Epochs cannot be republished.")
        if number != namespace.head + 1:
            raise RefusedError("Epochs must be increasing, one by one.")
        if self._connection.execute("SELECT 1 FROM epoch WHERE namespace=? AND digest=?", (name, digest)).fetchone():
            raise RefusedError("Epochs must have a unique digest.")
        last = self._connection.execute(
            "SELECT timestamp FROM epoch WHERE namespace=? AND number=?", (name, namespace.head)
        ).fetchone()
        return max(now, int(last[0]) + 1)

    def _insert(self, name: str, number: int, digest: str, timestamp: int, body: bytes) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.execute(
                "INSERT INTO epoch VALUES (?, ?, ?, ?, ?)", (name, number, digest, timestamp, body)
            )
            self._connection.execute(
                "UPDATE namespace SET root=coalesce(root, ?) WHERE name=?", (f"{number}/{digest}", name)
            )
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise


def signing_key(timestamp: int) -> SignerKey:
    """The newest of the rehearsal signer's keys that is valid at ``timestamp``; the oldest before that."""
    valid = [key for key in signer_keys() if key.not_before <= timestamp]
    return (valid or list(signer_keys())[:1])[-1]


def epoch_request(body: bytes) -> tuple[int, str]:
    """Epoch and digest of ``POST /namespaces/{ns}/audits`` (``SignatureRequest``).  Raises ``RefusedError``."""
    try:
        value = json.loads(body)
        number, digest = value["epoch"], value["digest"]
    except (ValueError, KeyError, TypeError):
        raise RefusedError("Expected a JSON object with epoch and digest.") from None
    if not isinstance(number, int) or isinstance(number, bool) or not isinstance(digest, str):
        raise RefusedError("Expected a JSON object with epoch and digest.")
    return number, digest.lower()


def _check_file(path: Path) -> None:
    if not path.exists() or path.stat().st_size == 0:
        return
    with path.open("rb") as file:
        header = file.read(100)
    if not header.startswith(_MAGIC) or int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise NotALedgerError(str(path))
