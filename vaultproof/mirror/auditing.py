"""Auditing a mirrored namespace: the walk, what only the store can tell, what the log says of itself, the key history.

A full walk is the default.  Continuing goes on behind the last epoch up to which everything held under the same trust
configuration, so that what is wrong or open in the past is found again by every run, and never passed over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, groupby

from vaultproof.crypto.port import Backend, run_to_completion
from vaultproof.errors import VaultproofError
from vaultproof.evidence.epoch import read_epoch
from vaultproof.mirror.across import Across
from vaultproof.mirror.answer import EpochSpan, Resource
from vaultproof.mirror.beside import denied_at, rival_findings, unreadable_findings
from vaultproof.mirror.changes import KeyChanges
from vaultproof.mirror.findings import AuditState
from vaultproof.mirror.settling import settle
from vaultproof.mirror.store import Store
from vaultproof.mirror.walking import EngineMaker, walk
from vaultproof.signer_log.answers import read_last_verified
from vaultproof.signer_log.findings import STANDINGS, FindingList, Findings, LogFinding, Standing
from vaultproof.signer_log.key_history import KeyHistory
from vaultproof.signer_log.statements import advertised_keys, compare_info, compare_namespace, log_goes_on
from vaultproof.signer_log.walk import Expected, Mark, RangeResult, join, last_missing, missing
from vaultproof.strict.json import dumps_canonical

FIRST_AUDITED = "first-audited"
"""Under this name the store keeps where the audit that may be continued began."""
KEYS_AUDITED = "keys-audited"
"""And under this one whether it read the key history: 1, or 0."""
RULES = 2
"""Raised whenever an audit checks more than before: what an earlier one passed is then walked again."""
FOUND_EACH_TIME = frozenset({"record-withdrawn"})
"""Open questions about records that hold, which every run finds anew, wherever its walk begins."""
UNSETTLED = frozenset({"brought-record-fails", "record-key-not-pinned", "record-not-checked", "record-unreadable"})
"""What the log itself may settle, where it was only brought with a copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPlan:
    """What to audit, and how.

    ``trust_digest`` (hexadecimal) names the trust configuration that ``expected`` comes from; ``pinned`` says that it
    pins the namespace.  ``keys`` asks for the key history; ``continued`` to begin where an earlier audit ended, but not
    behind epoch ``at_most``, if that is given.
    """

    expected: Expected
    pinned: bool
    trust_digest: str
    keys: bool = True
    continued: bool = False
    at_most: int | None = None
    processes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit came to.

    ``walked`` are the first and the last epoch of this run's walk (None: nothing was left to walk); ``continued_from``
    is the epoch up to which an earlier audit is relied on, None after a full walk; ``held_through`` the one up to which
    all holds (None: not even the first).  ``changes`` is the key history of
    the epochs that this run looked at.  ``copied_at`` is when an answer of this log was last seen (milliseconds).
    """

    span: EpochSpan | None
    walked: tuple[int, int] | None
    continued_from: int | None
    held_through: int | None
    result: RangeResult
    changes: KeyChanges
    copied_at: int | None
    findings: FindingList


def audit(
    store: Store,
    plan: AuditPlan,
    *,
    engine: EngineMaker,
    now: int,
    progress: Callable[[int, int], None] | None = None,
) -> Audit:
    """Audit a namespace of ``store``, and remember how far everything held.  ``now`` is in milliseconds since 1970."""
    return _Auditing(store, plan, engine, progress).run(now)


class _Auditing:
    """One audit."""

    def __init__(
        self, store: Store, plan: AuditPlan, engine: EngineMaker, progress: Callable[[int, int], None] | None
    ) -> None:
        self._store = store
        self._plan = plan
        self._engine = engine
        self._backend: Backend = engine()
        self._progress = progress
        self._namespace = plan.expected.namespace
        info = store.latest(None, Resource.INFO)
        self._info = None if info is None else info.body
        self._expected = replace(plan.expected, advertised=advertised_keys(self._info))
        self._findings = Findings()

    def run(self, now: int) -> Audit:
        store = self._store
        settle(store, self._expected, self._backend)
        span = store.epochs(self._namespace)
        changes = KeyChanges()
        result, walked, after = RangeResult(findings=FindingList(counts={})), None, None
        if span is None:
            self._tell("no-records")
        else:
            after = self._continue_after(span) if self._plan.continued else None
            start = span.first if after is None else after + 1
            walked = (start, span.last) if start <= span.last else None
            result = self._walk(span, walked, after)
            self._before_first(span)
            self._look_in_store(walked, continued=after is not None)
            if self._plan.keys and walked is not None:
                self._key_history(span, walked, after, changes)
        self._statements(span)
        findings = self._findings.result()
        store.set_unsettled(
            self._namespace, (item.epoch for item in findings.items if item.epoch and item.code in UNSETTLED)
        )
        held_through = None if span is None else self._remember(span, findings, now)
        newest = store.latest(self._namespace, Resource.NAMESPACE)
        return Audit(
            span=span, walked=walked, continued_from=after, held_through=held_through, result=result, changes=changes,
            copied_at=None if newest is None else newest.last_seen, findings=findings,
        )  # fmt: skip

    # The walk

    def _continue_after(self, span: EpochSpan) -> int | None:
        """The epoch up to which an earlier audit held; None where there is none that can be relied on."""
        state = self._store.audit_state(self._namespace)
        same = (
            state is not None
            and state.trust_digest == self._basis()
            and self._store.number(self._namespace, FIRST_AUDITED) == span.first
            and self._store.number(self._namespace, KEYS_AUDITED) in (1, int(self._plan.keys))
        )
        if state is None or not same:
            return None
        after = state.through_epoch if self._plan.at_most is None else min(state.through_epoch, self._plan.at_most)
        return after if span.first <= after <= span.last else None

    def _walk(self, span: EpochSpan, walked: tuple[int, int] | None, after: int | None) -> RangeResult:
        result = RangeResult(findings=FindingList(counts={}))
        if after is not None:
            count = after - span.first + 1
            record = read_epoch(self._body(after), file="audits")
            mark = Mark(epoch=after, timestamp=record.timestamp, digest=record.digest)
            result = RangeResult(first=span.first, last=after, count=count, held=count, last_held=mark,
                                 findings=result.findings)  # fmt: skip
        if walked is not None:
            part = walk(self._store, self._expected, *walked, engine=self._engine, processes=self._plan.processes,
                        progress=self._progress)  # fmt: skip
            result = join(self._namespace, result, part)
        self._add_walked(result.findings)
        return result

    def _add_walked(self, found: FindingList) -> None:
        """Findings of the walk; a gap that the log itself answered with "no such epoch" is told as that."""
        for finding in found.items:
            self._findings.add(self._denied(finding) if finding.code == "epochs-missing" else finding)
        for code, number in found.counts.items():
            kept = sum(item.code == code for item in found.items)
            self._findings.count(code, number - kept)

    def _before_first(self, span: EpochSpan) -> None:
        root = self._expected.root
        if root is not None and span.first > root.epoch:
            self._findings.add(self._denied(missing(self._namespace, root.epoch, span.first - 1)))

    def _denied(self, finding: LogFinding) -> LogFinding:
        """The same gap, told as the log's own word if it denied the epoch when the one behind the gap was there."""
        answer = self._store.denial(self._namespace, finding.epoch or 0)
        behind = self._store.record_answer(self._namespace, last_missing(finding) + 1)
        if answer is None or behind is None or answer.last_seen < behind.first_seen:
            return finding
        return replace(finding, code="epochs-denied", facts=(*finding.facts, denied_at(answer)))

    # What only the store can tell

    def _look_in_store(self, walked: tuple[int, int] | None, *, continued: bool) -> None:
        across = Across(self._store, self._expected, self._backend)
        for finding in across.reused(walked, continued=continued):
            self._findings.add(finding)
        for _, _, finding in rival_findings(self._store, self._expected, self._backend):
            self._findings.add(finding)
        for finding in chain(unreadable_findings(self._store, self._namespace), across.withdrawn()):
            self._findings.add(finding)

    # Keys and statements

    def _key_history(self, span: EpochSpan, walked: tuple[int, int], after: int | None, changes: KeyChanges) -> None:
        root = self._expected.root
        start = span.first if root is None else root.epoch
        history = KeyHistory(self._expected, self._backend, start=start, changes=changes)
        if after is not None:
            run_to_completion(history.begin_after(after, self._body(after), self._artifacts(after)))
        for epoch, files in self._logged_files(walked, continued=after is not None):
            run_to_completion(history.see(epoch, self._body(epoch), files))
        self._findings.add_all(history.end(span.last))

    def _logged_files(self, walked: tuple[int, int], *, continued: bool) -> Iterator[tuple[int, list[bytes]]]:
        if continued:
            epochs = ((epoch, self._artifacts(epoch)) for epoch in range(walked[0], walked[1] + 1))
            yield from ((epoch, files) for epoch, files in epochs if files)
            return
        by_epoch = groupby(self._store.artifacts(self._namespace), key=lambda answer: answer.epoch or 0)
        for epoch, answers in by_epoch:
            if walked[0] <= epoch <= walked[1] and self._store.digest_of(self._namespace, epoch) is not None:
                yield epoch, [answer.body for answer in answers]

    def _artifacts(self, epoch: int) -> list[bytes]:
        return [answer.body for answer in self._store.answers(self._namespace, Resource.ARTIFACT, epoch=epoch)]

    def _body(self, epoch: int) -> bytes:
        answer = self._store.record_answer(self._namespace, epoch)
        return b"" if answer is None else answer.body

    def _statements(self, span: EpochSpan | None) -> None:
        last = None if span is None else span.last
        if not self._plan.pinned:
            self._tell("log-namespace-not-pinned")
        entry = self._store.latest(self._namespace, Resource.NAMESPACE)
        found = [
            *compare_info(self._info, self._expected),
            *compare_namespace(None if entry is None else entry.body, self._expected, last=last),
        ]
        answer = self._store.latest(self._namespace, Resource.LAST_VERIFIED_EPOCH)
        if answer is not None and not any(item.code == "log-goes-on" for item in found):
            with suppress(VaultproofError):  # a hint where the head may be; the records speak for themselves
                found += log_goes_on(read_last_verified(answer.body).epoch, self._expected, last=last)
        for finding in found:
            self._findings.add(finding)

    # What is remembered

    def _remember(self, span: EpochSpan, findings: FindingList, now: int) -> int | None:
        """How far everything held: up to the epoch before the first that did not, or is open."""
        troubled = [
            item.epoch for item in findings.items
            if item.epoch is not None and STANDINGS[item.code] is not Standing.NOTE
            and item.code not in FOUND_EACH_TIME
        ]  # fmt: skip
        through = min([span.last, *(epoch - 1 for epoch in troubled)])
        timestamp = 0
        if through >= span.first:
            timestamp = read_epoch(self._body(through), file="audits").timestamp
        with self._store.batch():
            self._store.set_number(self._namespace, FIRST_AUDITED, span.first)
            self._store.set_number(self._namespace, KEYS_AUDITED, int(self._plan.keys))
            self._store.set_audit_state(
                AuditState(namespace=self._namespace, through_epoch=through, last_timestamp=timestamp,
                           trust_digest=self._basis(), at=now)
            )  # fmt: skip
        return through if through >= span.first else None

    def _basis(self) -> bytes:
        """What an audit rests on, as 32 bytes: the trust configuration, whose log it is, and what is checked."""
        rests_on = [self._plan.trust_digest, self._expected.signer.id, RULES]
        return hashlib.sha256(dumps_canonical(rests_on)).digest()

    def _tell(self, code: str) -> None:
        self._findings.add(LogFinding(code=code, namespace=self._namespace))
