"""Answers that are no epoch's record: each compared with the one that counts, or told as not readable."""

from __future__ import annotations

from collections.abc import Iterator

from vaultproof.crypto.port import Backend, run_to_completion
from vaultproof.errors import VaultproofError
from vaultproof.evidence.epoch import read_epoch
from vaultproof.mirror.answer import StoredAnswer
from vaultproof.mirror.reading import Reading
from vaultproof.report import Fact
from vaultproof.signer_log.findings import LogFinding
from vaultproof.signer_log.rivals import compare_rival
from vaultproof.signer_log.walk import Expected, reason


def rival_findings(
    store: Reading, expected: Expected, backend: Backend
) -> Iterator[tuple[StoredAnswer, StoredAnswer, LogFinding]]:
    """What each other answer is: the one that it is compared with, itself, and the finding; by epoch.

    That is the first answer that holds: else two forked records would both hold beside a first one that nobody signed,
    and a log could hide a fork by answering with anything else before.
    """
    first: StoredAnswer | None = None
    for other in store.rival_answers(expected.namespace):
        if other.epoch is None:
            raise ValueError("a rival answer without an epoch")  # the store keeps none
        if first is None or first.epoch != other.epoch:
            first = store.record_answer(expected.namespace, other.epoch)
        if first is None:
            raise ValueError("a rival answer without a first one")  # the store keeps none
        finding = run_to_completion(compare_rival(other.epoch, first, other, expected, backend))
        yield first, other, finding
        if finding.code == "rival-holds":
            first = other


def unreadable_findings(store: Reading, namespace: str) -> Iterator[LogFinding]:
    """Answers that do not read as a record; where another one does, the answer was only cut short."""
    for answer in store.unreadable_answers(namespace):
        has_record = answer.epoch is not None and store.digest_of(namespace, answer.epoch) is not None
        yield LogFinding(
            code="answer-cut-short" if has_record else "record-unreadable", namespace=namespace, epoch=answer.epoch,
            subject=answer.sha256.hex(), facts=_why(answer.body),
        )  # fmt: skip


def _why(body: bytes) -> tuple[Fact, ...]:
    try:
        read_epoch(body, file="audits")
    except VaultproofError as error:
        return reason(error)
    return ()
