"""The process that workers are forked from: it has everything loaded, sees no upload, and runs no thread.

The serving process runs threads, so it must not fork; a fresh interpreter for each worker would take a quarter of a
second.  The zygote is started once, as a program of its own, before any connection is taken.  Each message to it is one
byte with a socket; it forks a worker that talks over that socket.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from verifier_web.service.configuration import Configuration

START_SECONDS = 60
FORK = b"f"
MODULE = "verifier_web.service.zygote"


class ZygoteError(Exception):
    """The zygote did not start, or ended; the message says why."""


class Zygote:
    """The serving process' end of it."""

    def __init__(self, configuration: Configuration, templates: Path) -> None:
        """Start it and wait until it is ready.  Raises ``ZygoteError`` with what it said when it cannot run."""
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", MODULE, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={
                    **os.environ,
                    "PYTHONMALLOC": "pymalloc_debug",
                    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                },
            )
        self._control = ours
        ours.settimeout(START_SECONDS)
        ours.sendall(json.dumps({"templates": str(templates), **to_json(configuration)}).encode("utf-8") + b"\n")
        try:
            answer = ours.makefile("rb").readline()
        except OSError as error:
            answer = str(error).encode("utf-8")
        if answer != b"ready\n":
            self.close()
            raise ZygoteError(answer.decode("utf-8", "replace").strip() or "it ended at once")

    def fork(self) -> socket.socket:
        """A channel to a new worker, which says ``ready`` on it.  Raises ``OSError`` when the zygote is gone."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [FORK], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return ours

    def close(self) -> None:
        """End it; workers end when their own channels close."""
        self._control.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def to_json(configuration: Configuration) -> dict[str, Any]:
    """A configuration as JSON values."""

    def plain(value: Any) -> Any:
        if isinstance(value, tuple):
            return [str(item) for item in value]
        return str(value) if isinstance(value, Path) else value

    return {found.name: plain(getattr(configuration, found.name)) for found in fields(Configuration)}


def from_json(value: dict[str, Any]) -> Configuration:
    """The configuration that ``to_json`` was given."""
    value = dict(value)
    value["site"] = Path(value["site"])
    value["trust"] = Path(value["trust"]) if value["trust"] is not None else None
    value["hosts"] = tuple(value["hosts"])
    value["trusted_proxies"] = tuple(ip_network(item) for item in value["trusted_proxies"])
    return Configuration(**value)


def main(descriptor: int) -> None:
    """Load everything, then fork a worker for each request, until the other side is gone."""
    from verifier_web.service.checking import make_checker
    from verifier_web.service.worker import caches, serve

    control = socket.socket(fileno=descriptor)
    with control.makefile("rb") as lines:
        values = json.loads(lines.readline())
    templates = Path(values.pop("templates"))
    try:
        checker = make_checker(from_json(values), templates)
    except Exception as error:  # noqa: BLE001 - told to the other side, which stops with it
        control.sendall(f"{error}\n".replace("\n", " ").encode("utf-8") + b"\n")
        return
    warm_up(checker)
    for number in (signal.SIGINT, signal.SIGHUP):  # they reach every process of a terminal; the parent decides
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for workers: the kernel buries them
    gc.collect()
    known = caches()  # those that are frozen now are not found again
    gc.freeze()
    control.sendall(b"ready\n")
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        for given in descriptors:
            if os.fork() == 0:
                try:
                    control.close()
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    with socket.socket(fileno=given) as channel:
                        serve(channel, checker, known)
                finally:
                    os._exit(0)  # never back into this loop, whatever happened
            os.close(given)


def warm_up(checker: Any) -> None:
    """Load what the first check would: modules, compiled templates."""
    for name in checker.renderer.environment.list_templates(filter_func=lambda name: name.startswith("service/")):
        checker.renderer.environment.get_template(name)
    with contextlib.suppress(Exception):
        import vaultproof

        vaultproof.check({"manifest.json": b"{}"}, trust=checker.pinned.trust, procedures=checker.pinned.procedures)


if __name__ == "__main__":
    main(int(sys.argv[1]))
