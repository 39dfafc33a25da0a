"""The server over real connections: caps at their edges, slow clients, refusals that can be heard, a gentle end."""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from generator.folders import templates_folder
from tests import served
from tests.cases import harness
from vaultproof.archive import write_stored_zip
from verifier_web.service.application import create_app
from verifier_web.service.configuration import Configuration
from verifier_web.service.frames import Frame
from verifier_web.service.metrics import Metrics
from verifier_web.service.pool import Gone, never
from verifier_web.service.problems import busy
from verifier_web.service.receiving import Ledger
from verifier_web.service.server import Server

ARCHIVE = write_stored_zip(harness.tree(harness.EVIDENCE / "deployments" / served.DEPLOYMENTS[0]))
ZIP = {"Content-Type": "application/zip"}


@dataclass
class Gate:
    """A runner that answers when it is let: to have requests under way for as long as a test needs."""

    checker: Any
    entered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    let: threading.Event = field(default_factory=threading.Event)

    def run(self, job: Frame, client: str, gone: Gone = never) -> Iterator[Frame]:
        """The frames of an answer, once the gate is open."""
        self.entered.release()
        assert self.let.wait(20)
        frames: list[Frame] = []
        self.checker.run(job, frames.append)
        yield from frames


def small(site: Path, **caps: Any) -> Configuration:
    return replace(Configuration(site=site, listen="127.0.0.1:0"), **caps)


@pytest.fixture
def start(site: Path) -> Iterator[Callable[..., tuple[Server, Metrics]]]:
    """Start a server with these caps; all end with the test."""
    running = []

    def run(**caps: Any) -> tuple[Server, Metrics]:
        configuration, metrics = small(site, **caps), Metrics()
        context = served.running(served.application(configuration), configuration, metrics=metrics)
        running.append(context)
        return context.__enter__(), metrics

    yield run
    for context in running:
        context.__exit__(None, None, None)


def connect(server: Server) -> socket.socket:
    return socket.create_connection((server.effective_host, int(server.effective_port)), timeout=20)


