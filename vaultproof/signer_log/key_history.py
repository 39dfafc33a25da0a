"""Which keys each epoch of the log added, removed or gave another role, from the log's real first epoch on.

The log holds digests alone.  The key files come from a second source and count only where their SHA-256 is the digest
in a record that holds.  An epoch without its file is a hole in the history: what changed there could not be checked,
and the next epoch's changes are told as changes since the last one whose keys are known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from vaultproof.crypto.port import Backend
from vaultproof.epoch_check import check_epoch
from vaultproof.errors import VaultproofError
from vaultproof.evidence.epoch import EpochRecord, read_epoch
from vaultproof.evidence.fleet_keys import FleetKey, FleetKeys, by_raw, read_fleet_keys
from vaultproof.frozen import field, frozen
from vaultproof.report import Fact, Origin
from vaultproof.signer_log.findings import FindingList, Findings, LogFinding
from vaultproof.signer_log.walk import Expected, reason
from vaultproof.steps.base import compared, shown

MOST_SHOWN = 20
"""Fingerprints that one finding lists; the change itself holds all of them."""


@frozen
class RoleChange:
    """A key that stayed and was given another role."""

    fingerprint: str
    before: str
    after: str


@frozen
class KeyChange:
    """What an epoch changed.

    ``since`` is the epoch that it is compared with: the one before, unless that one's keys are not known; None where
    there is none.  ``from_start`` says that it is the log's first epoch, so that all of its keys are new.  ``added``
    and ``removed`` map fingerprints (SHA-256 of the key, hexadecimal) to roles; ``total`` is how many keys there are.
    ``identities`` gives the ``identity`` of each added key by its fingerprint.
    """

    epoch: int
    since: int | None
    from_start: bool
    added: dict[str, str]
    removed: dict[str, str]
    changed: tuple[RoleChange, ...]
    total: int
    identities: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The change as JSON values."""
        return {
            "epoch": self.epoch,
            "since": self.since,
            "from_start": self.from_start,
            "total": self.total,
            "added": [{"fingerprint": key, "role": role} for key, role in self.added.items()],
            "removed": [{"fingerprint": key, "role": role} for key, role in self.removed.items()],
            "role_changed": [
                {"fingerprint": item.fingerprint, "before": item.before, "after": item.after} for item in self.changed
            ],
        }


def identity(key: FleetKey) -> str:
    """What a key is told apart by: the SHA-256 of its raw bytes, the same for both shapes that a file may give it."""
    return hashlib.sha256(key.raw).hexdigest()


class Keeps(Protocol):
    """Where changes go as they are found: a list, or something that holds a million of them."""

    def append(self, change: KeyChange, /) -> None:
        """Keep the change of a further epoch."""


