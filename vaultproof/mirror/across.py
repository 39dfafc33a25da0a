"""What only a store can tell of records across a whole log: a digest used twice, a record that was taken back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from vaultproof.crypto.port import Backend, run_to_completion
from vaultproof.mirror.beside import denied_at
from vaultproof.mirror.provenance import Provenance
from vaultproof.report import Origin
from vaultproof.signer_log.findings import LogFinding
from vaultproof.signer_log.rivals import held_record
from vaultproof.signer_log.walk import Expected
from vaultproof.steps.base import shown

MOST_SHOWN = 20
"""Epochs of one digest that are named: two are enough."""


class Across:
    """Looks over all records of a namespace, and tells of those that hold."""

    def __init__(self, store: Provenance, expected: Expected, backend: Backend) -> None:
        self._store, self._expected, self._backend = store, expected, backend
        self._namespace = expected.namespace

    def reused(self, walked: tuple[int, int] | None, *, continued: bool) -> Iterator[LogFinding]:
        """A finding for each digest of two records that hold; ``continued``: where one of them is in ``walked``.

        Before these, nothing was used twice.
        """
        for digest in self._repeated(walked) if continued else self._store.digests_twice(self._namespace):
            # What does not hold counts for nothing, or a copy could bring so much of it that these two are not seen.
            epochs = (epoch for epoch in self._store.epochs_of_digest(self._namespace, digest) if self._holds(epoch))
            held = list(islice(epochs, MOST_SHOWN))
            if len(held) > 1:
                fact = shown("digest-reused", ", ".join(map(str, held)), Origin.INDEPENDENT_SIGNER)
                yield LogFinding(code="record-digest-reused", namespace=self._namespace, epoch=held[1],
                                 subject=digest.hex(), facts=(fact,))  # fmt: skip

    def _repeated(self, walked: tuple[int, int] | None) -> Iterator[bytes]:
        """Each digest, once, of a record in ``walked`` that an earlier record has too."""
        for epoch in range(walked[0], walked[1] + 1) if walked is not None else ():
            before = self._store.digest_before(self._namespace, epoch)
            if before is not None and (before[1] < (walked or (0, 0))[0] or before[0] == before[1]):
                digest = self._store.digest_of(self._namespace, epoch)
                if digest is not None:
                    yield digest

    def withdrawn(self) -> Iterator[LogFinding]:
        """A finding for each record of which the log's newest word is that there is no such epoch."""
        for denial in self._store.denied_records(self._namespace):
            epoch = denial.epoch or 0
            if not self._store.was_brought(self._namespace, epoch) or self._holds(epoch):
                yield LogFinding(code="record-withdrawn", namespace=self._namespace, epoch=epoch,
                                 facts=(denied_at(denial),))  # fmt: skip

    def _holds(self, epoch: int) -> bool:
        answer = self._store.record_answer(self._namespace, epoch)
        held = None if answer is None else held_record(epoch, answer.body, self._expected, self._backend)
        return held is not None and run_to_completion(held) is not None
