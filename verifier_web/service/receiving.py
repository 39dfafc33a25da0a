"""A request while it arrives: judged as soon as its head is there, and never kept beyond what it may be.

Extends waitress' parser.  What is over a cap, or comes when everything is at work, is refused before it is kept: its
bytes are read and dropped, so that the client can hear why.
"""

from __future__ import annotations

import re
import threading
import time
from typing import Protocol

from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser
from waitress.utilities import BadRequest

from verifier_web.service.configuration import MIB, Configuration
from verifier_web.service.metrics import Metrics
from verifier_web.service.problems import Problem, busy, too_large

UPLOADS = frozenset({"/verify", "/verify/", "/api/v1/verify", "/api/v1/verify/"})
"""The only addresses whose requests may have a body."""

DROPPED_AT_MOST = 64 * MIB
"""How much of a refused body is read and dropped before its client is answered and left."""

BUSY_SECONDS = 1
LONGEST_ADDRESS = 400
_ADDRESS = re.compile(rb"[A-Z]+ (/[A-Za-z0-9._/-]{0,300})")


class Judge(Protocol):
    """What a parser asks about: the caps, who is turned away, and the budget of all bodies."""

    configuration: Configuration
    metrics: Metrics
    ledger: Ledger

    def turned_away(self) -> Problem | None:
        """Why a request for a check would be turned away now; None when it would not."""


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


class _Dropped:
    """Takes a body that nobody will read."""

    def __init__(self) -> None:
        self.size = 0

    def append(self, data: bytes) -> None:
        self.size += len(data)

    def __len__(self) -> int:
        return self.size

    def close(self) -> None:
        """There is nothing to let go."""


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

    def __init__(self, adj: Adjustments, *, server: Judge) -> None:
        super().__init__(adj)
        self.started = time.time()
        self._server = server
        self._refusal: Problem | None = None
        self._judged = False
        self._aside = 0

    def received(self, data: bytes) -> int:
        """Take what came; the number of bytes that belong to this request."""
        if len(self._begin) < LONGEST_ADDRESS:
            self._begin = (self._begin + data)[:LONGEST_ADDRESS]
        try:
            count = int(super().received(data))
        except ValueError:  # a length of more digits than Python reads
            self.error, self.completed, count = BadRequest("a number is too long"), True, len(data)
        if self.headers_finished and not self._judged:
            self._judged = True
            self._judge()
        self._look_at_body()
        return count

    @property
    def address(self) -> str:
        """The path that was asked for, also of a request that could not be read to its end; ``/`` where it is none."""
        found = _ADDRESS.match(self._begin)
        return found[1].decode("ascii") if found else "/"

    def refuse(self, problem: Problem, *, now: bool) -> None:
        """Answer with ``problem``: ``now``, or once the body has been dropped."""
        self._refusal = problem
        if self.body_rcv is not None:
            self.body_rcv.getbuf().close()
            self.body_rcv.buf = _Dropped()
        self._free()
        if now:
            self.error, self.completed = Refusal(problem), True

    def close(self) -> None:
        """Let go of the body, and of the room that was set aside for it."""
        super().close()
        self._free()

    def _judge(self) -> None:
        if self.error is not None or self.body_rcv is None:
            return
        problem = self._problem()
        if problem is not None:
            self.refuse(problem, now=self.expect_continue)
            self.expect_continue = False

    def _problem(self) -> Problem | None:
        limit = self._server.configuration.upload_bytes
        if self.command.upper() != "POST" or self.path not in UPLOADS:
            return Problem(code="body", title="no body is taken at this address", status=413)
        if not self.chunked and self.content_length > limit:
            return too_large(limit)
        problem = self._server.turned_away()
        if problem is not None:
            return problem
        size = limit if self.chunked else self.content_length
        if not self._server.ledger.take(size):
            self._server.metrics.count("turned_away", "memory")
            return busy(BUSY_SECONDS)
        self._aside = size
        return None

    def _look_at_body(self) -> None:
        body = self.body_rcv
        if body is None or self.error is not None:
            return
        if self._refusal is None and len(body) > self._server.configuration.upload_bytes:
            self.refuse(too_large(self._server.configuration.upload_bytes), now=False)
        if self._refusal is not None and (self.completed or len(body) > DROPPED_AT_MOST):
            self.error, self.completed = Refusal(self._refusal), True

    def _free(self) -> None:
        if self._aside:
            self._server.ledger.give_back(self._aside)
            self._aside = 0
