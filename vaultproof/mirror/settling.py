"""Which answer stands for an epoch, where somebody's copy brought one that does not hold.

The first answer of an epoch is its record for good, unless it was brought, and does not hold: then one that holds takes
its place, or else one that the log itself gave.  Where the log itself says that there is no such epoch, none stands for
it.  What was brought stays, beside; what the log gave is never displaced.
"""

from __future__ import annotations

from vaultproof.crypto.port import Backend, run_to_completion
from vaultproof.mirror.answer import StoredAnswer
from vaultproof.mirror.store import Store
from vaultproof.signer_log.rivals import held_record
from vaultproof.signer_log.walk import Expected


def settle(store: Store, expected: Expected, backend: Backend) -> None:
    """Let the right answer stand for each epoch of the namespace.  Costs little where nothing is contested."""
    work = _Settling(store, expected, backend)
    work.take_back()
    work.replace()
    work.set_aside()


class _Settling:
    def __init__(self, store: Store, expected: Expected, backend: Backend) -> None:
        self._store, self._expected, self._backend = store, expected, backend
        self._namespace = expected.namespace

    def take_back(self) -> None:
        """What was set aside stands again where it holds under these pins, or where the log itself gave it since."""
        for answer in self._store.answers_aside(self._namespace):
            if answer.fetched or self._holds(answer):
                self._store.stand(answer)

    def replace(self) -> None:
        for epoch in self._store.contested_epochs(self._namespace):
            record = self._store.record_answer(self._namespace, epoch)
            if record is None or self._holds(record):
                continue
            better = self._better(epoch)
            if better is not None:
                self._store.stand(better)

    def _better(self, epoch: int) -> StoredAnswer | None:
        given: StoredAnswer | None = None
        for rival in self._store.rivals_of(self._namespace, epoch):
            if self._holds(rival):
                return rival
            if rival.fetched and given is None:
                given = rival
        return given

    def set_aside(self) -> None:
        for denial in self._store.denied_records(self._namespace):
            if denial.epoch is None or not denial.fetched or not self._store.was_brought(self._namespace, denial.epoch):
                continue
            record = self._store.record_answer(self._namespace, denial.epoch)
            if record is not None and not self._holds(record):
                self._store.set_aside(record)

    def _holds(self, answer: StoredAnswer) -> bool:
        epoch = answer.epoch or 0
        return run_to_completion(held_record(epoch, answer.body, self._expected, self._backend)) is not None
