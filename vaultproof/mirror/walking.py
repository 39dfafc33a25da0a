"""Walking a mirrored namespace on all cores: ranges of epochs, each in a process of its own, joined in order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from vaultproof.crypto.port import Backend, run_to_completion
from vaultproof.mirror.store import Store
from vaultproof.signer_log.findings import FindingList
from vaultproof.signer_log.walk import Expected, RangeResult, Walk, join

EngineMaker = Callable[[], Backend]
"""Makes the crypto backend; a function of a module, so that another process can be told its name."""

SMALLEST_SHARE = 4_000
"""Epochs that are worth another process: starting one takes as long as walking about as many."""
LARGEST_RANGE = 20_000
"""Epochs that one task walks: progress is told after each."""


def cores() -> int:
    """How many processes can run at once here."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def ranges(first: int, last: int, *, processes: int) -> list[tuple[int, int]]:
    """The epochs from ``first`` to ``last`` in parts: several a process, so that none waits long for another."""
    total = last - first + 1
    size = max(1, min(LARGEST_RANGE, -(-total // (processes * 4))))
    return [(start, min(start + size - 1, last)) for start in range(first, last + 1, size)]


def walk(
    store: Store,
    expected: Expected,
    first: int,
    last: int,
    *,
    engine: EngineMaker,
    processes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RangeResult:
    """Walk the records from ``first`` to ``last``; what is found is the same for any number of processes.

    ``processes`` None takes as many as there are cores and work for.  ``progress`` is told how many epochs of how many
    were walked.  Raises what ``Store`` raises.
    """
    total = last - first + 1
    wanted = min(processes or cores(), max(1, total // SMALLEST_SHARE)) if processes != 1 else 1
    parts = ranges(first, last, processes=wanted)
    results = _here(store, expected, parts, engine) if wanted == 1 else _apart(store, expected, parts, engine, wanted)
    joined = RangeResult(findings=FindingList(counts={}))
    for (_, end), part in zip(parts, results, strict=True):
        joined = join(expected.namespace, joined, part)
        if progress is not None:
            progress(end - first + 1, total)
    return joined


def _here(store: Store, expected: Expected, parts: list[tuple[int, int]], engine: EngineMaker) -> Iterator[RangeResult]:
    backend = engine()
    for first, last in parts:
        yield _walk(store, expected, first, last, backend)


def _apart(
    store: Store, expected: Expected, parts: list[tuple[int, int]], engine: EngineMaker, processes: int
) -> Iterator[RangeResult]:
    # Fresh processes, not forked ones: a copy of an open database would share its file locks with the original.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_walk_in_process, store.path, expected, first, last, engine) for first, last in parts]
        try:
            for task in waiting:
                yield task.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _walk_in_process(path: Path, expected: Expected, first: int, last: int, engine: EngineMaker) -> RangeResult:
    with Store.open(path) as store:
        return _walk(store, expected, first, last, engine())


def _walk(store: Store, expected: Expected, first: int, last: int, backend: Backend) -> RangeResult:
    work = Walk(expected, backend, brought=lambda epoch: store.was_brought(expected.namespace, epoch))
    run_to_completion(work.see(store.records(expected.namespace, first, last)))
    return work.result()
