"""The worker processes as the serving process sees them: one check each at a time, killed and replaced alone."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from verifier_web.service.configuration import Configuration
from verifier_web.service.frames import BrokenFrameError, Frame, receive, required, send
from verifier_web.service.metrics import Metrics
from verifier_web.service.queueing import Queue
from verifier_web.service.zygote import Zygote, ZygoteError

READY_SECONDS = 20
ENDINGS = frozenset({"done", "refused", "failed"})
"""Kinds of frames that end an answer."""


Gone = Callable[[], bool]


def never() -> bool:
    """Nobody is gone: for where it cannot be told."""
    return False


class Runner(Protocol):
    """Whoever runs checks: the pool, or, in tests, the same process."""

    def run(self, job: Frame, client: str, gone: Gone) -> Iterator[Frame]:
        """The frames of an answer, the last one of a kind of ``ENDINGS``; none when the client is ``gone`` by its turn.

        Raises ``ProblemError`` before the first when there is no place to be had.
        """


class _Worker:
    """One worker process, ready for a job."""

    def __init__(self, channel: socket.socket, parent: Zygote) -> None:
        """Wait until it says that it is ready.  Raises ``OSError`` or ``BrokenFrameError`` when it does not."""
        self._channel = channel
        self._pidfd = -1
        self.parent = parent
        self.jobs = 0
        channel.settimeout(READY_SECONDS)
        try:
            hello = required(receive(channel))
            # It lives, because it waits for us; a descriptor goes on meaning it when its number means another.
            self.pid = int(hello.values["pid"])
            self._pidfd = os.pidfd_open(self.pid) if hasattr(os, "pidfd_open") else -1
        except BaseException:
            channel.close()
            raise

    def answer(self, job: Frame, seconds: float) -> Iterator[Frame]:
        """The frames that it answers.  Raises ``TimeoutError``, ``OSError``, ``BrokenFrameError`` when it does not."""
        self.jobs += 1
        end = time.monotonic() + seconds
        self._channel.settimeout(seconds)
        send(self._channel, job)
        while True:
            self._channel.settimeout(max(0.001, end - time.monotonic()))
            frame = required(receive(self._channel))
            yield frame
            if frame.kind in ENDINGS:
                return

    def kill(self) -> None:
        """End it at once; safe to repeat."""
        self._channel.close()
        with contextlib.suppress(OSError):
            if self._pidfd >= 0:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
                os.close(self._pidfd)
                self._pidfd = -1
            elif not hasattr(os, "pidfd_open"):
                os.kill(self.pid, signal.SIGKILL)


class Pool:
    """All workers and the queue in front of them."""

    def __init__(self, configuration: Configuration, templates: Path, metrics: Metrics) -> None:
        """Start the workers.  Raises ``ZygoteError`` when they cannot run."""
        self._configuration = configuration
        self._templates = templates
        self._metrics = metrics
        self._lock = threading.Lock()
        self._zygote = Zygote(configuration, templates)
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self.queue = Queue(
            places=configuration.workers,
            length=configuration.queue_length,
            per_client=configuration.queue_per_client,
            seconds=configuration.queue_seconds,
        )
        for worker in [self._fresh() for _ in range(configuration.workers)]:
            self._idle.append(worker)

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the workers that there are."""
        with self._lock:
            return tuple(sorted(worker.pid for worker in self._all))

    def run(self, job: Frame, client: str, gone: Gone = never) -> Iterator[Frame]:
        """The frames of an answer, the last one of a kind of ``ENDINGS``, whatever becomes of the worker.

        A client that is ``gone`` when its turn comes costs no check: there are no frames then.

        Raises ``ProblemError`` at the first frame when there is no place to be had.
        """
        with self._place(client):
            if gone():
                return
            worker = self._take()
            if worker is None:
                yield Frame("failed", {"reason": "crash"})
                return
            usable = False
            try:
                for frame in worker.answer(job, self._configuration.check_seconds):
                    usable = frame.kind in ("done", "refused")
                    yield frame
            except TimeoutError:
                yield Frame("failed", {"reason": "time"})
            except (OSError, BrokenFrameError):
                yield Frame("failed", {"reason": "crash"})
            finally:
                self._put_back(worker, usable=usable)

    def renew(self) -> None:
        """Read anew what checks rest on: trust and procedures.  Checks that run end by what they began with.

        Raises ``ZygoteError``, and leaves everything as it is, when that cannot be read.
        """
        fresh = Zygote(self._configuration, self._templates)
        with self._lock:
            old, self._zygote = self._zygote, fresh
            idle, self._idle = self._idle, []
            self._all.difference_update(idle)
        old.close()
        for worker in idle:
            worker.kill()
            self._refill()

    def close(self) -> None:
        """End all workers."""
        self.queue.stop()
        with self._lock:
            workers, self._all, self._idle = tuple(self._all), set(), []
        for worker in workers:
            worker.kill()
        self._zygote.close()

    @contextmanager
    def _place(self, client: str) -> Iterator[None]:
        self.queue.enter(client)
        start = time.monotonic()
        try:
            yield
        finally:
            self.queue.leave(client, time.monotonic() - start)

    def _take(self) -> _Worker | None:
        """An idle worker, or a fresh one in place of one that is gone."""
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                if worker.parent is self._zygote:
                    return worker
                self._all.discard(worker)  # it became ready while another zygote took its parent's place
                worker.kill()
        try:
            return self._fresh()
        except (OSError, BrokenFrameError, ZygoteError):
            return None

    def _put_back(self, worker: _Worker, *, usable: bool) -> None:
        if usable and worker.jobs < self._configuration.recycle_after:
            with self._lock:
                if worker in self._all and worker.parent is self._zygote:
                    self._idle.append(worker)
                    return
        with self._lock:
            self._all.discard(worker)
        worker.kill()
        self._metrics.count("workers_replaced")
        self._refill()

    def _refill(self) -> None:
        """Have a fresh worker wait; if that fails, the next request tries again."""
        with contextlib.suppress(OSError, BrokenFrameError, ZygoteError):
            worker = self._fresh()
            with self._lock:
                self._idle.append(worker)

    def _fresh(self) -> _Worker:
        """A worker of the zygote that there is when it is ready."""
        while True:
            parent = self._zygote
            try:
                worker = _Worker(parent.fork(), parent)
            except (OSError, BrokenFrameError):
                self._replace(parent)
                parent = self._zygote
                worker = _Worker(parent.fork(), parent)
            with self._lock:
                if parent is self._zygote:
                    self._all.add(worker)
                    return worker
            worker.kill()  # another one took its parent's place meanwhile

    def _replace(self, gone: Zygote) -> None:
        """Another zygote in place of one that is gone."""
        with self._lock:
            if self._zygote is gone:
                gone.close()
                self._zygote = Zygote(self._configuration, self._templates)
