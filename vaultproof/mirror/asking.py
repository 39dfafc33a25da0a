"""Asking for the records of epochs: one, or many with several questions under way, answered in the order asked."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from vaultproof.errors import VaultproofError
from vaultproof.evidence.epoch import EpochRecord, read_epoch
from vaultproof.mirror.answer import HTTP_NOT_FOUND, HTTP_OK, MAX_RECORD_BYTES, Answer, Resource
from vaultproof.mirror.client import Absent, Answered, Outcome, Unreachable
from vaultproof.signer_log.paths import epoch_path

TRIES = 3
"""How often an epoch is asked for while what comes does not read as a record."""
BATCH = 1_024
"""Epochs in a batch, or as many as come within ``BATCH_SECONDS``: that is what a run may lose when it is killed."""
BATCH_SECONDS = 0.1


class Asks(Protocol):
    """What asks the log: ``Client``."""

    def get(self, path: str, *, limit: int) -> Outcome:
        """What came of asking for ``path``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of asking for one epoch.

    ``answers`` are all bodies that came (200); the last of them is a record of this epoch if ``is_record``, and one of
    another epoch or namespace if ``is_misplaced``.  ``absence`` is the log's word that it has no such epoch;
    ``trouble`` is why nothing came.
    """

    epoch: int
    answers: tuple[Answer, ...] = ()
    is_record: bool = False
    is_misplaced: bool = False
    absence: Answer | None = None
    trouble: Unreachable | None = None


def kept_answer(outcome: Answered | Absent, resource: Resource, namespace: str | None, epoch: int | None) -> Answer:
    """The answer as a store keeps it."""
    return Answer(
        resource=resource, namespace=namespace, epoch=epoch, body=outcome.body, origin=outcome.url, at=outcome.at,
        status=HTTP_OK if isinstance(outcome, Answered) else HTTP_NOT_FOUND,
    )  # fmt: skip


def ask_record(client: Asks, namespace: str, epoch: int) -> Asked:
    """Ask for one epoch; again while what comes does not read as a record, for it may have been cut on the way."""
    answers: list[Answer] = []
    for _ in range(TRIES):
        outcome = client.get(epoch_path(namespace, epoch), limit=MAX_RECORD_BYTES)
        if isinstance(outcome, Unreachable):
            return Asked(epoch=epoch, answers=tuple(answers), trouble=outcome)
        answer = kept_answer(outcome, Resource.AUDIT, namespace, epoch)
        if isinstance(outcome, Absent):
            return Asked(epoch=epoch, answers=tuple(answers), absence=answer)
        answers.append(answer)
        record = _record(answer)
        if record is not None:
            good = (record.namespace, record.epoch) == (namespace, epoch)
            return Asked(epoch=epoch, answers=tuple(answers), is_record=good, is_misplaced=not good)
    return Asked(epoch=epoch, answers=tuple(answers))


def ask_many(client: Asks, namespace: str, epochs: Iterable[int], *, connections: int) -> Iterator[list[Asked]]:
    """Ask for all of ``epochs``; what came, in their order, in batches of about a tenth of a second.

    A batch ends with an epoch that was not answered, so that whoever takes them can give up in time.
    """
    batch: list[Asked] = []
    due = time.monotonic() + BATCH_SECONDS
    for asked in _in_order(client, namespace, epochs, connections):
        batch.append(asked)
        if len(batch) >= BATCH or asked.trouble is not None or time.monotonic() >= due:
            yield batch
            batch, due = [], time.monotonic() + BATCH_SECONDS
    if batch:
        yield batch


def _in_order(client: Asks, namespace: str, epochs: Iterable[int], connections: int) -> Iterator[Asked]:
    """A few are asked for at once; no more than twice as many wait, so that memory does not grow with the log."""
    under_way: deque[Future[Asked]] = deque()
    pool = ThreadPoolExecutor(connections, thread_name_prefix="log")
    try:
        for epoch in epochs:
            under_way.append(pool.submit(ask_record, client, namespace, epoch))
            if len(under_way) >= 2 * connections:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _record(answer: Answer) -> EpochRecord | None:
    try:
        return read_epoch(answer.body, file=answer.origin)
    except VaultproofError:  # it is kept all the same
        return None
