"""The HTTP server: waitress, bounded where it is not by itself.

waitress receives whole requests before a thread is given to them, so slow clients hold no thread; here they are cut
off, too, by the time that a whole request takes, not by silence alone.  It would put large bodies into files: its
thresholds are set above every cap, and all bodies together are counted against one budget.  What is over a cap, or
comes when everything is at work, is refused at its head, in the thread that receives.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import Counter
from email.utils import formatdate
from typing import Protocol

from flask import Flask
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher

from verifier_web.service.application import problem_answer
from verifier_web.service.channel import Channel
from verifier_web.service.clients import client_of, is_trusted
from verifier_web.service.configuration import Configuration
from verifier_web.service.metrics import Metrics
from verifier_web.service.problems import Problem, stopping
from verifier_web.service.receiving import CHECKS, Ledger

SPARE_THREADS = 8
"""Threads beyond those that can wait for checks: for pages and files."""

NEVER_SPILL = sys.maxsize

ACCEPTED_AT_ONCE = 64
"""Connections that are taken before others are looked at again."""

TOGETHER_SECONDS = 0.005
"""How long what comes is gathered after a refusal: looking at all connections costs more than a refusal does."""

KIND_UP_TO = 0.75
"""Which part of all connections may be taken while some of them only wait for refused clients to end."""

_REASONS = {"too-many-requests": "client", "stopping": "stopping"}


class Gate(Protocol):
    """Who says how many checks there may be: ``Admission``, or, in tests, somebody else."""

    def refusal(self, client: str) -> Problem | None:
        """Why one more check of this client would be refused now; None when it would not."""

    def admit(self, client: str) -> Problem | None:
        """Count one more check; why it is refused, when it is."""

    def let_go(self, client: str) -> None:
        """One check less."""


class Server(TcpWSGIServer):
    """The listening socket, its connections and its threads."""

    channel_class = Channel

    def __init__(
        self,
        app: Flask,
        configuration: Configuration,
        *,
        metrics: Metrics,
        gate: Gate,
    ) -> None:
        """Bind; the threads start, and connections are taken once ``run`` is called.  Raises ``OSError``.

        ``gate`` knows how many checks there may be.
        """
        self.configuration = configuration
        self.metrics = metrics
        self.ledger = Ledger(configuration.uploads_in_memory_bytes)
        self.stopping = False
        self._ending = threading.RLock()  # a signal may come while it is held by the very thread that handles it
        self._gate = gate
        self._app = app
        self._refusals: dict[tuple[Problem, str, bool], bytes] = {}
        self._second = 0
        self._refused_now = False
        self._connections_of: Counter[str] = Counter()
        self._receiver = 0
        quiet_logs()
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(configuration.queue_length + configuration.workers + SPARE_THREADS)
        super().__init__(app.wsgi_app, {}, dispatcher=dispatcher, adj=adjustments(configuration))

    @property
    def address(self) -> str:
        """Where it listens."""
        host = f"[{self.effective_host}]" if ":" in self.effective_host else self.effective_host
        return f"http://{host}:{self.effective_port}/"

    @property
    def crowded(self) -> bool:
        """Whether connections run short, so that none is kept for kindness alone."""
        return len(self.active_channels) > KIND_UP_TO * self.configuration.connections

    def handle_accept(self) -> None:
        """Take the connections that wait, each with what it has sent already: most are one request, and whole."""
        for _ in range(ACCEPTED_AT_ONCE):
            if len(self._map) >= self.adj.connection_limit:
                return
            try:
                connection, address = self.socket.accept()
                self.set_socket_options(connection)
            except OSError:  # none waits, or it is gone already
                return
            channel = Channel(self, connection, address, self.adj, map=self._map)
            if not channel.will_close:
                channel.handle_read()

    def add_task(self, task: Channel) -> None:
        """Have a thread answer, but for what is turned away as it is received."""
        if threading.get_ident() == self._receiver:
            self._admit(task)
            if task.turn_away():
                return
        super().add_task(task)

    def _admit(self, channel: Channel) -> None:
        """Count the check that has come in whole, or refuse it."""
        request = channel.requests[0]
        if request.error is None and request.check_of is not None:
            problem = self._gate.admit(request.check_of)
            if problem is None:
                channel.admitted = request.check_of
            else:
                request.refuse(self._counted(problem))

    def let_go(self, client: str) -> None:
        """The answer to a check of this client has been made."""
        self._gate.let_go(client)

    def turned_away(self, client: str) -> Problem | None:
        """Why a request of this client for a check would be turned away now; None when it would not."""
        problem = stopping() if self.stopping else self._gate.refusal(client)
        return None if problem is None else self._counted(problem)

    def _counted(self, problem: Problem) -> Problem:
        self.metrics.count("turned_away", _REASONS.get(problem.code, "busy"))
        return problem

    def refusal(self, problem: Problem, path: str) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status line, headers and body of a refusal, in the form that goes with the address."""
        with self._app.test_request_context(path if "//" not in path else "/"):
            response = problem_answer(problem)
        return response.status, list(response.headers), response.get_data()

    def refusal_bytes(self, problem: Problem, path: str, *, head: bool) -> bytes:
        """The same as it is sent, without its body where a HEAD asked.

        Kept for the second that its date tells, for each kind of address: under overload nearly all answers are one.
        """
        second, key = int(time.time()), (problem, kind_of(path), head)
        if self._second != second:
            self._second, self._refusals = second, {}
        self._refused_now = True
        self.metrics.count("requests", f"{problem.status // 100}xx")
        found = self._refusals.get(key)
        if found is None:
            status, headers, body = self.refusal(problem, key[1])
            found = self._refusals[key] = answer_bytes(status, headers, b"" if head else body)
        return found

    def counted(self, peer: str, more: int) -> None:
        """One connection of a client more or less; all of an IPv6 subscriber's addresses are one client."""
        client = client_of(peer, "", ())
        self._connections_of[client] += more
        if not self._connections_of[client]:
            del self._connections_of[client]

    def too_many_of(self, peer: str) -> bool:
        """Whether one client has more connections than it may; proxies may have all."""
        found = self._connections_of[client_of(peer, "", ())]
        return found > self.configuration.connections_per_client and not is_trusted(
            peer, self.configuration.trusted_proxies
        )

    def maintenance(self, now: float) -> None:
        """Once a second: cut off what is too slow."""
        for channel in list(self.active_channels.values()):
            channel.expire(now, self.configuration)

    def stop(self) -> None:
        """Take no more connections, and end once running requests have; may be called by a signal, and again."""
        with self._ending:  # else ``run`` may close, between these two, what it is to be woken by
            if not self.stopping:
                self.stopping = True
                self.pull_trigger()

    def run(self) -> None:
        """Serve until ``stop``, and then at most as long as is configured for what still runs."""
        self._receiver = threading.get_ident()
        while not self.stopping:
            self._refused_now = False
            wasyncore.loop(timeout=1, map=self._map, use_poll=True, count=1)
            if self._refused_now:
                time.sleep(TOGETHER_SECONDS)
        deadline = time.time() + self.configuration.shutdown_seconds
        wasyncore.dispatcher.close(self)
        while time.time() < deadline and self._still_busy():
            wasyncore.loop(timeout=0.1, map=self._map, use_poll=True, count=1)
            self.maintenance(time.time())
        self.task_dispatcher.shutdown(timeout=1)
        with self._ending:
            wasyncore.close_all(self._map)

    def _still_busy(self) -> bool:
        """Whether an answer is still being made or sent; connections that wait for nothing are closed."""
        for channel in list(self.active_channels.values()):
            if not channel.requests and not channel.total_outbufs_len and channel.request is None:
                channel.will_close = True
        return bool(self.active_channels)


