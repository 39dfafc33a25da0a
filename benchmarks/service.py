"""The service against the raw signature limit: requests a second, p99, and what an overload does.

    python -m benchmarks service  (each load takes 4 seconds; SECONDS=8 for more)

The bundle is a rehearsal of about 50 KB with about 20 signatures, posted as a zip.  The raw limit is the same
signatures, verified one after another in one process, by processor time.  Rounds are interleaved: the raw limit, the
check alone, the peak (4 connections, each asking as soon as it was answered), and ten times that peak, begun at even
distances whether or not there was an answer.  The service has its settings as they are by default; clients come from
64 addresses.  Only what is answered while requests begin counts.

Clients (`benchmarks.load`) and the service share this machine's cores, so an overload also takes from the service what
ten times as many clients cost; their processor time is printed.  So goodput is given twice: by the clock, and for each
processor second of the service, which clients do not change.  Bars: at least half of the raw limit for each core that
the service used; p99 at most 10 times the median at 80 % of the peak; goodput at 10 times the peak's load at least 0.9
of the peak, with bounded memory and recovery at once.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import vaultproof
from generator.build import build_site
from generator.rehearsal import RehearsalOptions, rehearse
from generator.sources import read_sources
from vaultproof.archive import read_zip, write_stored_zip
from vaultproof.crypto import openssl
from vaultproof.crypto.port import SignatureCheck, run_to_completion

EVIDENCE = Path(__file__).parent.parent / "evidence"
SECONDS = 4.0
ROUNDS = 5
CLIENTS = 4
AT_ONCE = 1000
"""Requests that may be open at once under overload; more are counted as not begun."""

TICKS = os.sysconf("SC_CLK_TCK")


def bundle() -> tuple[bytes, list[SignatureCheck]]:
    """The archive, and every signature that checking it verifies."""
    files = rehearse(RehearsalOptions(seed="benchmark", id="rehearsal-benchmark", members=4, sites=3))
    asked: list[SignatureCheck] = []
    original = openssl.OpenSslBackend.verify

    async def watched(self: openssl.OpenSslBackend, check: SignatureCheck) -> None:
        asked.append(check)
        await original(self, check)

    openssl.OpenSslBackend.verify = watched  # type: ignore[method-assign] # for this count alone
    try:
        report = vaultproof.check(files)
    finally:
        openssl.OpenSslBackend.verify = original  # type: ignore[method-assign] # as it was
    if report.verdict.outcome.value != "verified":
        raise SystemExit("the bundle does not verify, so nothing can be measured with it")
    return write_stored_zip(files), asked


def processor_seconds(work: Callable[[], object], rounds: int) -> float:
    """Median processor time of a call."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


@dataclass(frozen=True)
class Service:
    """The service as a process."""

    pid: int
    port: int

    def pids(self) -> list[int]:
        """It and all processes below it."""
        found, below = [], [self.pid]
        while below:
            pid = below.pop()
            found.append(pid)
            with contextlib.suppress(OSError):
                for task in os.listdir(f"/proc/{pid}/task"):
                    below += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
        return found

    def processor(self) -> dict[int, float]:
        """Processor seconds that each of them has used."""
        used = {}
        for pid in self.pids():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                used[pid] = (int(fields[11]) + int(fields[12])) / TICKS
        return used

    def memory(self) -> float:
        """MiB that all of them hold, shared pages counted once for each."""
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return total / 2**20


