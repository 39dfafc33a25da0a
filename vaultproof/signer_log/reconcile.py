"""The log against what was published, both ways: epochs that nobody explains, and evidence that was never logged.

What an operator says of an epoch counts only through a deployment that is published itself, whose own epoch and key
file are the logged ones.  A later deployment's history that leaves an epoch out is the operator's own word against the
log, and accuses; that nothing is published for an epoch is an absence, and does not.  Either may take a grace period.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from vaultproof.errors import Unavailable
from vaultproof.evidence.deployment import HistoryEntry, read_deployment
from vaultproof.evidence.files import DEPLOYMENT, FLEET_KEYS, Files, required
from vaultproof.evidence.fleet_keys import read_fleet_keys
from vaultproof.frozen import frozen
from vaultproof.report import Fact, Origin
from vaultproof.signer_log.findings import FindingList, Findings, LogFinding
from vaultproof.signer_log.key_history import KeyChange, identity
from vaultproof.steps.base import compared, shown
from vaultproof.strict.encodings import format_time, from_milliseconds, parse_time


@frozen
class Published:
    """A published deployment, as far as the log is concerned.

    ``digest`` is the SHA-256 of its key file, ``keys`` has the ``identity`` of each key in it; ``history`` is what it
    says of epochs.
    """

    id: str
    rehearsal: bool
    namespace: str
    epoch: int
    deployed_at: datetime
    digest: bytes
    keys: frozenset[str]
    history: tuple[HistoryEntry, ...]


@frozen
class LoggedEpoch:
    """A record that holds: its epoch, time (milliseconds since 1970) and digest."""

    epoch: int
    timestamp: int
    digest: bytes


class Log(Protocol):
    """The records that hold: all of them in order, and any one by its epoch.  Nothing is kept of either."""

    def __iter__(self) -> Iterator[LoggedEpoch]:
        """Each record that holds, rising."""

    def at(self, epoch: int) -> LoggedEpoch | None:
        """The record of one epoch; None where there is none that holds."""


@frozen
class Explained:
    """An epoch that a published deployment explains; ``own`` says that it is that deployment's own epoch."""

    epoch: int
    deployment: str
    own: bool


@frozen
class Reconciliation:
    """Both sides against each other.

    The age of a finding (``age``) counts from when the epoch was logged, or when the deployment was announced.  It is
    no part of the finding, which stays the same while it grows older.
    """

    namespace: str
    epochs: int
    deployments: int
    grace: timedelta
    explained: tuple[Explained, ...]
    findings: FindingList


def read_published(files: Files) -> Published | None:
    """A deployment's side; None for one whose keys are built into an app: no log has those.

    Raises as the readers of the announcement and of the key file do, and ``Unavailable`` where one is not there.
    """
    deployment = read_deployment(required(files, DEPLOYMENT))
    if deployment.namespace is None or deployment.epoch is None:
        return None
    data = required(files, FLEET_KEYS)
    return Published(
        id=deployment.id,
        rehearsal=deployment.rehearsal,
        namespace=deployment.namespace,
        epoch=deployment.epoch,
        deployed_at=deployment.deployed_at,
        digest=hashlib.sha256(data).digest(),
        keys=frozenset(identity(key) for key in read_fleet_keys(data).keys),
        history=deployment.history,
    )


def reconcile(
    logged: Log,
    published: Sequence[Published],
    *,
    namespace: str,
    now: datetime,
    grace: timedelta,
    change_at: Callable[[int], KeyChange | None] = lambda _epoch: None,
) -> Reconciliation:
    """Match the epochs of a namespace with the deployments published for it.

    The deployments' own epochs are looked up first: only then is it known whose history counts, so that the log is gone
    through once, and memory does not grow with it.

    ``change_at`` gives what an epoch did to the keys, where that is known.  Raises
    ``Unavailable("same-deployment-twice")`` when two of the deployments have one id.
    """
    own_side = [item for item in published if item.namespace == namespace]
    ids = [item.id for item in own_side]
    if len(set(ids)) != len(ids):
        raise Unavailable("same-deployment-twice", "two of the published deployments have one id", found=", ".join(ids))
    work = _Work(own_side, namespace=namespace, now=now, grace=grace, change_at=change_at)
    own = {item.epoch for item in own_side}
    for epoch in sorted(own):
        record = logged.at(epoch)
        if record is not None:
            work.match_own(record)
    said = work.what_was_said()
    epochs = 0
    for record in logged:
        epochs += 1
        if record.epoch not in own:
            work.attribute(record, said.get(record.epoch, []))
    work.evidence_left()
    return work.result(epochs)


