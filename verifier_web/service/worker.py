"""A worker process: one check after another, each within limits that the kernel holds.

Limits are set by the process itself before it reads a job, so that they hold whatever a check does: address space
(RLIMIT_AS), wall-clock time (an alarm that ends the process), no core dumps, not a byte into a file (RLIMIT_FSIZE),
no child processes (RLIMIT_NPROC; root is not bound by it).

Freed memory is overwritten where the C library can do so (glibc's M_PERTURB) and where Python frees it
(PYTHONMALLOC=pymalloc_debug, which the zygote is started with), so that little of an upload outlives its check.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import signal
import socket
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from verifier_web.service.checking import Checker
from verifier_web.service.configuration import Configuration
from verifier_web.service.frames import BrokenFrameError, Frame, receive, send

M_PERTURB = -6
FILL = 0xD5
GRACE_SECONDS = 2
"""How much longer than a check may take the worker lives: the other side stops waiting first, and says why."""


Remembering = type(lru_cache(len))
"""The type of every function that remembers what it was asked (``functools``)."""


def serve(channel: socket.socket, checker: Checker, known: Sequence[Any] = ()) -> None:
    """Run jobs from ``channel`` until the other side closes it; ``known`` are the ``caches`` there were before."""
    limit_process(checker.configuration)
    with contextlib.suppress(OSError, BrokenFrameError):  # the other side is gone: nobody is left to tell
        send(channel, Frame("ready", {"pid": os.getpid()}))
        while (job := receive(channel)) is not None:
            _one(job, channel, checker)
            del job
            gc.collect()
            forget(known)


def _one(job: Frame, channel: socket.socket, checker: Checker) -> None:
    signal.setitimer(signal.ITIMER_REAL, checker.configuration.check_seconds + GRACE_SECONDS)
    try:
        checker.run(job, lambda frame: send(channel, frame))
    except MemoryError:
        send(channel, Frame("failed", {"reason": "memory"}))
    except (OSError, BrokenFrameError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a fault of ours: told by its type alone
        send(channel, Frame("failed", {"reason": "crash", "type": type(error).__name__}))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def caches() -> tuple[Any, ...]:
    """Every function that remembers, but for those of what ``gc.freeze`` has put aside."""
    return tuple(found for found in gc.get_objects() if type(found) is Remembering)


def forget(known: Sequence[Any]) -> None:
    """Empty all caches: readers of certificates and keys remember the last ones, and those were sent by somebody."""
    for found in (*known, *caches()):
        found.cache_clear()


def limit_process(configuration: Configuration) -> None:
    """Bind this process for good."""
    space = configuration.check_memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (space, space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal; the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    overwrite_freed_memory()


def overwrite_freed_memory() -> bool:
    """Have the C library fill memory as it is freed; False where it cannot."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(M_PERTURB, FILL) == 1