class Watch(threading.Thread):
    """Looks at the service while it is under load: a worker that is replaced takes its count along."""

    def __init__(self, running: Service) -> None:
        super().__init__(daemon=True)
        self.running = running
        self.over = threading.Event()
        self.first = running.processor()
        self.last = dict(self.first)
        self.memory = running.memory()

    def run(self) -> None:
        """Look, until it is over."""
        while not self.over.wait(0.2):
            self.look()

    def look(self) -> None:
        """Once."""
        self.last |= self.running.processor()
        self.memory = max(self.memory, self.running.memory())

    def seconds(self) -> float:
        """Processor seconds of all processes that there were, since the beginning."""
        return sum(self.last.values()) - sum(self.first.values())


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A load and what it cost; ``good`` are the times of good answers within ``seconds``, sorted."""

    seconds: float
    good: list[float]
    good_late: int
    told: dict[str, int]
    unbegun: int
    clients: float
    server: float
    memory: float

    @property
    def rate(self) -> float:
        """Good answers a second, by the clock."""
        return len(self.good) / self.seconds

    @property
    def each(self) -> float:
        """Processor seconds of the service for each good answer."""
        return self.server / max(1, len(self.good) + self.good_late)


@contextmanager
def service(site: Path) -> Iterator[Service]:
    """A running service."""
    environment = {**os.environ, "VAULTPROOF_SERVICE_LISTEN": "127.0.0.1:0"}
    command = [sys.executable, "-m", "vaultproof.cli", "serve", str(site), "--service"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)
    try:
        if process.stdout is None:
            raise SystemExit("no output")
        found = re.search(r":([0-9]+)/", process.stdout.readline())
        if found is None:
            raise SystemExit("the service did not start")
        yield Service(process.pid, int(found[1]))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def load(running: Service, archive: Path, seconds: float, connections: int, rate: float = 0.0) -> Measured:
    """Ask at ``rate`` requests a second, or as fast as so many ``connections`` are answered."""
    watch = Watch(running)
    watch.start()
    numbers = map(str, (running.port, archive, seconds, connections, rate))
    done = subprocess.run([sys.executable, "-m", "benchmarks.load", *numbers], stdout=subprocess.PIPE, check=True)
    watch.over.set()
    watch.join()
    watch.look()
    found = json.loads(done.stdout)
    return Measured(
        seconds=seconds, good=sorted(found["took"]), good_late=found["late"].get("200", 0), told=found["told"],
        unbegun=found["unbegun"], clients=found["processor"], server=watch.seconds(), memory=watch.memory,
    )  # fmt: skip


def p99(times: Sequence[float]) -> float:
    """The 99th percentile."""
    return times[min(len(times) - 1, int(len(times) * 0.99))]


def main() -> None:
    """Print the table."""
    seconds = float(os.environ.get("SECONDS", SECONDS))
    data, checks = bundle()
    backend = openssl.OpenSslBackend()

    def raw() -> None:
        for check in checks:
            run_to_completion(backend.verify(check))

    sources = read_sources(EVIDENCE)

    def alone() -> None:
        files = read_zip(data)
        vaultproof.check(files, trust=sources.trust, procedures=sources.procedures).to_bytes()

    print(f"\nthe service: a zip of {len(data)} bytes with {len(checks)} signatures, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="vaultproof-service-") as folder:
        site, archive = Path(folder) / "site", Path(folder) / "bundle.zip"
        build_site(evidence=EVIDENCE, out=site)
        archive.write_bytes(data)
        with service(site) as running:
            load(running, archive, 2, CLIENTS)
            rounds = [Round.run(running, archive, seconds, raw, alone) for _ in range(ROUNDS)]
            tell(rounds)
            peak = statistics.median(item.peak.rate for item in rounds)
            steady = load(running, archive, seconds, 256, 0.8 * peak).good
            print(f"  at 80 %: median {statistics.median(steady) * 1e3:.0f} ms, p99 {p99(steady) * 1e3:.0f} ms, ratio"
                  f" {p99(steady) / statistics.median(steady):.1f} (bar: <= 10)")  # fmt: skip


@dataclass(frozen=True)
class Round:
    """The raw limit and the check alone (processor seconds), the peak, ten times that, and the first request after."""

    raw: float
    alone: float
    peak: Measured
    over: Measured
    after: tuple[int, float]

    @classmethod
    def run(
        cls, running: Service, archive: Path, seconds: float, raw: Callable[[], None], alone: Callable[[], None]
    ) -> Round:
        """Measure one after another, so that all share what else this machine is doing."""
        limit, check = processor_seconds(raw, 15), processor_seconds(alone, 7)
        peak = load(running, archive, seconds, CLIENTS)
        over = load(running, archive, seconds, AT_ONCE, 10 * peak.rate)
        return cls(limit, check, peak, over, one(running.port, archive.read_bytes()))


def one(port: int, body: bytes) -> tuple[int, float]:
    """A single request: its status, and how long it took."""
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/api/v1/verify", body, {"Content-Type": "application/zip"})
    status = connection.getresponse().status
    connection.close()
    return status, time.monotonic() - began


def spread(values: Sequence[float], form: str) -> str:
    """Median (minimum to maximum)."""
    return f"{statistics.median(values):{form}} ({min(values):{form}}-{max(values):{form}})"


def tell(rounds: Sequence[Round]) -> None:
    """Print what the rounds found."""
    print(f"  raw signatures {spread([item.raw * 1e3 for item in rounds], '.2f')} ms, the check alone"
          f" {spread([item.alone * 1e3 for item in rounds], '.1f')} ms, a request"
          f" {spread([item.peak.each * 1e3 for item in rounds], '.1f')} ms of processor time")  # fmt: skip
    print(f"  of the raw limit, per core: {spread([item.raw / item.peak.each for item in rounds], '.2f')} (bar: >="
          f" 0.5); of the check alone: {spread([item.alone / item.peak.each for item in rounds], '.2f')}")  # fmt: skip
    print(f"  peak {spread([item.peak.rate for item in rounds], '.1f')} requests/s with {CLIENTS} connections")
    print(f"  at 10 times, of the peak: {spread([item.over.rate / item.peak.rate for item in rounds], '.2f')} by the"
          f" clock, {spread([item.peak.each / item.over.each for item in rounds], '.2f')} for each processor second of"
          " the service (bar: >= 0.9)")  # fmt: skip
    for item in rounds:
        over, asked = item.over, 10 * item.peak.rate
        print(f"    asked {asked:.0f}/s, answers {over.told}, {over.unbegun} not begun; processor seconds:"
              f" clients {over.clients:.2f}, service {over.server:.2f}; memory {item.peak.memory:.0f} to"
              f" {over.memory:.0f} MiB; then {item.after[0]} in {item.after[1] * 1e3:.0f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