class _Work:
    """One reconciliation as it goes."""

    def __init__(
        self, published: Sequence[Published], *, namespace: str, now: datetime, grace: timedelta,
        change_at: Callable[[int], KeyChange | None],
    ) -> None:  # fmt: skip
        self._published = published
        self._namespace = namespace
        self._now = now
        self._grace = grace
        self._change_at = change_at
        self._by_epoch: dict[int, list[Published]] = {}
        for item in published:
            self._by_epoch.setdefault(item.epoch, []).append(item)
        self._as_logged: dict[str, Published] = {}
        self._newest: Published | None = None
        self._seen: set[str] = set()
        self._explained: list[Explained] = []
        self._findings = Findings()

    def match_own(self, record: LoggedEpoch) -> None:
        """Match an epoch with the deployments whose own it is."""
        claims = self._by_epoch.get(record.epoch, [])
        self._seen.update(item.id for item in claims)
        if len(claims) > 1:
            names = ", ".join(item.id for item in claims)
            self._tell("epoch-claimed-twice", record.epoch, _stated("deployment", names))
        for item in claims:
            if item.digest != record.digest:
                digest = compared("sha256", item.digest.hex(), record.digest.hex(), Origin.INDEPENDENT_SIGNER)
                self._tell("evidence-not-as-logged", record.epoch, _stated("deployment", item.id), digest,
                           subject=item.id)  # fmt: skip
                continue
            self._as_logged[item.id] = item
            self._explained.append(Explained(epoch=record.epoch, deployment=item.id, own=True))

    def what_was_said(self) -> dict[int, list[str]]:
        """Which deployments the epochs belong to, by the histories of deployments that are as logged."""
        self._newest = max(self._as_logged.values(), key=lambda item: item.epoch, default=None)
        said: dict[int, list[str]] = {}
        for item in self._as_logged.values():
            for entry in item.history:
                names = said.setdefault(entry.epoch, [])
                if entry.deployment not in names:
                    names.append(entry.deployment)
        return said

    def attribute(self, record: LoggedEpoch, said: Sequence[str]) -> None:
        """Match an epoch with the deployments that it is said to belong to; its own epoch ends a deployment's part."""
        named = (self._as_logged[id] for id in said if id in self._as_logged)
        owner = next((item for item in named if item.epoch > record.epoch), None)
        if owner is not None:
            self._explained.append(Explained(epoch=record.epoch, deployment=owner.id, own=False))
            self._unattested(record, owner)
            return
        newest = self._newest
        if newest is not None and newest.epoch > record.epoch and not said:
            self._tell("epoch-left-out", record.epoch, _stated("deployment", newest.id), _logged_at(record))
            return
        self._unexplained(record, *(_stated("said-to-belong-to", id) for id in said))

    def evidence_left(self) -> None:
        """Deployments whose own epoch the log does not have."""
        for item in self._published:
            if item.id in self._seen:
                continue
            waits, due = self._grace_from(item.deployed_at)
            code = "evidence-awaits-epoch" if waits else "evidence-without-epoch"
            announced = shown("deployed-at", format_time(item.deployed_at), Origin.OPERATOR_STATEMENT)
            self._tell(code, item.epoch, _stated("deployment", item.id), announced, due, subject=item.id)

    def result(self, epochs: int) -> Reconciliation:
        return Reconciliation(
            namespace=self._namespace,
            epochs=epochs,
            deployments=len(self._published),
            grace=self._grace,
            explained=tuple(sorted(self._explained, key=lambda item: (item.epoch, item.deployment))),
            findings=self._findings.result(),
        )

    def _unattested(self, record: LoggedEpoch, owner: Published) -> None:
        """A key that an epoch added and its deployment's own key file does not list was never attested by anybody."""
        change = self._change_at(record.epoch)
        if change is None:
            return
        for fingerprint, role in change.added.items():
            if change.identities.get(fingerprint, fingerprint) not in owner.keys:
                self._tell("key-unattested", record.epoch, _stated("deployment", owner.id),
                           shown("role", role, Origin.INDEPENDENT_SIGNER), subject=fingerprint)  # fmt: skip

    def _unexplained(self, record: LoggedEpoch, *facts: Fact) -> None:
        logged = from_milliseconds(record.timestamp)
        waits, due = self._grace_from(logged)
        change = self._change_at(record.epoch)
        code = "epoch-awaits-evidence" if waits else "epoch-without-evidence"
        keys = [shown("key-added", key, Origin.INDEPENDENT_SIGNER) for key in (change.added if change else ())]
        self._tell(code, record.epoch, *facts, _logged_at(record), due, *keys[:20])

    def _grace_from(self, start: datetime) -> tuple[bool, Fact]:
        """Whether the grace period that begins at ``start`` runs, and when it ends.

        A date that lies further ahead than the grace period itself has none: else a date could put it off for ever.
        """
        if start - self._now > self._grace:
            return False, shown("reason", "dated-ahead", Origin.COMPUTED)
        due = start + self._grace
        return self._now <= due, shown("due", format_time(due), Origin.COMPUTED)

    def _tell(self, code: str, epoch: int, *facts: Fact, subject: str | None = None) -> None:
        self._findings.add(LogFinding(code=code, namespace=self._namespace, epoch=epoch, subject=subject, facts=facts))


def age(finding: LogFinding, now: datetime) -> timedelta | None:
    """How old a finding is at ``now``: since its epoch was logged, or its deployment announced; None for others."""
    for fact in finding.facts:
        if fact.label in ("logged-at", "deployed-at") and isinstance(fact.found, str):
            return now - parse_time(fact.found)
    return None


def _stated(label: str, value: str) -> Fact:
    return shown(label, value, Origin.OPERATOR_STATEMENT)


def _logged_at(record: LoggedEpoch) -> Fact:
    return shown("logged-at", format_time(from_milliseconds(record.timestamp)), Origin.INDEPENDENT_SIGNER)
