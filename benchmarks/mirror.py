"""The mirror of the log: does memory stay flat, and does a run's cost stay the same, however long the history?

Each phase runs in a process of its own, on a small and on a ten times larger log, and tells its peak memory.  The log
is synthetic and answers from memory: neither the network nor signatures are measured.  ``EPOCHS`` in the environment
sets the size of the larger one.
"""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from vaultproof.mirror.answer import Resource
from vaultproof.mirror.client import Absent, Answered, Outcome
from vaultproof.mirror.fetch import FetchPlan, fetch
from vaultproof.mirror.store import Store
from vaultproof.mirror.transfer import export, import_copy

NAMESPACE = "rehearsal.synthetic.v1"
LARGE = 200_000
PHASES = ("fetch", "fetch again", "read records", "look for twins", "export", "import")


class SyntheticLog:
    """A log of ``epochs`` records whose signatures are zeros; counts what it is asked."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.asked = 0

    def get(self, path: str, *, limit: int) -> Outcome:  # noqa: ARG002 - records are small
        """A record, or that there is none."""
        self.asked += 1
        number = path.rsplit("/", 1)[-1]
        if not number.isdigit() or int(number) > self.epochs:
            return Absent(url=path, body=b"not found", at=self.asked)
        digest = hashlib.sha256(number.encode()).hexdigest()
        body = (
            f'{{"version":1,"ciphersuite":1,"namespace":"{NAMESPACE}","timestamp":{1_700_000_000_000 + int(number)},'
            f'"epoch":{number},"digest":"{digest}","signature":"{"0" * 128}","key_id":1,'
            f'"serialized_message":"{"0" * 160}"}}'
        )
        return Answered(url=f"https://log.example{path}", body=body.encode(), at=self.asked)


def _run_phase(phase: str, epochs: int, folder: Path) -> str:
    store, copy = folder / "store.sqlite", folder / "copy"
    if phase in ("fetch", "fetch again"):
        log = SyntheticLog(epochs)
        with Store.open(store, create=True) as mirror:
            outcome = fetch(log, mirror, FetchPlan(namespace=NAMESPACE, first=1))
        return f"{log.asked:,} requests" + ("" if outcome.complete else ", INCOMPLETE")
    if phase == "import":
        with Store.open(folder / "imported.sqlite", create=True) as mirror:
            return f"{import_copy(mirror, copy).new:,} answers"
    with Store.open(store) as mirror:
        if phase == "export":
            return f"{export(mirror, copy).answers:,} answers"
        if phase == "look for twins":
            gaps, twins = sum(1 for _ in mirror.gaps(NAMESPACE)), sum(1 for _ in mirror.digests_twice(NAMESPACE))
            return f"{gaps} gaps, {twins} twins"
        count = sum(1 for _ in mirror.records(NAMESPACE, 1, epochs))
        return f"{count:,} records" + ("" if mirror.latest(None, Resource.INFO) is None else ", INFO")


def _child() -> None:
    started = time.perf_counter()
    found = _run_phase(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    seconds = time.perf_counter() - started
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.1f}\t{seconds:.2f}\t{found}")


def _measure(phase: str, epochs: int, folder: Path) -> tuple[float, float, str]:
    ran = subprocess.run(  # each phase in a process of its own: its peak memory is its own
        [sys.executable, "-m", "benchmarks.mirror", phase, str(epochs), str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    memory, seconds, found = ran.stdout.rstrip("\n").split("\t")
    return float(memory), float(seconds), found


def main() -> None:
    """Print, for each phase, peak memory and time on both logs, and their ratio."""
    large = int(os.environ.get("EPOCHS", str(LARGE)))
    small = large // 10
    print(f"mirror: {small:,} epochs against {large:,}; peak memory of the process in MiB, and seconds")
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        for phase in PHASES:
            less = _measure(phase, small, Path(one))
            more = _measure(phase, large, Path(other))
            print(
                f"  {phase:15} {less[0]:6.1f} -> {more[0]:6.1f} MiB (x {more[0] / less[0]:.2f})"
                f"  {less[1]:7.2f} -> {more[1]:7.2f} s   {less[2]} -> {more[2]}",
                flush=True,
            )


if __name__ == "__main__":
    _child()
