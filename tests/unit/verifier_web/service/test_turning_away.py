"""Turning a request away: at its head, before its body, without a thread, and so that the client hears why."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.folders import templates_folder
from tests import served
from verifier_web.service.application import create_app
from verifier_web.service.configuration import Configuration
from verifier_web.service.frames import Frame
from verifier_web.service.metrics import Metrics
from verifier_web.service.pool import Gone, never
from verifier_web.service.problems import Problem, busy, too_many
from verifier_web.service.server import SPARE_THREADS, Server

POST = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/zip\r\nContent-Length: %d\r\n"
SIZE = 50_000


class Unreachable:
    """A runner that must not be asked."""

    def __init__(self) -> None:
        self.asked = 0

    def run(self, job: Frame, client: str, gone: Gone = never) -> Iterator[Frame]:
        self.asked += 1
        yield Frame("failed", {"reason": "crash"})


@contextmanager
def turning_away(
    site: Path, refuses: Callable[[str], Problem | None] = lambda client: busy(7), **caps: Any
) -> Iterator[tuple[Server, Unreachable, Metrics]]:
    """A server that is at work all over, or refuses otherwise."""
    configuration = replace(Configuration(site=site, listen="127.0.0.1:0"), **caps)
    runner, metrics = Unreachable(), Metrics()
    app = create_app(configuration, runner, templates=templates_folder())
    with served.running(app, configuration, metrics=metrics, refuses=refuses) as server:
        yield server, runner, metrics


def connect(server: Server) -> socket.socket:
    return socket.create_connection((server.effective_host, int(server.effective_port)), timeout=10)


def answer(connection: socket.socket, method: str = "POST") -> tuple[int, dict[str, str], bytes]:
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def cut_off(connection: socket.socket) -> bool:
    """Whether one byte more is not taken."""
    try:
        connection.sendall(b"x")
    except OSError:
        return True
    return False


@pytest.mark.parametrize("path", [b"/api/v1/verify", b"/verify"])
def test_the_head_alone_is_answered(site: Path, path: bytes) -> None:
    with turning_away(site) as (server, runner, metrics), connect(server) as connection:
        connection.sendall(POST % (path, SIZE) + b"\r\n")
        status, headers, body = answer(connection)
        assert (status, headers["retry-after"], headers["connection"]) == (503, "7", "close")
        assert "date" in headers
        assert int(headers["content-length"]) == len(body)
        assert b"busy" in body
        assert runner.asked == 0
        assert server.ledger.held == 0
        assert 'vaultproof_requests_total{status="5xx"} 1' in metrics.text({})
        assert 'vaultproof_turned_away_total{reason="busy"} 1' in metrics.text({})


@pytest.mark.parametrize("path", [b"/verify/rehearsal-messenger-2026", b"/api/v1/deployments/x/check"])
def test_checks_without_a_body_are_turned_away_too(site: Path, path: bytes) -> None:
    with turning_away(site) as (server, runner, _), connect(server) as connection:
        connection.sendall(b"GET %s?at=2026-11-22T12:00:00Z HTTP/1.1\r\nHost: localhost\r\n\r\n" % path)
        assert answer(connection)[0] == 503
        assert runner.asked == 0


@pytest.mark.parametrize("path", [b"/verify", b"/limits", b"/api/v1/deployments", b"/", b"/healthz"])
def test_what_is_no_check_is_answered_all_the_same(site: Path, path: bytes) -> None:
    with turning_away(site) as (server, _, _), connect(server) as connection:
        connection.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path)
        assert answer(connection)[0] == 200


def test_both_forms_are_those_of_the_application(site: Path) -> None:
    with turning_away(site) as (server, _, _):
        for path in ("/api/v1/verify", "/verify"):
            with connect(server) as connection:
                connection.sendall(POST % (path.encode(), SIZE) + b"\r\n")
                status, headers, body = answer(connection)
            _, expected, text = server.refusal(busy(7), path)
            assert (status, body) == (503, text)
            assert {name.lower(): value for name, value in expected}.items() <= headers.items()


def test_no_thread_is_needed(site: Path) -> None:
    """Even when every thread is taken, and would be for long."""
    with turning_away(site, queue_length=1, workers=1) as (server, _, _):
        let = threading.Event()

        class Stuck:
            """A task that holds its thread."""

            def service(self) -> None:
                assert let.wait(20)

            def cancel(self) -> None:
                """Nothing to undo."""

        try:
            for _ in range(2 + SPARE_THREADS):
                server.task_dispatcher.add_task(Stuck())
            with connect(server) as connection:
                connection.sendall(POST % (b"/api/v1/verify", SIZE) + b"\r\n" + bytes(SIZE))
                assert answer(connection)[0] == 503
        finally:
            let.set()


@pytest.mark.parametrize("size", [SIZE, 20_000_000])
def test_a_client_that_sends_all_before_it_listens_hears_why(site: Path, size: int) -> None:
    with turning_away(site) as (server, _, _):
        for _ in range(20 if size == SIZE else 1):
            with connect(server) as connection:
                connection.sendall(POST % (b"/api/v1/verify", size) + b"\r\n" + bytes(size))
                time.sleep(0.01)
                assert json.loads(answer(connection)[2])["code"] == "busy"
                assert connection.recv(1) == b""  # an end, not a reset
        until(lambda: not server.active_channels)


def test_a_refused_client_that_goes_on_sending_is_left_after_a_while(site: Path) -> None:
    with turning_away(site, receive_seconds=2) as (server, _, _), connect(server) as connection:
        connection.sendall(POST % (b"/api/v1/verify", 30_000_000) + b"\r\n")
        assert answer(connection)[0] == 503
        began = time.monotonic()
        until(lambda: cut_off(connection), seconds=20)
        assert time.monotonic() - began < 8


def test_a_refused_client_that_sends_too_much_is_left(site: Path) -> None:
    with turning_away(site, refused_bytes=100_000) as (server, _, _), connect(server) as connection:
        connection.sendall(POST % (b"/api/v1/verify", 30_000_000) + b"\r\n")
        assert answer(connection)[0] == 503
        connection.sendall(bytes(90_000))
        time.sleep(0.3)
        assert server.active_channels
        with suppress(OSError):  # closed while it sends
            connection.sendall(bytes(200_000))
        until(lambda: not server.active_channels, seconds=2)


def test_a_refused_client_that_stays_silent_is_left_after_a_while(site: Path) -> None:
    with turning_away(site, receive_seconds=60, linger_seconds=1) as (server, _, _), connect(server) as connection:
        connection.sendall(POST % (b"/api/v1/verify", SIZE) + b"\r\n")
        assert answer(connection)[0] == 503
        until(lambda: not server.active_channels, seconds=6)


def test_when_connections_run_short_nobody_is_waited_for(site: Path) -> None:
    with turning_away(site, connections=8, connections_per_client=8) as (server, _, _):
        open_ones = [connect(server) for _ in range(7)]
        try:
            until(lambda: len(server.active_channels) == 7)
            with connect(server) as connection:
                connection.sendall(POST % (b"/api/v1/verify", SIZE) + b"\r\n")
                assert answer(connection)[0] == 503
                until(lambda: len(server.active_channels) == 7, seconds=2)
        finally:
            for connection in open_ones:
                connection.close()


def test_one_clients_share_is_known_at_the_head(site: Path) -> None:
    def refuses(client: str) -> Problem | None:
        return too_many(3) if client == "192.0.2.7" else None

    from ipaddress import ip_network

    proxies = (ip_network("127.0.0.1"),)
    with turning_away(site, refuses, trusted_proxies=proxies) as (server, runner, metrics):
        for address, status in (("192.0.2.7", 429), ("192.0.2.8", 500)):
            with connect(server) as connection:
                head = POST % (b"/api/v1/verify", 1) + b"X-Forwarded-For: " + address.encode() + b"\r\n\r\n"
                connection.sendall(head + (b"x" if status == 500 else b""))
                assert answer(connection)[0] == status
        assert runner.asked == 1
        assert 'vaultproof_turned_away_total{reason="client"} 1' in metrics.text({})


def test_a_refusal_in_the_middle_of_a_body_keeps_nothing(site: Path) -> None:
    with turning_away(site, lambda client: None, upload_bytes=1000) as (server, _, _), connect(server) as connection:
        head = b"POST /api/v1/verify HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + b"3e8\r\n" + bytes(1000) + b"\r\n")
        until(lambda: server.ledger.held == 1000)
        connection.sendall(b"1\r\nx\r\n")
        status, _, body = answer(connection)
        assert (status, json.loads(body)["code"]) == (413, "upload-too-large")
        assert server.ledger.held == 0


def test_what_follows_a_refused_request_is_no_request(site: Path) -> None:
    """The body of a refused request is never read as the next one."""
    with turning_away(site) as (server, _, metrics), connect(server) as connection:
        inner = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        connection.sendall(POST % (b"/api/v1/verify", len(inner)) + b"\r\n" + inner)
        data = b""
        while piece := connection.recv(65536):
            data += piece
        assert data.count(b"HTTP/1.1 ") == 1
        assert 'vaultproof_requests_total{status="2xx"} 0' in metrics.text({})


def test_a_refused_head_request_has_no_body(site: Path) -> None:
    with turning_away(site) as (server, _, _), connect(server) as connection:
        connection.sendall(b"HEAD /api/v1/deployments HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n")
        status, _, body = answer(connection, "HEAD")
        assert (status, body) == (413, b"")
        assert connection.recv(1) == b""


def test_what_filled_up_while_a_body_came_is_refused_without_a_thread(site: Path) -> None:
    answers = iter([None, busy(2)])  # at the head there was room, at the end of the body there is none
    with turning_away(site, lambda client: next(answers)) as (server, runner, metrics), connect(server) as connection:
        connection.sendall(POST % (b"/api/v1/verify", SIZE) + b"\r\n" + bytes(SIZE))
        status, headers, _ = answer(connection)
        assert (status, headers["retry-after"]) == (503, "2")
        assert runner.asked == 0
        assert server.ledger.held == 0
        assert 'vaultproof_turned_away_total{reason="busy"} 1' in metrics.text({})


def test_each_check_that_was_let_in_is_let_go(site: Path) -> None:
    with turning_away(site, lambda client: None) as (server, runner, _):
        gate = server._gate
        for end in (b"x", b""):  # answered, and left before it was whole
            with connect(server) as connection:
                connection.sendall(POST % (b"/api/v1/verify", 1) + b"\r\n" + end)
                if end:
                    assert answer(connection)[0] == 500
        with connect(server) as connection:
            connection.sendall(b"GET /verify/rehearsal-messenger-2026 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert answer(connection)[0] == 500
        until(lambda: not server.active_channels)
        assert runner.asked == 2
        assert isinstance(gate, served.Doorman)
        assert gate.inside == 0


@pytest.mark.parametrize(
    "path", [b"/verify/rehearsal-messenger-2026", b"/api/v1/deployments/rehearsal-messenger-2026/check"]
)
def test_a_head_request_runs_no_check_and_has_no_body(site: Path, path: bytes) -> None:
    """Also not the end of one in pieces, which would be taken for the beginning of another answer."""
    with turning_away(site, lambda client: None) as (server, runner, _), connect(server) as connection:
        connection.sendall(b"HEAD %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path)
        data = b""
        while piece := connection.recv(65536):
            data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"content-length" not in head.lower()  # it would have to be that of the GET (RFC 9110, 8.6)
        assert b"connection: close" in head.lower()  # waitress does so after every answer of unknown length
        assert rest == b""
        assert runner.asked == 0
    with turning_away(site, lambda client: None) as (server, _, _), connect(server) as connection:
        connection.sendall(b"HEAD /verify/none HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert answer(connection, "HEAD")[0] == 404
