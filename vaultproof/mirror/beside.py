"""Answers that are no epoch's record: each compared with the one that counts, or told as not readable."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from vaultproof.crypto.port import Backend, run_to_completion
from vaultproof.errors import VaultproofError
from vaultproof.evidence.epoch import read_epoch
from vaultproof.mirror.answer import Resource, StoredAnswer
from vaultproof.mirror.provenance import Provenance
from vaultproof.report import Fact, Origin
from vaultproof.signer_log.findings import LogFinding
from vaultproof.signer_log.fork import make_fork
from vaultproof.signer_log.rivals import compare_rival, held_record
from vaultproof.signer_log.walk import Expected, reason
from vaultproof.steps.base import shown
from vaultproof.strict.encodings import format_milliseconds
from vaultproof.strict.json import dumps_canonical


class Compared(NamedTuple):
    """An answer and what it is: ``first`` is the one that it was compared with."""

    first: StoredAnswer
    other: StoredAnswer
    finding: LogFinding


class ForkFile(NamedTuple):
    """Two signed records for one epoch as a file that stands by itself; ``sha256`` (hex) is the other answer's."""

    epoch: int
    sha256: str
    data: bytes


def rival_findings(store: Provenance, expected: Expected, backend: Backend) -> Iterator[Compared]:
    """What each other answer is, by epoch; then what answers for other epochs say of an epoch that they name."""
    yield from _other_answers(store, expected, backend)
    yield from _forks_elsewhere(store, expected, backend)


def _other_answers(store: Provenance, expected: Expected, backend: Backend) -> Iterator[Compared]:
    """What each other answer for an epoch is beside the first answer that holds.

    Else two forked records would both hold beside a first one that nobody signed, and a log could hide a fork by
    answering with anything else before.
    """
    first: StoredAnswer | None = None
    for other in store.rival_answers(expected.namespace):
        if other.epoch is None:
            raise ValueError("a rival answer without an epoch")  # the store keeps none
        if first is None or first.epoch != other.epoch:
            first = store.record_answer(expected.namespace, other.epoch)
        if first is None:  # none stands for this epoch: a copy's answers were set aside
            yield Compared(other, other, _denied(store, other))
            continue
        finding = run_to_completion(compare_rival(other.epoch, first, other, expected, backend))
        yield Compared(first, other, finding)
        if finding.code == "rival-holds":
            first = other


def _forks_elsewhere(store: Provenance, expected: Expected, backend: Backend) -> Iterator[Compared]:
    """Forks of which one record was given as the answer for another epoch, or namespace.

    A signed record speaks of the epoch that it names, wherever it was put.  That it was put there is told apart.
    """
    for epoch, group in groupby(store.misplaced_answers(expected.namespace), key=lambda item: item[0]):
        first = _first_held(store, expected, backend, epoch)
        told = {answer.sha256 for answer in store.answers(expected.namespace, Resource.AUDIT, epoch=epoch)}
        for _, other in group:
            if other.sha256 in told or not _holds(epoch, other, expected, backend):
                continue
            if first is None:
                first = other
            finding = run_to_completion(compare_rival(epoch, first, other, expected, backend))
            if finding.code == "fork":
                told.add(other.sha256)
                yield Compared(first, other, finding)


def _first_held(store: Provenance, expected: Expected, backend: Backend, epoch: int) -> StoredAnswer | None:
    """The answer for ``epoch`` that others are compared with: its record, or the first other one that holds."""
    record = store.record_answer(expected.namespace, epoch)
    if record is not None and _holds(epoch, record, expected, backend):
        return record
    rivals = sorted(store.rivals_of(expected.namespace, epoch), key=lambda answer: answer.id)
    return next((rival for rival in rivals if _holds(epoch, rival, expected, backend)), None)


def _holds(epoch: int, answer: StoredAnswer, expected: Expected, backend: Backend) -> bool:
    return run_to_completion(held_record(epoch, answer.body, expected, backend)) is not None


def fork_files(
    store: Provenance, expected: Expected, backend: Backend, findings: tuple[LogFinding, ...]
) -> Iterator[ForkFile]:
    """A file for each fork among ``findings``: both answers verbatim, the first that holds and the other one."""
    wanted = {item.id for item in findings if item.code == "fork"}
    for first, other, finding in rival_findings(store, expected, backend) if wanted else ():
        if finding.id in wanted and finding.epoch is not None:
            value = run_to_completion(make_fork(finding.epoch, [first, other], expected.signer, backend))
            yield ForkFile(finding.epoch, other.sha256.hex(), dumps_canonical(value))


def unreadable_findings(store: Provenance, namespace: str) -> Iterator[LogFinding]:
    """Answers that do not read as a record; where another one does, the answer was only cut short."""
    for answer in store.unreadable_answers(namespace):
        if answer.epoch is None:
            raise ValueError("an answer for a record without an epoch")  # the store keeps none
        has_record = store.digest_of(namespace, answer.epoch) is not None
        if not has_record and not answer.fetched and _is_denied(store, answer):
            yield _denied(store, answer)
            continue
        yield LogFinding(
            code="answer-cut-short" if has_record else "record-unreadable", namespace=namespace, epoch=answer.epoch,
            subject=answer.sha256.hex(), facts=_why(answer.body),
        )  # fmt: skip


def _is_denied(store: Provenance, answer: StoredAnswer) -> bool:
    denial = store.denial(answer.namespace or "", answer.epoch or 0)
    return denial is not None and denial.fetched


def _denied(store: Provenance, answer: StoredAnswer) -> LogFinding:
    namespace, epoch = answer.namespace or "", answer.epoch or 0
    denial = store.denial(namespace, epoch)
    facts = [shown("other-answer-brought", answer.origin, Origin.NOT_VERIFIED)]
    facts += [denied_at(denial)] if denial is not None else []
    return LogFinding(
        code="brought-record-denied", namespace=namespace, epoch=epoch, subject=hashlib.sha256(answer.body).hexdigest(),
        facts=tuple(facts),
    )  # fmt: skip


def denied_at(denial: StoredAnswer) -> Fact:
    """When the log first said that it has no such epoch; a copy's word where that is all there is."""
    when = format_milliseconds(denial.first_seen)
    if denial.fetched:
        return shown("denied-at", when, Origin.COMPUTED)
    return shown("denied-in-copy", when, Origin.NOT_VERIFIED)


def _why(body: bytes) -> tuple[Fact, ...]:
    try:
        read_epoch(body, file="audits")
    except VaultproofError as error:
        return reason(error)
    return ()
