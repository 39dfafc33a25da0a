"""Which epochs get a page: all of a small log; of a large one the newest, and those with something to say of."""

from __future__ import annotations

from dataclasses import dataclass

from generator.signer_log.checking import CheckedLog
from vaultproof.errors import VaultproofError
from vaultproof.evidence.epoch import EpochRecord, read_epoch
from vaultproof.mirror.answer import Resource, StoredAnswer
from vaultproof.signer_log.key_history import KeyChange
from vaultproof.trust.configuration import SignerKey

ALL_UP_TO = 200
"""A log of this many epochs, or fewer, has a page for each."""
NEWEST = 100
"""Of a larger log this many of the newest epochs have one, beside those with evidence, changed keys or findings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The epochs that have a page, rising, and how many the copy holds; ``everything`` when each of them has one."""

    epochs: tuple[int, ...]
    total: int

    @property
    def everything(self) -> bool:
        """Whether no epoch of the copy is without a page."""
        return len(self.epochs) == self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One epoch of a copy: the answer that stands for it, its record (None where it cannot be read), and its key file.

    ``key`` is the pinned key that the record names, if it names one; ``change`` is what the epoch did to the keys.
    """

    number: int
    answer: StoredAnswer
    record: EpochRecord | None
    key: SignerKey | None
    artifact: StoredAnswer | None
    change: KeyChange | None


def select_epochs(checked: CheckedLog, *, all_up_to: int = ALL_UP_TO, newest: int = NEWEST) -> Selection:
    """The epochs of a copy that get a page."""
    span, store, namespace = checked.audit.span, checked.log.store, checked.namespace
    if span is None:
        return Selection(epochs=(), total=0)
    if span.count <= all_up_to:
        every = (epoch for epoch, _ in store.records(namespace, span.first, span.last))
        return Selection(epochs=tuple(every), total=span.count)
    wanted = set(range(max(span.first, span.last - newest + 1), span.last + 1)) | {span.first}
    wanted |= {item.epoch for item in checked.findings.items if item.epoch is not None}
    wanted |= {item.epoch for item in checked.reconciliation.explained if item.own}
    present = (epoch for epoch in sorted(wanted) if store.digest_of(namespace, epoch) is not None)
    return Selection(epochs=tuple(present), total=span.count)


def read_epochs(checked: CheckedLog, selection: Selection) -> tuple[Epoch, ...]:
    """The selected epochs, rising."""
    found = []
    for number in selection.epochs:
        answer = checked.log.store.record_answer(checked.namespace, number)
        if answer is None:
            continue
        record = _record(answer)
        keys = checked.signer.keys_named(record.key_id) if record is not None and record.key_id is not None else ()
        artifacts = checked.log.store.answers(checked.namespace, Resource.ARTIFACT, epoch=number)
        logged = next((item for item in artifacts if record is not None and item.sha256 == record.digest), None)
        found.append(
            Epoch(
                number=number, answer=answer, record=record, key=keys[0] if len(keys) == 1 else None, artifact=logged,
                change=checked.audit.changes.at(number),
            )
        )  # fmt: skip
    return tuple(found)


def _record(answer: StoredAnswer) -> EpochRecord | None:
    try:
        return read_epoch(answer.body, file="record")
    except VaultproofError:
        return None  # the audit has said why
