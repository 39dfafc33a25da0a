"""Who is next: places at work and in a bounded queue, fair between clients.

Each client has a line of its own; a place that becomes free goes to the lines in turn, so one client with many
requests delays the others by one check, not by all of its own.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from verifier_web.service.problems import Problem, ProblemError, busy, stopping, too_many

_MEMORY = 0.8
"""How much of the known mean duration stays when a new one is learnt."""


@dataclass(slots=True)
class _Waiting:
    client: str
    called: threading.Event = field(default_factory=threading.Event)
    refused: Problem | None = None


class Queue:
    """A bounded queue in front of ``places`` equal places."""

    def __init__(
        self, *, places: int, length: int, per_client: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._places = places
        self._free = places
        self._length = length
        self._per_client = per_client
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._lines: dict[str, deque[_Waiting]] = {}
        self._waiting = 0
        self._held: dict[str, int] = {}
        self._mean = 0.1
        self._stopped = False

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return self._waiting

    @property
    def at_work(self) -> int:
        """How many places are taken."""
        return self._places - self._free

    @property
    def full(self) -> bool:
        """Whether one more request would be refused, whoever sent it."""
        return self._stopped or (self._free == 0 and self._waiting >= self._length)

    def retry_after(self) -> int:
        """In how many seconds there is likely to be a place: all that wait, by the mean of late, at least one."""
        return max(1, min(60, round((self._waiting + 1) * self._mean / self._places)))

    def refusal(self, client: str) -> Problem | None:
        """Why one more request of this client would be refused now; None when it would not.

        Nothing is held for it, so it may still be refused when it enters.
        """
        if self._stopped:
            return stopping()
        if self._held.get(client, 0) >= self._per_client:
            return too_many(self.retry_after())
        return busy(self.retry_after()) if self.full else None

    def enter(self, client: str) -> None:
        """Take a place, waiting for one if need be.  Raises ``ProblemError`` when there is none to be had."""
        with self._lock:
            problem = self.refusal(client)
            if problem is not None:
                raise ProblemError(problem)
            if self._free:
                self._free -= 1
                self._hold(client)
                return
            waiting = _Waiting(client)
            self._lines.setdefault(client, deque()).append(waiting)
            self._waiting += 1
            self._hold(client)
        if not waiting.called.wait(self._seconds):
            self._give_up(waiting)
        if waiting.refused is not None:
            raise ProblemError(waiting.refused)

    def leave(self, client: str, seconds: float | None = None) -> None:
        """Give the place back; ``seconds`` is how long it was held, where that says something about the next."""
        with self._lock:
            if seconds is not None:
                self._mean = _MEMORY * self._mean + (1 - _MEMORY) * seconds
            self._release(client)
            self._pass_on()

    def stop(self) -> None:
        """Refuse whoever comes from now on; who waits or works stays."""
        with self._lock:
            self._stopped = True

    def _pass_on(self) -> None:
        """Call the first of the next line, or leave the place free."""
        for client in list(self._lines):
            line = self._lines.pop(client)
            waiting = line.popleft()
            if line:
                self._lines[client] = line  # behind all other lines
            self._waiting -= 1
            waiting.called.set()
            return
        self._free += 1

    def _give_up(self, waiting: _Waiting) -> None:
        with self._lock:
            if waiting.called.is_set():
                return  # called just now: it has a place
            line = self._lines[waiting.client]
            line.remove(waiting)
            if not line:
                del self._lines[waiting.client]
            self._waiting -= 1
            self._release(waiting.client)
            waiting.refused = busy(self.retry_after())

    def _hold(self, client: str) -> None:
        self._held[client] = self._held.get(client, 0) + 1

    def _release(self, client: str) -> None:
        self._held[client] -= 1
        if not self._held[client]:
            del self._held[client]


class Admission:
    """How many checks are in the house, from the moment that their request is whole until their answer is made.

    What one server may hold is what its ``queue`` has places and room for.  Requests are counted once they are whole,
    not from their heads on: else a few clients that send slowly would keep all others out.
    """

    def __init__(self, queue: Queue, *, most: int, per_client: int) -> None:
        self._queue = queue
        self._most = most
        self._per_client = per_client
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()
        self._all = 0

    def refusal(self, client: str) -> Problem | None:
        """Why one more check of this client would be refused now; None when it would not.  Nothing is held for it."""
        problem = self._queue.refusal(client)
        if problem is None and self._held[client] >= self._per_client:
            problem = too_many(self._queue.retry_after())
        if problem is None and self._all >= self._most:
            problem = busy(self._queue.retry_after())
        return problem

    def admit(self, client: str) -> Problem | None:
        """Count one more check; why it is refused, when it is."""
        with self._lock:
            problem = self.refusal(client)
            if problem is None:
                self._all += 1
                self._held[client] += 1
            return problem

    def let_go(self, client: str) -> None:
        """One check less."""
        with self._lock:
            self._all -= 1
            self._held[client] -= 1
            if not self._held[client]:
                del self._held[client]