def kind_of(path: str) -> str:
    """One address for all that are refused in the same words: pages differ by their way to the site's root."""
    if not CHECKS.fullmatch(path):
        return path
    return "/api/v1/deployments/-/check" if path.startswith("/api/") else "/verify/-" + "/" * path.endswith("/")


def answer_bytes(status: str, headers: list[tuple[str, str]], body: bytes) -> bytes:
    """A whole last answer of a connection (RFC 9112, 4 and 9.6; the Date of RFC 9110, 6.6.1)."""
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers),
             f"Date: {formatdate(usegmt=True)}", "Connection: close", "", ""]  # fmt: skip
    return "\r\n".join(lines).encode("latin-1") + body


def adjustments(configuration: Configuration) -> Adjustments:
    """What waitress is told."""
    return Adjustments(
        listen=configuration.listen,
        ident=None,  # no banner
        max_request_header_size=configuration.head_bytes,
        max_request_body_size=NEVER_SPILL,  # judged here, with an answer of our own
        inbuf_overflow=NEVER_SPILL,
        outbuf_overflow=NEVER_SPILL,
        connection_limit=configuration.connections + 2,  # waitress counts its two own descriptors too
        cleanup_interval=1,
        channel_timeout=configuration.idle_seconds,
        channel_request_lookahead=1,  # so that a client that leaves is seen
        clear_untrusted_proxy_headers=False,  # read by ``clients``, which asks whom to believe
        recv_bytes=65536,
        asyncore_use_poll=True,
    )


class _WithoutWords(logging.Filter):
    """Of an error only its kind is logged: its words may quote what was sent."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record."""
        if record.exc_info:
            kind = record.exc_info[0]
            record.msg, record.args = f"a request failed: {kind.__name__ if kind else 'unknown'}", ()
            record.exc_info = record.exc_text = None
        return True


def quiet_logs() -> None:
    """Nothing about requests is logged, and nothing that they hold."""
    for name in ("waitress", "waitress.queue", "verifier_web.service"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.ERROR)
        if not any(isinstance(item, _WithoutWords) for item in logger.filters):
            logger.addFilter(_WithoutWords())
