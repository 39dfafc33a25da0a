"""Matching a mirrored namespace with published deployments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from vaultproof.crypto.port import Backend, run_to_completion
from vaultproof.epoch_check import check_epoch
from vaultproof.errors import VaultproofError
from vaultproof.evidence.epoch import read_epoch
from vaultproof.mirror.beside import rival_findings
from vaultproof.mirror.changes import KeyChanges
from vaultproof.mirror.settling import settle
from vaultproof.mirror.store import Store
from vaultproof.mirror.walking import EngineMaker
from vaultproof.signer_log.findings import FindingList, Findings, LogFinding
from vaultproof.signer_log.key_history import KeyHistory
from vaultproof.signer_log.reconcile import LoggedEpoch, Published, Reconciliation, reconcile
from vaultproof.signer_log.walk import Expected
from vaultproof.strict.encodings import from_milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedSet:
    """The deployments that were given, and a finding for each that could not be read."""

    deployments: tuple[Published, ...]
    unread: tuple[LogFinding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """Both sides against each other; ``findings`` holds those about deployments that could not be read too.

    ``copied_at`` is when the newest record was last seen (milliseconds since 1970); None without one.
    """

    reconciliation: Reconciliation
    findings: FindingList
    copied_at: int | None


def match(
    store: Store, expected: Expected, published: PublishedSet, *, engine: EngineMaker, grace: timedelta, now: int,
    held_through: int | None = None, forks: bool = False,
) -> Matched:  # fmt: skip
    """Match the records that hold with what was published.  ``now`` is in milliseconds since 1970.

    ``held_through`` is the epoch up to which this very run has found all records to hold: their signatures are not
    checked twice.  ``forks`` tells forks too, where no audit told them before.  Raises what ``Store`` and ``reconcile``
    raise.
    """
    backend = engine()
    settle(store, expected, backend)
    span = store.epochs(expected.namespace)
    result = reconcile(
        _Held(store, expected, backend, held_through or 0), published.deployments, namespace=expected.namespace,
        now=from_milliseconds(now), grace=grace, change_at=_changes(store, expected, backend).at,
    )  # fmt: skip
    findings = Findings()
    for finding in published.unread:
        findings.add(finding)
    if span is None:
        findings.add(LogFinding(code="no-records", namespace=expected.namespace))
    findings.add_all(result.findings)
    for compared in rival_findings(store, expected, backend) if forks else ():
        if compared.finding.code == "fork":
            findings.add(compared.finding)
    newest = None if span is None else store.record_answer(expected.namespace, span.last)
    return Matched(
        reconciliation=result, findings=findings.result(), copied_at=None if newest is None else newest.last_seen
    )


class _Held:
    """The records that hold; the audit says what is wrong with others."""

    def __init__(self, store: Store, expected: Expected, backend: Backend, held_through: int) -> None:
        self._store, self._expected, self._backend, self._held_through = store, expected, backend, held_through

    def __iter__(self) -> Iterator[LoggedEpoch]:
        span = self._store.epochs(self._expected.namespace)
        if span is None:
            return
        for epoch, body in self._store.records(self._expected.namespace, span.first, span.last):
            record = self._read(epoch, body)
            if record is not None:
                yield record

    def at(self, epoch: int) -> LoggedEpoch | None:
        answer = self._store.record_answer(self._expected.namespace, epoch)
        return None if answer is None else self._read(epoch, answer.body)

    def _read(self, epoch: int, body: bytes) -> LoggedEpoch | None:
        try:
            record = read_epoch(body, file="audits")
            if epoch > self._held_through:
                run_to_completion(check_epoch(record, self._expected.signer, self._backend))
        except VaultproofError:
            return None
        if (record.namespace, record.epoch) != (self._expected.namespace, epoch):
            return None
        return LoggedEpoch(epoch=epoch, timestamp=record.timestamp, digest=record.digest)


def _changes(store: Store, expected: Expected, backend: Backend) -> KeyChanges:
    """The key history as far as key files are here: it names the keys that nobody announced."""
    start = 1 if expected.root is None else expected.root.epoch
    changes = KeyChanges()
    history = KeyHistory(expected, backend, start=start, changes=changes)
    for epoch, answers in groupby(store.artifacts(expected.namespace), key=lambda answer: answer.epoch or 0):
        record = store.record_answer(expected.namespace, epoch)
        if record is not None and epoch >= start:
            run_to_completion(history.see(epoch, record.body, [answer.body for answer in answers]))
    return changes
