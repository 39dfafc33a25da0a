"""A request while it arrives: judged as soon as its head is there, and never kept beyond what it may be.

Extends waitress' parser.  What is over a cap, or comes when everything is at work, is refused at its head, before any
of its body is kept or looked at.
"""

from __future__ import annotations

import re
import threading
import time
from typing import Protocol

from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser
from waitress.utilities import BadRequest

from verifier_web.service.clients import client_of
from verifier_web.service.configuration import Configuration
from verifier_web.service.metrics import Metrics
from verifier_web.service.problems import Problem, busy, too_large

UPLOADS = frozenset({"/verify", "/verify/", "/api/v1/verify", "/api/v1/verify/"})
"""The only addresses whose requests may have a body."""

CHECKS = re.compile(r"(?:/verify/[^/]+|/api/v1/deployments/[^/]+/check)/?")
"""Addresses that run a check without a body."""

BUSY_SECONDS = 1
LONGEST_ADDRESS = 400
_ADDRESS = re.compile(rb"[A-Z]+ (/[A-Za-z0-9._/-]{0,300})")


class Judge(Protocol):
    """What a parser asks about: the caps, who is turned away, and the budget of all bodies."""

    configuration: Configuration
    metrics: Metrics
    ledger: Ledger

    def turned_away(self, client: str) -> Problem | None:
        """Why a request of this client for a check would be turned away now; None when it would not."""


class Ledger:
    """How many bytes of bodies are held at once, against one budget."""

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._lock = threading.Lock()
        self.held = 0

    def take(self, size: int) -> bool:
        """Set ``size`` bytes aside; False when they do not fit."""
        with self._lock:
            if self.held + size > self._budget:
                return False
            self.held += size
            return True

    def give_back(self, size: int) -> None:
        """They are free again."""
        with self._lock:
            self.held -= size


class Refusal(BadRequest):
    """A request that is answered with a problem, without the application."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.title)
        self.problem = problem


class Parser(HTTPRequestParser):
    """A request while it arrives: judged as soon as its head is there."""

    path = "/"
    command = "GET"
    _begin = b""

    def __init__(self, adj: Adjustments, *, server: Judge, peer: str = "") -> None:
        super().__init__(adj)
        self.started = time.time()
        self._server = server
        self._peer = peer
        self._judged = False
        self._aside = 0
        self.check_of: str | None = None  # the client, where a check is asked for

    def received(self, data: bytes) -> int:
        """Take what came; the number of bytes that belong to this request: all, once it is refused."""
        if len(self._begin) < LONGEST_ADDRESS:
            self._begin = (self._begin + data)[:LONGEST_ADDRESS]
        try:
            count = int(super().received(data))
        except ValueError:  # a length of more digits than Python reads
            self.error, self.completed, count = BadRequest("a number is too long"), True, len(data)
        if self.headers_finished and not self._judged:
            self._judged = True
            self._judge()
            if self.error is not None:
                self.body_bytes_received += len(data) - count
        elif self.body_rcv is not None and len(self.body_rcv) > self._server.configuration.upload_bytes:
            self.refuse(too_large(self._server.configuration.upload_bytes))
        return len(data) if isinstance(self.error, Refusal) else count

    @property
    def address(self) -> str:
        """The path that was asked for, also of a request that could not be read to its end; ``/`` where it is none."""
        found = _ADDRESS.match(self._begin)
        return found[1].decode("ascii") if found else "/"

    @property
    def to_come(self) -> int | None:
        """How much of the request its client has still to send, as far as it has said; None where it has not."""
        if not self.headers_finished or self.chunked:
            return None
        return max(0, int(self.content_length) - int(self.body_bytes_received))

    def refuse(self, problem: Problem) -> None:
        """Answer with ``problem``, and take nothing more."""
        if self.body_rcv is not None:
            self.body_rcv.getbuf().close()
        self._free()
        self.expect_continue = False
        self.error, self.completed = Refusal(problem), True

    def close(self) -> None:
        """Let go of the body, and of the room that was set aside for it."""
        super().close()
        self._free()

    def _judge(self) -> None:
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            # Two lengths: who stands in front may have believed the other one (RFC 9112, 6.3).
            self.error, self.completed = BadRequest("two lengths"), True
        problem = None if self.error is not None or self.empty else self._problem()
        if problem is not None:
            self.refuse(problem)

    def _problem(self) -> Problem | None:
        upload = self.body_rcv is not None
        if upload and (self.command.upper() != "POST" or self.path not in UPLOADS):
            return Problem(code="body", title="no body is taken at this address", status=413)
        if not upload and (self.command != "GET" or not CHECKS.fullmatch(self.path)):
            return None
        trusted = self._server.configuration.trusted_proxies
        self.check_of = client_of(self._peer, self.headers.get("X_FORWARDED_FOR", ""), trusted)
        return self._problem_of_upload(self.check_of) if upload else self._server.turned_away(self.check_of)

    def _problem_of_upload(self, client: str) -> Problem | None:
        limit = self._server.configuration.upload_bytes
        if not self.chunked and self.content_length > limit:
            return too_large(limit)
        problem = self._server.turned_away(client)
        if problem is not None:
            return problem
        size = limit if self.chunked else self.content_length
        if not self._server.ledger.take(size):
            self._server.metrics.count("turned_away", "memory")
            return busy(BUSY_SECONDS)
        self._aside = size
        return None

    def _free(self) -> None:
        if self._aside:
            self._server.ledger.give_back(self._aside)
            self._aside = 0
