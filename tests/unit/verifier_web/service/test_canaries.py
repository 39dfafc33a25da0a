"""Planted canaries: of an upload nothing rests on disk, in logs, in another answer, or in any process' memory.

What is held, exactly: the text of a canary that stood in an upload is in no file that the service has open or that was
made or changed in the folders it could write to, in nothing that it printed, in no later answer, and, once its own
answer was read, in no memory of the serving process, of the zygote or of a worker.  The kernel's own buffers (sockets)
are not looked at: no process can read them.  The memory part needs glibc, which overwrites what is freed.
"""

from __future__ import annotations

import base64
import http.client
import os
import platform
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import served
from tests.cases import harness
from vaultproof.archive import write_stored_zip
from vaultproof.evidence.manifest import make_manifest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="looks at processes through /proc"),
]

UPLOADS = int(os.environ.get("VAULTPROOF_CANARIES", "150"))
FILES = harness.tree(harness.EVIDENCE / "deployments" / served.DEPLOYMENTS[0])
CANARY = re.compile(rb"canary-[0-9a-f]{16}-bird")


def canary(number: int) -> bytes:
    # Put together here, so that the whole text stands in no source file.
    return b"-".join((b"canary", b"%016x" % (number * 0x9E3779B97F4A7C15 % 2**64), b"bird"))


def in_certificate(chain: bytes, bird: bytes) -> bytes:
    """A chain whose first certificate has the canary in a name: it is read as one before its signature fails."""
    first = re.search(rb"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", chain, re.DOTALL)
    assert first is not None
    # A text (UTF8String or PrintableString) that is at least as long: its length stands before it.
    text = rb"([\x0c\x13][\x%02x-\x7f])[ -~]{%d}" % (len(bird), len(bird))
    data, count = re.subn(text, lambda found: found[1] + bird, base64.b64decode(first[1]), count=1)
    assert count == 1
    return chain.replace(first[1], b"\n" + b"\n".join(re.findall(rb".{1,64}", base64.b64encode(data))) + b"\n", 1)


def planted(number: int) -> tuple[bytes, str]:
    """An upload with its canary in places of several kinds (names, JSON, text, bytes), and its media type."""
    bird = canary(number)
    files = dict(FILES)
    files["documents/note.txt"] = bird * 3
    files[f"documents/{bird.decode()}.bin"] = bytes(5000) + bird
    chain = "attestations/hsm-01/chain.pem"
    files[chain] = in_certificate(files[chain], bird)
    files["statement.md"] += b"\n\n" + bird
    files["deployment.json"] = files["deployment.json"].replace(b'"title": "', b'"title": "' + bird + b" ", 1)
    assert bird in files["deployment.json"]
    files["manifest.json"] = make_manifest(served.DEPLOYMENTS[0], files).to_bytes()
    if number % 3 == 0:
        return served.form_of_files(files), served.FORM
    archive = write_stored_zip(files)
    if number % 3 == 1:
        archive = archive[:-3]  # a refusal, whose message could quote it
    return archive, "application/zip"


@dataclass(frozen=True)
class Running:
    """The service as a process, the folder it may write to, and where it prints."""

    process: subprocess.Popen[bytes]
    port: int
    folder: Path
    printed: Path

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> bytes:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, body, {"Content-Type": kind} if kind else {})
            response = connection.getresponse()
            assert response.status < 500
            return response.read()

    def pids(self) -> list[int]:
        """The service and all processes below it."""
        found, below = [], [self.process.pid]
        while below:
            pid = below.pop()
            found.append(pid)
            with suppress(OSError):
                for task in os.listdir(f"/proc/{pid}/task"):
                    below += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
        return found


@contextmanager
def service(site: Path, folder: Path) -> Iterator[Running]:
    folder.mkdir()
    printed = folder / "printed.txt"
    environment = {
        **os.environ, "TMPDIR": str(folder), "TMP": str(folder), "TEMP": str(folder), "HOME": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1", "VAULTPROOF_SERVICE_LISTEN": "127.0.0.1:0", "VAULTPROOF_SERVICE_WORKERS": "2",
        "VAULTPROOF_SERVICE_CHECK_SECONDS": "60",
    }  # fmt: skip
    with printed.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "vaultproof.cli", "serve", str(site), "--service"],
            stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=folder,
        )  # fmt: skip
    try:
        end = time.monotonic() + 60
        while not (found := re.search(rb"http://127\.0\.0\.1:([0-9]+)/", printed.read_bytes())):
            assert process.poll() is None, printed.read_text()
            assert time.monotonic() < end
            time.sleep(0.05)
        yield Running(process, int(found[1]), folder, printed)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def in_memory(pid: int) -> set[bytes]:
    """Every canary in the memory of a process, as far as it can be read."""
    found: set[bytes] = set()
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            tail = b""
            while start < end:
                try:
                    memory.seek(start)
                    piece = memory.read(min(end - start, 1 << 20))
                except OSError:
                    break
                if not piece:
                    break
                found |= set(CANARY.findall(tail + piece))
                tail, start = piece[-64:], start + len(piece)
    return found


def on_disk(folder: Path) -> set[bytes]:
    found: set[bytes] = set()
    for path in folder.rglob("*"):
        found |= set(CANARY.findall(os.fsencode(path)))
        if path.is_file():
            found |= set(CANARY.findall(path.read_bytes()))
    return found


def open_files(pids: list[int], known: set[str]) -> set[str]:
    """Plain files that the processes have open beside those that are known; deleted ones too."""
    found = set()
    for pid in pids:
        with suppress(OSError):
            for name in os.listdir(f"/proc/{pid}/fd"):
                with suppress(OSError):
                    target = os.readlink(f"/proc/{pid}/fd/{name}")
                    if target.startswith(("/memfd", "/")) and not target.startswith(("/dev/", "/proc/")):
                        found.add(target)
    return found - known


def test_the_memory_reader_sees_a_canary(tmp_path: Path) -> None:
    program = "import sys; x = '-'.join(['canary', '0' * 16, 'bird']).encode(); print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert in_memory(child.pid) == {canary(0)}


def test_nothing_of_an_upload_rests_anywhere(site: Path, tmp_path: Path) -> None:
    with service(site, tmp_path / "world") as running:
        known = open_files(running.pids(), set())
        told, earlier = 0, set[bytes]()
        for number in range(1, UPLOADS + 1):
            body, kind = planted(number)
            answer = running.ask("POST", "/verify" if number % 2 else "/api/v1/verify", body, kind)
            birds = set(CANARY.findall(answer))
            assert birds <= {canary(number)}, "an answer tells of another upload"
            told += bool(birds)
            earlier.add(canary(number))
            if number % 10 == 5:  # not after the last one: what it leaves must not be pushed out by another
                assert open_files(running.pids(), known) == set()
                assert not CANARY.search(running.ask("GET", f"/verify/{served.DEPLOYMENTS[0]}"))
                assert not CANARY.search(running.ask("GET", "/metrics"))
        assert told > UPLOADS // 4  # the answers do speak of what was sent: the search would see it elsewhere
        assert on_disk(running.folder) == set()
        assert sorted(path.name for path in running.folder.rglob("*")) == ["printed.txt"]
        if platform.libc_ver()[0] == "glibc":
            time.sleep(0.5)
            left = {pid: in_memory(pid) for pid in running.pids()}
            assert len(left) >= 4
            assert {pid: birds for pid, birds in left.items() if birds} == {}
        printed = running.printed
    assert printed.read_text().splitlines()[-1] == "vaultproof: stopped"
    assert not CANARY.search(printed.read_bytes())
    assert len(earlier) == UPLOADS
