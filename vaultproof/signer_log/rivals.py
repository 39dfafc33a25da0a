"""Another answer for an epoch that was answered before: a fork, a forgery, or the same words in other bytes."""

from __future__ import annotations

import hashlib
from typing import Protocol

from vaultproof.crypto.port import Backend
from vaultproof.epoch_check import check_epoch
from vaultproof.errors import VaultproofError
from vaultproof.evidence.epoch import EpochRecord, read_epoch
from vaultproof.report import Fact, Origin
from vaultproof.signer_log.findings import STANDINGS, LogFinding, Standing
from vaultproof.signer_log.walk import FORGEABLE, Expected, code_of, holds_under, reason
from vaultproof.steps.base import compared, shown
from vaultproof.strict.encodings import MAX_MILLISECONDS, format_milliseconds


class Kept(Protocol):
    """An answer that a mirror kept: verbatim, from where, and when first and last seen (milliseconds since 1970)."""

    @property
    def body(self) -> bytes:
        """The bytes as they came."""

    @property
    def origin(self) -> str:
        """Address or path that they came from."""

    @property
    def first_seen(self) -> int:
        """When they were first seen."""

    @property
    def last_seen(self) -> int:
        """When they were last seen."""

    @property
    def fetched(self) -> bool:
        """Whether the log itself gave them; False: somebody's copy holds them, and says when and from where."""


async def compare_rival(epoch: int, first: Kept, other: Kept, expected: Expected, backend: Backend) -> LogFinding:
    """What ``other`` is beside ``first``, the answer that was seen first.

    Two records that both hold and say different things are a fork: only the signer can have made both, whoever brings
    them.  What does not hold accuses the log where the log itself gave it; whoever makes a copy can make that too.
    """
    subject = hashlib.sha256(other.body).hexdigest()
    told = seen(first, other)
    try:
        record = read_epoch(other.body, file="audits")
    except VaultproofError as error:
        return _finding("rival-not-checked", expected, epoch, subject, *reason(error), *told)
    try:
        await check_epoch(record, expected.signer, backend)
    except VaultproofError as error:
        code = await _failing(record, other, code_of(error), expected, backend)
        return _finding(code, expected, epoch, subject, *reason(error), *told)
    if not _is_of(record, epoch, expected):
        code = "rival-misplaced" if other.fetched else "brought-answer-fails"
        named = compared("epoch", record.epoch, epoch, Origin.INDEPENDENT_SIGNER)
        return _finding(code, expected, epoch, subject, named, *told)
    earlier = await held_record(epoch, first.body, expected, backend)
    if earlier is None:  # the walk has said what is wrong with it
        return _finding("rival-holds", expected, epoch, subject, *told)
    if says(record) == says(earlier):
        return _finding("answer-reworded", expected, epoch, subject, *told)
    return _finding("fork", expected, epoch, subject, *differences(earlier, record), *told)


async def _failing(record: EpochRecord, other: Kept, code: str, expected: Expected, backend: Backend) -> str:
    """The finding for another answer that does not hold, for the reason that ``code`` names.

    A copy's answer by a key that nobody pinned is open only if it holds under a key that the signer advertises: anybody
    can make one by a key of their own.
    """
    if not other.fetched:
        if code in FORGEABLE:
            return "brought-answer-fails"
        keys = [key for key in expected.advertised if key[-1] == record.key_id]
        if code == "record-key-not-pinned" and not any([await holds_under(record, key, backend) for key in keys]):
            return "brought-answer-fails"
    return "rival-bad-signature" if STANDINGS[code] is Standing.CONTRADICTION else "rival-not-checked"


def says(record: EpochRecord) -> tuple[int, int, bytes]:
    """What a record says of its epoch: ciphersuite, time and digest."""
    return record.ciphersuite, record.timestamp, record.digest


def differences(first: EpochRecord, other: EpochRecord) -> tuple[Fact, ...]:
    """Where two records of one epoch differ, as facts: what was first signed, and what else was."""
    pairs: tuple[tuple[str, str | int, str | int], ...] = (
        ("digest", other.digest.hex(), first.digest.hex()),
        ("signed-at", format_milliseconds(other.timestamp), format_milliseconds(first.timestamp)),
        ("ciphersuite", other.ciphersuite, first.ciphersuite),
    )
    return tuple(
        compared(label, found, before, Origin.INDEPENDENT_SIGNER) for label, found, before in pairs if found != before
    )


def seen(first: Kept, other: Kept) -> tuple[Fact, ...]:
    """When and where both answers were first seen; of what was brought that is the word of the copy."""
    return (
        shown("first-answer-seen", _when(first), Origin.COMPUTED)
        if first.fetched
        else shown("first-answer-brought", _when(first), Origin.NOT_VERIFIED),
        shown("other-answer-seen", _when(other), Origin.COMPUTED)
        if other.fetched
        else shown("other-answer-brought", _when(other), Origin.NOT_VERIFIED),
    )


async def held_record(epoch: int, body: bytes, expected: Expected, backend: Backend) -> EpochRecord | None:
    """The record in ``body`` if it holds for this epoch."""
    try:
        record = read_epoch(body, file="audits")
        await check_epoch(record, expected.signer, backend)
    except VaultproofError:
        return None
    return record if _is_of(record, epoch, expected) else None


def _is_of(record: EpochRecord, epoch: int, expected: Expected) -> bool:
    return (record.namespace, record.epoch) == (expected.namespace, epoch)


def _finding(code: str, expected: Expected, epoch: int, subject: str, *facts: Fact) -> LogFinding:
    return LogFinding(code=code, namespace=expected.namespace, epoch=epoch, subject=subject, facts=facts)


def _when(kept: Kept) -> str:
    return f"{format_milliseconds(min(kept.first_seen, MAX_MILLISECONDS))}, {kept.origin}"
