"""The audit of the signer's log: a core's throughput, two processes against one, and memory over any length.

    python -m benchmarks log

Bars: >= 0.90 of the raw signature limit of the backend, per core; >= 0.75 of a loop in Rust (ed25519-dalek, strict)
over the same records, where cargo is; two processes >= 1.6 times one; memory under 100 MiB a process at 1,000,000
epochs.  For the last two, VAULTPROOF_BENCH_EPOCHS says how long the log is (40,000 if not given), and
VAULTPROOF_BENCH_LOG where it is kept from run to run: a million epochs take some minutes to sign.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from benchmarks.log_records import NAMESPACE, PUBLIC, answers, expected, fill
from benchmarks.measuring import interleaved, ratio
from vaultproof.cli.engine import backend
from vaultproof.crypto.port import run_to_completion
from vaultproof.evidence.epoch import read_epoch
from vaultproof.mirror.store import Store
from vaultproof.mirror.walking import walk
from vaultproof.signer_log.walk import Walk

EPOCHS = 5_000
LONG = 40_000
ROUNDS = 7
RUST = Path(__file__).parent / "log_rust"
BUILD_SECONDS = 600


def main() -> None:
    """Print all tables: the long log first, while no other child of this process has taken memory."""
    with tempfile.TemporaryDirectory() as folder:
        many_epochs(Path(folder), int(os.environ.get("VAULTPROOF_BENCH_EPOCHS", LONG)))
        one_core(Path(folder))


def one_core(folder: Path) -> None:
    """A walk over records, in memory and out of a mirror, against only their signatures, and against Rust."""
    lines = list(answers(1, EPOCHS))
    records = [read_epoch(body, file="audits") for _, body in lines]
    pairs = [(record.signature, record.signed_message()) for record in records]
    public, engine, path = Ed25519PublicKey.from_public_bytes(PUBLIC), backend(), fill(folder / "short.sqlite", EPOCHS)

    def raw_limit() -> None:
        verify = public.verify
        for signature, message in pairs:
            verify(signature, message)

    def in_memory() -> None:
        work = Walk(expected(), engine)
        run_to_completion(work.see(lines))
        _check(work.result().held, EPOCHS)

    def from_mirror() -> None:
        with Store.open(path) as store:
            _check(walk(store, expected(), 1, EPOCHS, engine=backend, processes=1).held, EPOCHS)

    works: dict[str, Callable[[], object]] = {
        "raw signature limit": raw_limit, "walk": in_memory, "walk over a mirror": from_mirror,
    }  # fmt: skip
    program = _rust(folder)
    if isinstance(program, Path):
        (folder / "records").write_bytes(b"\n".join(body for _, body in lines) + b"\n")
        works["Rust, ed25519-dalek, strict"] = lambda: _run_rust(program, folder / "records")
    samples = interleaved(works, rounds=ROUNDS, clock=_processor_time)
    print(f"\nsigner's log, {EPOCHS} epochs, one signature each, processor time of one core")
    for sample in samples.values():
        print("  " + sample.line(EPOCHS, "epochs"))
    for name in ("walk", "walk over a mirror"):
        print(f"  {name}: {ratio(samples, 'raw signature limit', name)} of the raw limit (bar: 0.90)")
    if isinstance(program, Path):
        over = ratio(samples, "Rust, ed25519-dalek, strict", "walk over a mirror")
        print(f"  walk over a mirror: {over} of the loop in Rust (bar: 0.75)")
        limit = ratio(samples, "Rust, ed25519-dalek, strict", "raw signature limit")
        print(f"  of which the raw signature limit of this backend is {limit}")
    else:
        print(f"  Rust: skipped, {program}")


def many_epochs(folder: Path, epochs: int) -> None:
    """One process against two over a long log, and what memory that takes."""
    path = fill(_long_mirror(folder), epochs)
    rounds = ROUNDS if epochs <= LONG else 1

    def walked(processes: int) -> None:
        with Store.open(path) as store:
            _check(walk(store, expected(), 1, epochs, engine=backend, processes=processes).held, epochs)

    works: dict[str, Callable[[], object]] = {"one process": lambda: walked(1), "two processes": lambda: walked(2)}
    if rounds == 1:
        samples = {name: _once(work) for name, work in works.items()}
        print(f"\nsigner's log, {epochs:,} epochs, wall time")
        for name, seconds in samples.items():
            print(f"  {name:<44} {seconds:9.1f} s  {epochs / seconds:10.0f} epochs/s")
        print(f"  two processes: {samples['one process'] / samples['two processes']:.2f} times one (bar: 1.6)")
    else:
        timed = interleaved(works, rounds=rounds, clock=time.perf_counter)
        print(f"\nsigner's log, {epochs:,} epochs, wall time")
        for sample in timed.values():
            print("  " + sample.line(epochs, "epochs"))
        print(f"  two processes: {ratio(timed, 'one process', 'two processes')} times one (bar: 1.6)")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    other = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"  most memory: {own:.0f} MiB in this process, {other:.0f} MiB in another (bar: 100)")
    print(f"  processors here: {os.cpu_count()}, load {os.getloadavg()[0]:.1f}")


def _long_mirror(folder: Path) -> Path:
    """Where the long log lies: VAULTPROOF_BENCH_LOG keeps one from run to run, because a million take long to sign."""
    kept = os.environ.get("VAULTPROOF_BENCH_LOG")
    return Path(kept) if kept else folder / "long.sqlite"


def _rust(folder: Path) -> Path | str:
    """The program in Rust, or why there is none."""
    if shutil.which("cargo") is None:
        return "there is no cargo here"
    source = Path(shutil.copytree(RUST, folder / "rust"))
    try:
        built = subprocess.run(
            ["cargo", "build", "--release", "--quiet"],  # noqa: S607 - the reader's own cargo
            cwd=source, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"cargo took more than {BUILD_SECONDS} s"
    if built.returncode:
        return f"cargo says: {built.stderr.strip().splitlines()[-1] if built.stderr.strip() else built.returncode}"
    return source / "target" / "release" / "log-audit"


def _run_rust(program: Path, records: Path) -> None:
    told = subprocess.run([program, records, PUBLIC.hex()], capture_output=True, text=True, check=True)
    _check(int(told.stdout), EPOCHS)


def _processor_time() -> float:
    """Of this process and of those that it has waited for, in seconds and to the microsecond."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _once(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _check(found: int, wanted: int) -> None:
    """A benchmark that walked something else than it says would say nothing."""
    if found != wanted:
        raise RuntimeError(f"{found} records of {NAMESPACE} hold, and {wanted} should")


if __name__ == "__main__":
    main()
