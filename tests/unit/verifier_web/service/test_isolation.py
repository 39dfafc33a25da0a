"""Worker processes: limits that the kernel holds, and a crash that is never a verdict and nobody else's."""

from __future__ import annotations

import io
import os
import re
import signal
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from generator.folders import templates_folder
from tests import served
from tests.cases import harness
from vaultproof.archive import write_stored_zip
from verifier_web.service.application import create_app
from verifier_web.service.configuration import MIB, Configuration
from verifier_web.service.frames import Frame
from verifier_web.service.metrics import Metrics
from verifier_web.service.pool import Gone, Pool, never
from verifier_web.service.problems import ProblemError
from verifier_web.service.zygote import ZygoteError

pytestmark = pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="looks at processes through /proc")

ARCHIVE = write_stored_zip(harness.tree(harness.EVIDENCE / "deployments" / served.DEPLOYMENTS[0]))


@contextmanager
def pool_of(site: Path, **caps: Any) -> Iterator[tuple[Pool, Metrics]]:
    metrics = Metrics()
    pool = Pool(replace(Configuration(site=site, workers=2), **caps), templates_folder(), metrics)
    try:
        yield pool, metrics
    finally:
        pool.close()


@pytest.fixture(scope="module")
def pool(site: Path) -> Iterator[Pool]:
    with pool_of(site) as (found, _):
        yield found


def job(body: bytes = ARCHIVE, *, answer: str = "report") -> Frame:
    values = {
        "source": "upload", "answer": answer, "content_type": "application/zip", "root": "",
        "assets": {"stylesheet": "s", "icon": "i"},
    }  # fmt: skip
    return Frame("check", values, body)


def last(pool: Pool, work: Frame | None = None) -> Frame:
    return list(pool.run(work or job(), "a"))[-1]


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def limit(pid: int, name: str) -> str:
    text = Path(f"/proc/{pid}/limits").read_text()
    found = re.search(rf"^{name} +(\S+)", text, re.MULTILINE)
    assert found
    return found[1]


def test_a_worker_gives_the_bytes_that_are_given_here(pool: Pool, site: Path) -> None:
    frame = last(pool, Frame("check", {**job().values, "at": "2026-11-22T12:00:00Z"}, ARCHIVE))
    here: list[Frame] = []
    served.checker(Configuration(site=site)).run(Frame("check", {**job().values}, ARCHIVE), here.append)
    assert bytes(frame.body) == here[-1].body
    assert frame.values["outcome"] == "verified"


def test_no_cache_outlives_a_check(site: Path) -> None:
    """Those of the core remember certificates and keys that were sent; those of the library may hold texts."""
    from vaultproof.asn1.x509 import parse_certificate
    from verifier_web.service import worker

    @lru_cache
    def made_before(text: str) -> str:
        return text

    known = worker.caches()
    served.checker(Configuration(site=site)).run(job(), lambda frame: None)

    @lru_cache
    def made_by_the_check(text: str) -> str:
        return text

    made_before("x")
    made_by_the_check("x")
    assert parse_certificate.cache_info().currsize > 0
    worker.forget(known)
    for cache in (made_before, made_by_the_check, parse_certificate):
        assert cache.cache_info().currsize == 0


def test_a_page_comes_in_parts(pool: Pool) -> None:
    kinds = [frame.kind for frame in pool.run(job(answer="page"), "a")]
    assert kinds == ["opened", *["step"] * 12, "done"]


def test_the_kernel_holds_the_limits(pool: Pool) -> None:
    for pid in pool.pids:
        assert limit(pid, "Max address space") == str(1024 * MIB)
        assert limit(pid, "Max core file size") == "0"
        assert limit(pid, "Max file size") == "0"
        assert limit(pid, "Max processes") == "0"
        assert len(os.listdir(f"/proc/{pid}/task")) == 1


def test_a_worker_holds_no_connection_but_its_own(pool: Pool) -> None:
    """Of the sockets of a worker one leads to the server; it could not answer another client if it wanted to."""
    for pid in pool.pids:
        targets = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
        assert sum(target.startswith("socket:") for target in targets) == 1