def raw(server: Server, data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send these bytes and read one answer."""
    with connect(server) as connection:
        connection.sendall(data)
        return answer(connection)


def answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


def post(server: Server, body: bytes, path: str = "/api/v1/verify", **headers: str) -> tuple[int, dict[str, Any]]:
    with closing(
        http.client.HTTPConnection(server.effective_host, int(server.effective_port), timeout=20)
    ) as connection:
        connection.request("POST", path, body, {**ZIP, **headers})
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if path.startswith("/api") else {"text": text.decode()}


def chunked(body: bytes, size: int = 1000) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


HEAD = b"POST /api/v1/verify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/zip\r\n"


def test_the_cap_of_a_body_holds_at_its_edge(start: Callable[..., tuple[Server, Metrics]]) -> None:
    server, _ = start(upload_bytes=len(ARCHIVE))
    assert post(server, ARCHIVE)[0] == 200
    status, problem = post(server, ARCHIVE + b"x")
    assert (status, problem["code"], problem["expected"]) == (413, "upload-too-large", f"<= {len(ARCHIVE)} B")
    status, page = post(server, ARCHIVE + b"x", "/verify")
    assert status == 413
    assert ">upload-too-large<" in page["text"]
    assert server.ledger.held == 0


def test_the_cap_holds_for_bodies_in_pieces_too(start: Callable[..., tuple[Server, Metrics]]) -> None:
    server, _ = start(upload_bytes=len(ARCHIVE))
    head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    assert raw(server, head + chunked(ARCHIVE))[0] == 200
    status, _, body = raw(server, head + chunked(ARCHIVE + b"x"))
    assert (status, json.loads(body)["code"]) == (413, "upload-too-large")
    assert server.ledger.held == 0


def test_a_client_that_asks_first_is_told_before_it_sends(start: Callable[..., tuple[Server, Metrics]]) -> None:
    server, _ = start(upload_bytes=1000)
    with connect(server) as connection:
        connection.sendall(HEAD + b"Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n")
        status, _, body = answer(connection)
    assert (status, json.loads(body)["code"]) == (413, "upload-too-large")


def test_much_that_is_too_large_is_read_and_dropped_so_that_the_client_hears_why(
    start: Callable[..., tuple[Server, Metrics]],
) -> None:
    server, _ = start(upload_bytes=1000)
    assert post(server, bytes(8 * 1024 * 1024))[1]["code"] == "upload-too-large"
    assert server.ledger.held == 0


def test_all_uploads_together_have_a_budget(start: Callable[..., tuple[Server, Metrics]]) -> None:
    server, metrics = start(upload_bytes=1000, uploads_in_memory_bytes=2000)
    with connect(server) as one, connect(server) as other:
        for connection in (one, other):
            connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n" + b"x" * 999)
        until(lambda: server.ledger.held == 2000)
        status, problem = post(server, b"x" * 10)
        assert (status, problem["code"], problem["retry_after"]) == (503, "busy", 1)
    until(lambda: server.ledger.held == 0)
    assert post(server, b"x" * 10)[1]["code"] == "not-a-zip"
    assert 'vaultproof_turned_away_total{reason="memory"} 1' in metrics.text({})


def test_the_ledger_is_exact() -> None:
    ledger = Ledger(10)
    assert ledger.take(10)
    assert not ledger.take(1)
    ledger.give_back(1)
    assert ledger.take(1)


def test_nothing_but_checks_takes_a_body(start: Callable[..., tuple[Server, Metrics]]) -> None:
    server, _ = start()
    assert post(server, b"x", "/api/v1/deployments")[1]["code"] == "body"
    status, _, body = raw(server, b"GET /api/v1/verify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx")
    assert (status, json.loads(body)["code"]) == (413, "body")


def test_the_cap_of_a_head_holds(start: Callable[..., tuple[Server, Metrics]]) -> None:
    server, _ = start(head_bytes=2048)
    status, headers, body = raw(server, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1900 + b"\r\n\r\n")
    assert (status, body) == (200, b"alive\n")
    status, headers, _ = raw(server, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 2100 + b"\r\n\r\n")
    assert status == 431
    long = b"GET /api/v1/fleet-keys?key=" + b"a" * 4000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"
    status, _, body = raw(server, long)
    assert (status, json.loads(body)["code"]) == (431, "head-too-large")
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET /api/v1/x HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /verify HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (b"POST /verify HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400),
    ],
)
def test_what_is_no_request_is_answered_in_our_form(
    data: bytes, status: int, start: Callable[..., tuple[Server, Metrics]], capfd: pytest.CaptureFixture[str]
) -> None:
    server, _ = start()
    found, headers, body = raw(server, data)
    assert found == status
    assert headers["content-type"] in ("text/html; charset=utf-8", "application/problem+json")
    assert headers["connection"] == "close"
    assert b"Traceback" not in body
    assert b"waitress" not in body.lower()
    assert capfd.readouterr() == ("", "")


def test_a_client_that_drips_is_cut_off_by_the_time_of_the_whole(start: Callable[..., tuple[Server, Metrics]]) -> None:
    server, metrics = start(receive_seconds=1)
    with connect(server) as connection:
        connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n")
        began = time.monotonic()
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.1):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        status, _, body = answer(connection)
        stop.set()
        dripping.join()
    assert (status, json.loads(body)["code"]) == (408, "too-slow")
    assert time.monotonic() - began < 5
    assert 'vaultproof_turned_away_total{reason="slow"} 1' in metrics.text({})
    assert server.ledger.held == 0


def test_a_client_that_drips_its_head_is_cut_off_too(start: Callable[..., tuple[Server, Metrics]]) -> None:
    server, _ = start(receive_seconds=1)
    assert raw(server, b"GET / HT")[0] == 408


def test_a_connection_with_nothing_asked_is_closed(start: Callable[..., tuple[Server, Metrics]]) -> None:
    server, _ = start(idle_seconds=1)
    with connect(server) as connection:
        assert connection.recv(1) == b""


def test_a_client_that_takes_nothing_is_left(start: Callable[..., tuple[Server, Metrics]], site: Path) -> None:
    server, metrics = start(send_seconds=1)
    large = "/" + max(site.rglob("*.zip"), key=lambda path: path.stat().st_size).relative_to(site).as_posix()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        connection.connect((server.effective_host, int(server.effective_port)))
        asked = f"GET {large} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        connection.sendall(asked * 200)
        until(lambda: 'reason="slow"} 0' not in metrics.text({}), seconds=15)


def test_one_client_has_so_many_connections(start: Callable[..., tuple[Server, Metrics]]) -> None:
    server, _ = start(connections_per_client=3, connections=100)
    held = [connect(server) for _ in range(3)]
    try:
        for connection in held:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert answer(connection)[0] == 200
        with connect(server) as more:
            more.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
                answer(more)
    finally:
        for connection in held:
            connection.close()


def test_all_addresses_of_an_ipv6_subscriber_are_one_client(start: Callable[..., tuple[Server, Metrics]]) -> None:
    server, _ = start(connections_per_client=3, connections=100)
    for number in range(4):
        server.counted(f"2001:db8:1:2::{number}", 1)
    assert server.too_many_of("2001:db8:1:2:ffff::9")
    assert not server.too_many_of("2001:db8:1:3::9")
    server.counted("2001:db8:1:2::3", -1)
    assert not server.too_many_of("2001:db8:1:2::1")


def test_no_body_touches_a_disk_however_large(start: Callable[..., tuple[Server, Metrics]]) -> None:
    """Waitress' own threshold is half a megabyte: the server's open files are watched while more than that waits."""
    server, _ = start(receive_seconds=20)
    before = open_files()
    with connect(server) as connection:
        connection.sendall(HEAD + b"Content-Length: 4000001\r\n\r\n" + bytes(4_000_000))
        until(lambda: any(channel.request is not None and channel.request.body_bytes_received == 4_000_000
                          for channel in list(server.active_channels.values())))  # fmt: skip
        assert open_files() == before


def open_files() -> set[str]:
    """The plain files that this process has open, those without a name too."""
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            continue
        if target.startswith("/") and not target.startswith(("/dev", "/proc", "/sys")):
            found.add(target)
    return found


def test_when_everything_is_at_work_a_check_is_refused_before_it_is_read(site: Path) -> None:
    configuration, metrics = small(site), Metrics()
    app = served.application(configuration)
    with served.running(app, configuration, metrics=metrics, refuses=lambda client: busy(7)) as server:
        status, headers, body = raw(server, HEAD + b"Content-Length: %d\r\n\r\n" % len(ARCHIVE) + ARCHIVE)
        assert (status, headers["retry-after"], json.loads(body)["code"]) == (503, "7", "busy")
        status, page = post(server, ARCHIVE, "/verify")
        assert status == 503
        assert "try again in 7 s" in page["text"]
        assert "Nothing was found wrong" in page["text"]
        assert raw(server, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")[0] == 200
    assert server.ledger.held == 0


def test_a_gentle_end_lets_running_requests_end_and_takes_no_more(site: Path) -> None:
    configuration = small(site)
    gate = Gate(checker=served.checker(configuration))
    app = create_app(configuration, gate, templates=templates_folder())
    with served.running(app, configuration) as server:
        with connect(server) as idle, connect(server) as connection:
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(ARCHIVE) + ARCHIVE)
            assert gate.entered.acquire(timeout=10)
            server.stop()
            assert idle.recv(1) == b""
            until(lambda: not accepts(server))
            gate.let.set()
            status, _, body = answer(connection)
        assert (status, json.loads(body)["verdict"]["outcome"]) == (200, "verified")


def test_an_end_that_is_noticed_early_closes_nothing_too_soon(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop may see by itself that it is to end, before it is woken for that."""
    configuration = small(site)
    with served.running(served.application(configuration), configuration) as server:
        wake = server.pull_trigger

        def slowly() -> None:
            wake()
            time.sleep(0.5)  # the loop is awake, finds ``stopping`` set, and has nothing left to wait for
            wake()

        monkeypatch.setattr(server, "pull_trigger", slowly)
        server.stop()


def test_a_client_that_leaves_is_seen_while_its_check_waits(site: Path) -> None:
    configuration = small(site)
    seen: list[bool] = []

    class Watching(Gate):
        """Notes whether its client is gone once the gate is open."""

        def run(self, job: Frame, client: str, gone: Gone = never) -> Iterator[Frame]:
            """Nothing, as there is nobody left."""
            self.entered.release()
            assert self.let.wait(20)
            until(gone)
            seen.append(gone())
            yield from ()

    gate = Watching(checker=served.checker(configuration))
    app = create_app(configuration, gate, templates=templates_folder())
    with served.running(app, configuration) as server:
        with connect(server) as connection:
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(ARCHIVE) + ARCHIVE)
            assert gate.entered.acquire(timeout=10)
        gate.let.set()
        until(lambda: bool(seen))
    assert seen == [True]


def accepts(server: Server) -> bool:
    try:
        with socket.create_connection((server.effective_host, int(server.effective_port)), timeout=1):
            return True
    except OSError:
        return False


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
