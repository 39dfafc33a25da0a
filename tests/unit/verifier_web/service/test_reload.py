"""A changed trust configuration is read anew without a restart; what runs ends by the old one."""

from __future__ import annotations

import base64
import html
import http.client
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from generator.folders import templates_folder
from tests import served
from tests.cases import harness
from vaultproof.archive import write_stored_zip
from verifier_web.service.configuration import Configuration
from verifier_web.service.frames import Frame
from verifier_web.service.metrics import Metrics
from verifier_web.service.pool import Pool
from verifier_web.service.zygote import ZygoteError

pytestmark = pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="looks at processes through /proc")

ARCHIVE = write_stored_zip(harness.tree(harness.EVIDENCE / "deployments" / served.DEPLOYMENTS[0]))


def job(answer: str = "report") -> Frame:
    values = {
        "source": "upload", "answer": answer, "content_type": "application/zip", "root": "",
        "assets": {"stylesheet": "s", "icon": "i"},
    }  # fmt: skip
    return Frame("check", values, ARCHIVE)


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    """A trust configuration that a test may change."""
    return Path(shutil.copytree(harness.EVIDENCE / "trust", tmp_path / "trust"))


def change(trust: Path) -> None:
    """Another configuration of the same meaning: its bytes differ, so its digest does."""
    file = trust / "rehearsal/trust.json"
    file.write_bytes(json.dumps(json.loads(file.read_bytes()), indent=3).encode("utf-8"))


@contextmanager
def pool_of(site: Path, trust: Path, workers: int = 2) -> Iterator[Pool]:
    pool = Pool(Configuration(site=site, workers=workers, trust=trust), templates_folder(), Metrics())
    try:
        yield pool
    finally:
        pool.close()


def trust_digest(frame: Frame) -> str:
    return str(json.loads(bytes(frame.body))["trust_digest"])


def check(pool: Pool) -> str:
    return trust_digest(list(pool.run(job(), "a"))[-1])


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_change_takes_hold_when_it_is_asked_for(site: Path, trust: Path) -> None:
    with pool_of(site, trust) as pool:
        before, pids = check(pool), set(pool.pids)
        change(trust)
        assert {check(pool) for _ in range(4)} == {before}
        pool.renew()
        after = {check(pool) for _ in range(4)}
        assert len(after) == 1
        assert after != {before}
        assert len(pool.pids) == 2
        assert not pids & set(pool.pids)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_a_running_check_ends_by_the_old_one(site: Path, trust: Path) -> None:
    with pool_of(site, trust, workers=1) as pool:
        before, (pid,) = check(pool), pool.pids
        frames = pool.run(job("page"), "a")
        assert next(frames).kind == "opened"
        change(trust)
        pool.renew()
        assert pid in pool.pids
        rest = list(frames)
        assert rest[-1].kind == "done"
        link = re.search(rb'href="data:application/json;base64,([^"]+)"', bytes(rest[-1].body))
        assert link is not None
        assert json.loads(base64.b64decode(html.unescape(link[1].decode())))["trust_digest"] == before
        until(lambda: pid not in pool.pids)
        assert check(pool) != before
        assert len(pool.pids) == 1


def test_what_cannot_be_read_changes_nothing(site: Path, trust: Path) -> None:
    with pool_of(site, trust) as pool:
        before, pids = check(pool), pool.pids
        (trust / "trust.json").write_text("{")
        with pytest.raises(ZygoteError, match="trust configuration"):
            pool.renew()
        assert check(pool) == before
        assert pool.pids == pids


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no such signal")
def test_the_service_reads_anew_on_a_signal(site: Path, trust: Path) -> None:
    environment = {
        **os.environ, "VAULTPROOF_SERVICE_LISTEN": "127.0.0.1:0", "VAULTPROOF_SERVICE_TRUST": str(trust),
        "VAULTPROOF_SERVICE_WORKERS": "1",
    }  # fmt: skip
    command = [sys.executable, "-m", "vaultproof.cli", "serve", str(site), "--service"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, text=True)
    try:
        assert process.stdout is not None

        def line() -> str:
            assert process.stdout is not None
            assert select.select([process.stdout], [], [], 30)[0]
            return process.stdout.readline()

        found = re.search(r":([0-9]+)/", line())
        assert found is not None

        def digest() -> str:
            with closing(http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=60)) as connection:
                connection.request("POST", "/api/v1/verify", ARCHIVE, {"Content-Type": "application/zip"})
                return str(json.loads(connection.getresponse().read())["trust_digest"])

        before = digest()
        change(trust)
        process.send_signal(signal.SIGHUP)
        assert "read anew" in line()
        assert digest() != before
        (trust / "trust.json").write_text("{")
        process.send_signal(signal.SIGHUP)
        assert "stays" in line()
        assert digest() != before
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        if process.stdout is not None:
            process.stdout.close()