def test_a_killed_worker_loses_only_its_own_request(site: Path) -> None:
    with pool_of(site) as (pool, metrics):
        before = set(pool.pids)
        victim = min(before)
        os.kill(victim, signal.SIGSTOP)
        answers: dict[str, list[Frame]] = {}

        def ask(name: str) -> None:
            answers[name] = list(pool.run(job(), name))

        threads = [threading.Thread(target=ask, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        until(lambda: len(answers) == 1)
        assert [frames[-1].kind for frames in answers.values()] == ["done"]
        os.kill(victim, signal.SIGKILL)
        for thread in threads:
            thread.join(20)
        kinds = sorted((frames[-1].kind, frames[-1].values.get("reason")) for frames in answers.values())
        assert kinds == [("done", None), ("failed", "crash")]
        until(lambda: len(pool.pids) == 2)
        assert victim not in pool.pids
        assert len(before & set(pool.pids)) == 1
        assert last(pool).values["outcome"] == "verified"
        assert "vaultproof_workers_replaced_total 1" in metrics.text({})


def test_a_check_over_its_time_is_ended_and_says_so(site: Path) -> None:
    with pool_of(site, workers=1, check_seconds=4) as (pool, _):
        (victim,) = pool.pids
        os.kill(victim, signal.SIGSTOP)
        began = time.monotonic()
        frame = last(pool)
        assert (frame.kind, frame.values) == ("failed", {"reason": "time"})
        assert 3.9 < time.monotonic() - began < 15
        until(lambda: not Path(f"/proc/{victim}").exists())
        assert last(pool).kind == "done"


def test_a_worker_that_nobody_waits_for_ends_by_itself(site: Path) -> None:
    """The alarm that a worker sets itself, seen by taking the other side's patience away."""
    from verifier_web.service import worker

    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            while True:
                pass
        finally:
            os._exit(0)
    os.close(write)
    os.close(read)
    _, status = os.waitpid(pid, 0)
    assert os.WTERMSIG(status) == signal.SIGALRM
    assert worker.GRACE_SECONDS > 0


def test_a_check_over_its_memory_is_refused_and_says_so(site: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("manifest.json", bytes(700 * MIB))
    caps = {"check_memory_bytes": 512 * MIB, "upload_ratio": 2000, "upload_total_bytes": 1024 * MIB}
    with pool_of(site, workers=1, **caps) as (pool, _):
        frame = last(pool, job(out.getvalue()))
        assert (frame.kind, frame.values) == ("failed", {"reason": "memory"})
        assert last(pool).kind == "done"


def test_a_worker_ends_after_so_many_checks(site: Path) -> None:
    with pool_of(site, workers=1, recycle_after=2) as (pool, _):
        first = pool.pids
        assert last(pool).kind == "done"
        assert pool.pids == first
        assert last(pool).kind == "done"
        assert pool.pids != first
        assert last(pool).kind == "done"


def test_a_reader_who_leaves_takes_the_check_along(site: Path) -> None:
    with pool_of(site, workers=1) as (pool, _):
        frames = pool.run(job(answer="page"), "a")
        assert next(frames).kind == "opened"
        frames.close()  # type: ignore[attr-defined] # a generator
        assert pool.queue.at_work == 0
        assert last(pool).kind == "done"


def test_a_client_that_left_while_it_waited_costs_no_check(pool: Pool) -> None:
    assert list(pool.run(job(), "a", lambda: True)) == []
    assert pool.queue.at_work == 0
    assert last(pool).kind == "done"


def test_an_ended_zygote_is_replaced(site: Path) -> None:
    with pool_of(site, workers=1, recycle_after=1) as (pool, _):
        pool._zygote._process.kill()
        pool._zygote._process.wait()
        assert last(pool).kind == "done"
        assert last(pool).kind == "done"


def test_all_processes_end_with_the_pool(site: Path) -> None:
    with pool_of(site) as (pool, _):
        pids = pool.pids
        assert last(pool).kind == "done"
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    with pytest.raises(ProblemError):
        last(pool)


def test_a_service_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(ZygoteError, match="no built site"):
        Pool(Configuration(site=tmp_path), templates_folder(), Metrics())


@pytest.mark.parametrize(
    ("reason", "status", "code"),
    [("crash", 500, "verifier-failed"), ("time", 422, "over-check-time"), ("memory", 422, "over-check-memory")],
)
def test_no_verdict_ever_comes_of_a_failure(reason: str, status: int, code: str, site: Path) -> None:
    configuration = Configuration(site=site)
    checker = served.checker(configuration)

    class Failing:
        """Fails at once, or after a few parts of a page."""

        def __init__(self, after: int) -> None:
            self.after = after

        def run(self, work: Frame, client: str, gone: Gone = never) -> Iterator[Frame]:
            frames: list[Frame] = []
            checker.run(work, frames.append)
            yield from frames[: self.after]
            yield Frame("failed", {"reason": reason})

    def client(after: int) -> Any:
        return create_app(configuration, Failing(after), templates=templates_folder()).test_client()

    answer = client(0).post("/api/v1/verify", data=ARCHIVE, content_type="application/zip")
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert answer.get_json()["outcome"] == "could_not_check"
    page = client(0).get(f"/verify/{served.DEPLOYMENTS[0]}")
    assert page.status_code == status
    assert "Nothing was found wrong" in page.text
    half = client(4).get(f"/verify/{served.DEPLOYMENTS[0]}")
    assert half.status_code == 200
    assert half.text.count('<li class="step"') == 3
    assert "data-outcome" not in half.text
    assert "There is no verdict" in half.text
    assert half.text.count('id="verdict"') == 1
    assert half.text.endswith("</html>\n")
    assert "Operator" in half.text.split("Not run for that reason")[1]