class KeyHistory:
    """Reads the key files of a log's epochs, in rising order, and remembers the last one's keys."""

    def __init__(self, expected: Expected, backend: Backend, *, start: int, changes: Keeps) -> None:
        """``start`` is the log's first epoch; ``changes`` takes what each epoch whose keys are known changed."""
        self._expected = expected
        self._backend = backend
        self._start = start
        self._next = start
        self._known: tuple[int, dict[str, _Listed]] | None = None
        self._changes = changes
        self._findings = Findings()

    async def begin_after(self, epoch: int, body: bytes, files: Sequence[bytes]) -> None:
        """Begin behind ``epoch``, which was looked at earlier: its keys are what the next epoch is compared with.

        Without its file nothing before is known, and the next epoch's changes are told as not known.
        """
        self._next = epoch + 1
        record = await self._held(epoch, body)
        for data in files:
            if record is not None and hashlib.sha256(data).digest() == record.digest:
                keys = read_fleet_keys(data, file="artifact")
                self._known = (epoch, _listed(keys))

    async def see(self, epoch: int, body: bytes, files: Sequence[bytes]) -> None:
        """Look at an epoch: its record as answered, and the files that sources give as its key file (any number).

        Epochs that are passed over have no file.  Raises ``ValueError`` if epochs do not rise.
        """
        self._pass_over(epoch - 1)
        self._next = epoch + 1
        record = await self._held(epoch, body)
        if record is None:
            self._tell("changes-unknown", epoch)
            return
        if not files:
            self._without(epoch, epoch)
            return
        data = next((data for data in files if hashlib.sha256(data).digest() == record.digest), None)
        if data is None:
            found = hashlib.sha256(files[0]).hexdigest()
            digest = compared("sha256", found, record.digest.hex(), Origin.INDEPENDENT_SIGNER)
            self._tell("artifact-not-logged", epoch, digest)
            return
        try:
            keys = read_fleet_keys(data, file="artifact")
        except VaultproofError as error:
            self._tell("artifact-unreadable", epoch, *reason(error))
            return
        self._compare(epoch, keys)

    def end(self, last: int) -> FindingList:
        """What was found, up to the log's ``last`` epoch."""
        self._pass_over(last)
        return self._findings.result()

    async def _held(self, epoch: int, body: bytes) -> EpochRecord | None:
        """The record, if it holds; the walk says what is wrong with it otherwise."""
        try:
            record = read_epoch(body, file="audits")
            await check_epoch(record, self._expected.signer, self._backend)
        except VaultproofError:
            return None
        return record if (record.namespace, record.epoch) == (self._expected.namespace, epoch) else None

    def _pass_over(self, last: int) -> None:
        if last + 1 < self._next:
            raise ValueError(f"epoch {last + 1} after epoch {self._next - 1}")
        if last >= self._next:
            self._without(self._next, last)
            self._next = last + 1

    def _without(self, first: int, last: int) -> None:
        epochs = str(first) if first == last else f"{first}-{last}"
        self._tell("artifact-missing", first, shown("epochs", epochs, Origin.COMPUTED))

    def _compare(self, epoch: int, keys: FleetKeys) -> None:
        now = _listed(keys)
        since, before = self._known or (None, {})
        from_start = epoch == self._start
        if since is None and not from_start:
            self._tell("changes-unknown", epoch, shown("published-keys", len(now), Origin.INDEPENDENT_SIGNER))
            before = now  # nothing is known to have changed: the history begins here
        added = {key: item for key, item in now.items() if key not in before}
        change = KeyChange(
            epoch=epoch,
            since=since,
            from_start=from_start,
            added={item.fingerprint: item.role for item in added.values()},
            removed={item.fingerprint: item.role for key, item in before.items() if key not in now},
            changed=tuple(
                RoleChange(fingerprint=item.fingerprint, before=before[key].role, after=item.role)
                for key, item in now.items()
                if key in before and before[key].role != item.role
            ),
            total=len(now),
            identities={item.fingerprint: key for key, item in added.items()},
        )
        self._known = (epoch, now)
        self._changes.append(change)
        self._tell_change(change)

    def _tell_change(self, change: KeyChange) -> None:
        since = shown("since-epoch", change.since, Origin.COMPUTED)
        for item in change.changed:
            role = compared("role", item.after, item.before, Origin.INDEPENDENT_SIGNER)
            self._tell("role-changed-in-log", change.epoch, role, since, subject=item.fingerprint)
        if (change.added or change.removed) and not change.from_start:
            self._tell("keys-changed", change.epoch, *_facts(change), since)

    def _tell(self, code: str, epoch: int, *facts: Fact, subject: str | None = None) -> None:
        namespace = self._expected.namespace
        self._findings.add(LogFinding(code=code, namespace=namespace, epoch=epoch, subject=subject, facts=facts))


@frozen
class _Listed:
    """A key as a file lists it: the fingerprint of what it publishes, and its role."""

    fingerprint: str
    role: str


def _listed(keys: FleetKeys) -> dict[str, _Listed]:
    """The keys of a file by ``identity``."""
    return {identity(key): _Listed(fingerprint=key.fingerprint, role=key.role) for key in by_raw(keys).values()}


def _facts(change: KeyChange) -> tuple[Fact, ...]:
    keys = [("key-added", key) for key in change.added] + [("key-removed", key) for key in change.removed]
    return (
        shown("keys-added", len(change.added), Origin.INDEPENDENT_SIGNER),
        shown("keys-removed", len(change.removed), Origin.INDEPENDENT_SIGNER),
        *(shown(label, key, Origin.INDEPENDENT_SIGNER) for label, key in keys[:MOST_SHOWN]),
    )
