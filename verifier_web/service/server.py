"""The HTTP server: waitress, bounded where it is not by itself.

waitress receives whole requests before a thread is given to them, so slow clients hold no thread; here they are cut
off, too, by the time that a whole request takes, not by silence alone.  It would put large bodies into files: its
thresholds are set above every cap, and all bodies together are counted against one budget.  What is over a cap, or
comes when everything is at work, is refused before it is kept: its bytes are read and dropped, so that the client can
hear why.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher

from verifier_web.service.application import problem_answer
from verifier_web.service.clients import is_trusted
from verifier_web.service.configuration import Configuration
from verifier_web.service.metrics import Metrics
from verifier_web.service.problems import Problem, busy, stopping
from verifier_web.service.receiving import Ledger, Parser, Refusal

SPARE_THREADS = 8
"""Threads beyond those that can wait for checks: for pages and files."""

NEVER_SPILL = sys.maxsize


class RefusalTask(ErrorTask):
    """Writes a refusal in the service's own form, with its headers."""

    def execute(self) -> None:
        """Answer, and close the connection."""
        error = self.request.error
        if isinstance(error, Refusal):
            problem = error.problem
        else:
            code = "head-too-large" if error.code == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE else "bad-request"
            problem = Problem(code=code, title=error.reason.lower(), status=error.code)
        status, headers, body = self.channel.server.refusal(problem, getattr(self.request, "address", "/"))
        self.status = status
        self.response_headers.extend(headers)
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):
    """One connection."""

    error_task_class = RefusalTask

    def __init__(self, server: Server, sock: Any, addr: Any, adj: Adjustments, map: Any = None) -> None:
        self.parser_class = partial(Parser, server=server)
        super().__init__(server, sock, addr, adj, map=map)
        if server.too_many_of(addr[0]):
            self.will_close = True

    def handle_close(self) -> None:
        """Let go of a request that did not arrive whole, too."""
        request, self.request = self.request, None
        if request is not None:
            request.close()
        super().handle_close()

    def expire(self, now: float, configuration: Configuration) -> bool:
        """Cut off what is too slow; whether a client was."""
        silent = now - self.last_activity
        if self.request is not None and now - self.request.started > configuration.receive_seconds:
            self._answer_late(configuration.receive_seconds)
            return True
        if self.total_outbufs_len:
            self.will_close = self.will_close or silent > configuration.send_seconds
            return silent > configuration.send_seconds
        if not self.requests and self.request is None and silent > configuration.idle_seconds:
            self.will_close = True
        return False

    def _answer_late(self, seconds: int) -> None:
        """408 in place of the request; runs where requests are received, so nothing arrives in between."""
        problem = Problem(code="too-slow", title="the request did not arrive in time", status=408,
                          expected=f"<= {seconds} s")  # fmt: skip
        with self.requests_lock:
            request, self.request = self.request, None
            request.refuse(problem, now=True)
            self.requests.append(request)
            if len(self.requests) == 1:
                self.server.add_task(self)


class Server(TcpWSGIServer):
    """The listening socket, its connections and its threads."""

    channel_class = Channel

    def __init__(
        self,
        app: Flask,
        configuration: Configuration,
        *,
        metrics: Metrics,
        full: Callable[[], bool],
        retry: Callable[[], int],
    ) -> None:
        """Bind; the threads start, and connections are taken once ``run`` is called.  Raises ``OSError``."""
        self.configuration = configuration
        self.metrics = metrics
        self.ledger = Ledger(configuration.uploads_in_memory_bytes)
        self.stopping = False
        self._full = full
        self._retry = retry
        self._app = app
        quiet_logs()
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(configuration.queue_length + configuration.workers + SPARE_THREADS)
        super().__init__(app.wsgi_app, {}, dispatcher=dispatcher, adj=adjustments(configuration))

    @property
    def address(self) -> str:
        """Where it listens."""
        host = f"[{self.effective_host}]" if ":" in self.effective_host else self.effective_host
        return f"http://{host}:{self.effective_port}/"

    def turned_away(self) -> Problem | None:
        """Why a request for a check would be turned away now, whoever sent it; None when it would not."""
        if self.stopping:
            self.metrics.count("turned_away", "stopping")
            return stopping()
        if self._full():
            self.metrics.count("turned_away", "busy")
            return busy(self._retry())
        return None

    def refusal(self, problem: Problem, path: str) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status line, headers and body of a refusal, in the form that goes with the address."""
        with self._app.test_request_context(path if "//" not in path else "/"):
            response = problem_answer(problem)
        self.metrics.count("requests", f"{problem.status // 100}xx")
        return response.status, list(response.headers), response.get_data()

    def too_many_of(self, peer: str) -> bool:
        """Whether one client has more connections than it may; proxies may have all."""
        mine = sum(1 for channel in self.active_channels.values() if channel.addr[0] == peer)
        return mine > self.configuration.connections_per_client and not is_trusted(
            peer, self.configuration.trusted_proxies
        )

    def maintenance(self, now: float) -> None:
        """Once a second: cut off what is too slow."""
        for channel in list(self.active_channels.values()):
            if channel.expire(now, self.configuration):
                self.metrics.count("turned_away", "slow")

    def stop(self) -> None:
        """Take no more connections, and end once running requests have; may be called by a signal."""
        self.stopping = True
        self.pull_trigger()

    def run(self) -> None:
        """Serve until ``stop``, and then at most as long as is configured for what still runs."""
        while not self.stopping:
            wasyncore.loop(timeout=1, map=self._map, use_poll=True, count=1)
        deadline = time.time() + self.configuration.shutdown_seconds
        wasyncore.dispatcher.close(self)
        while time.time() < deadline and self._still_busy():
            wasyncore.loop(timeout=0.1, map=self._map, use_poll=True, count=1)
            self.maintenance(time.time())
        self.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._map)

    def _still_busy(self) -> bool:
        """Whether an answer is still being made or sent; connections that wait for nothing are closed."""
        for channel in list(self.active_channels.values()):
            if not channel.requests and not channel.total_outbufs_len and channel.request is None:
                channel.will_close = True
        return bool(self.active_channels)


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
