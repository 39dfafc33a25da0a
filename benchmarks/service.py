"""The service against the raw signature limit: requests a second, p99, and what an overload does.

    python -m benchmarks service [SECONDS]

The bundle is a rehearsal of about 50 KB with about 20 signatures, posted as a zip.  The raw limit is the same
signatures, verified one after another in one process, by processor time; it is measured before and after each load, in
the same run.  Bars: at least half of the raw limit for each core that the service and its workers used; p99 at most 10
times the median at 80 % of the peak; goodput at 10 times the peak's load at least 0.9 of the peak, with bounded memory
and recovery at once.

Clients are processes of their own on the same machine, so they take processor time from the service: rates by wall
time are lower than a service with its cores for itself would reach.  What a request costs the service (processor time
of all its processes) does not depend on that, so it is what the first bar is judged by.
"""

from __future__ import annotations

import contextlib
import http.client
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
SECONDS = 8.0
CLIENTS = 4
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

    def processor(self) -> float:
        """Processor seconds that all of them have used."""
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def memory(self) -> float:
        """MiB that all of them hold, shared pages counted once for each."""
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return total / 2**20


@contextmanager
def service(site: Path) -> Iterator[Service]:
    """A running service."""
    environment = {
        **os.environ, "VAULTPROOF_SERVICE_LISTEN": "127.0.0.1:0", "VAULTPROOF_SERVICE_QUEUE_PER_CLIENT": "1000",
        "VAULTPROOF_SERVICE_CONNECTIONS_PER_CLIENT": "2000", "VAULTPROOF_SERVICE_CONNECTIONS": "2000",
    }  # fmt: skip
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


CLIENT = """
import http.client, sys, time, threading
port, path = int(sys.argv[1]), sys.argv[2]
seconds, threads, rate = float(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
body = open(path, "rb").read()
end = time.monotonic() + seconds
lock = threading.Lock()
def work(number):
    due = time.monotonic() + number / max(rate, 1e-9) if rate else 0
    while time.monotonic() < end:
        if rate:
            wait = due - time.monotonic()
            if wait > 0: time.sleep(wait)
            start, due = due, due + threads / rate
            if time.monotonic() > end: return
        else:
            start = time.monotonic()
        status = 0
        try:
            c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            c.request("POST", "/api/v1/verify", body, {"Content-Type": "application/zip"})
            r = c.getresponse(); r.read(); status = r.status; c.close()
        except OSError:
            pass
        with lock: print(status, time.monotonic() - start)
ts = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
[t.start() for t in ts]; [t.join() for t in ts]
"""


def load(port: int, archive: Path, seconds: float, clients: int, rate: float = 0.0) -> list[tuple[int, float]]:
    """Answers (status, seconds) to ``clients`` at once; ``rate`` requests a second in all, or as fast as they can."""
    command = [sys.executable, "-c", CLIENT, str(port), str(archive), str(seconds), str(clients), str(rate)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [(int(status), float(took)) for status, took in (line.split() for line in done.stdout.splitlines())]


def good(answers: Sequence[tuple[int, float]]) -> list[float]:
    """How long the answered ones took, sorted."""
    return sorted(took for status, took in answers if status == 200)


def p99(times: Sequence[float]) -> float:
    """The 99th percentile."""
    return times[min(len(times) - 1, int(len(times) * 0.99))]


def main() -> None:
    """Print the table."""
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2].replace(".", "").isdigit() else SECONDS
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
            load(running.port, archive, 2, CLIENTS)
            shares, costs, rates = [], [], []
            for _ in range(5):
                limit = processor_seconds(raw, 15)
                before, start = running.processor(), time.monotonic()
                answers = good(load(running.port, archive, seconds / 2, CLIENTS))
                cost = (running.processor() - before) / max(1, len(answers))
                rates.append(len(answers) / (time.monotonic() - start))
                costs.append(cost)
                shares.append(limit / cost)
            check = processor_seconds(alone, 7)
            peak = statistics.median(rates)
            print(f"  raw signatures {limit * 1e3:.2f} ms, the check alone {check * 1e3:.1f} ms,"
                  f" a request {statistics.median(costs) * 1e3:.1f} ms of processor time")  # fmt: skip
            print(f"  of the raw limit, per core: {statistics.median(shares):.2f} ({min(shares):.2f}-{max(shares):.2f})"
                  f" (bar: >= 0.5); of the check alone: {check / statistics.median(costs):.2f}")  # fmt: skip
            print(f"  peak {peak:.1f} requests/s ({min(rates):.1f}-{max(rates):.1f}) with {CLIENTS} clients")
            steady = good(load(running.port, archive, seconds, 32, rate=0.8 * peak))
            print(f"  at 80 %: median {statistics.median(steady) * 1e3:.0f} ms, p99 {p99(steady) * 1e3:.0f} ms, ratio"
                  f" {p99(steady) / statistics.median(steady):.1f} (bar: <= 10)")  # fmt: skip
            overload(running, archive, seconds, peak)


def overload(running: Service, archive: Path, seconds: float, peak: float) -> None:
    """Ten times as much as can be done."""
    highest = [running.memory()]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            highest.append(running.memory())

    watching = threading.Thread(target=watch)
    watching.start()
    start = time.monotonic()
    answers = load(running.port, archive, seconds, 128, rate=10 * peak)
    took = time.monotonic() - start
    over.set()
    watching.join()
    told = {status: sum(1 for found, _ in answers if found == status) for status, _ in answers}
    goodput = len(good(answers)) / took
    print(f"  at 10 times: goodput {goodput:.1f}/s, {goodput / peak:.2f} of the peak (bar: >= 0.9); answers {told};"
          f" memory {highest[0]:.0f} to {max(highest):.0f} MiB")  # fmt: skip
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    connection.request("POST", "/api/v1/verify", archive.read_bytes(), {"Content-Type": "application/zip"})
    status = connection.getresponse().status
    print(f"  the next request after that: {status} in {(time.monotonic() - began) * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
