"""The whole service in one call: workers first, then threads, then the socket."""

from __future__ import annotations

import resource
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

from generator.folders import templates_folder
from vaultproof.errors import Unavailable
from verifier_web.service.application import create_app
from verifier_web.service.configuration import Configuration
from verifier_web.service.metrics import Metrics
from verifier_web.service.pool import Pool
from verifier_web.service.queueing import Admission
from verifier_web.service.server import Server
from verifier_web.service.worker import overwrite_freed_memory
from verifier_web.service.zygote import ZygoteError


def run_service(configuration: Configuration, *, told: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; ``told`` gets the address once it is listened on.

    SIGHUP has trust and procedures read anew; on a terminal it means that the terminal is gone, and ends the service.

    Raises ``Unavailable`` (``service``, ``port``) when it cannot start.
    """
    templates = templates_folder()
    metrics = Metrics()
    with suppress(ValueError, OSError):  # a lower limit that is held already is as good
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    overwrite_freed_memory()
    try:
        pool = Pool(configuration, templates, metrics)
    except ZygoteError as error:
        raise Unavailable("service", f"the service cannot start: {error}") from error
    try:
        server = _server(configuration, pool, metrics)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: server.stop())
        if sys.stdin is None or not sys.stdin.isatty():
            renew_on_signal(pool, told)
        told(server.address)
        server.run()
    finally:
        pool.close()


def renew_on_signal(pool: Pool, told: Callable[[str], None]) -> None:
    """Have a thread read anew at each SIGHUP: that takes a second, in which requests go on."""
    asked: SimpleQueue[None] = SimpleQueue()  # safe to fill from a signal's handler

    def work() -> None:
        while True:
            asked.get()
            try:
                pool.renew()
            except ZygoteError as error:
                told(f"what checks rest on stays as it was: {error}")
            else:
                told("trust configuration and procedures were read anew")

    threading.Thread(target=work, daemon=True, name="renewal").start()
    signal.signal(signal.SIGHUP, lambda *_: asked.put(None))


def _server(configuration: Configuration, pool: Pool, metrics: Metrics) -> Server:
    """The server, bound.  Raises ``Unavailable("port")``."""
    state: list[Server] = []
    app = create_app(
        configuration, pool, templates=templates_folder(), metrics=metrics,
        ready=lambda: bool(pool.pids) and bool(state) and not state[0].stopping,
    )  # fmt: skip
    gate = Admission(
        pool.queue, most=configuration.workers + configuration.queue_length, per_client=configuration.queue_per_client
    )
    try:
        server = Server(app, configuration, metrics=metrics, gate=gate)
    except OSError as error:
        raise Unavailable(
            "port", f"{configuration.listen} cannot be listened on", found=error.strerror or str(error),
            hint="set another address: VAULTPROOF_SERVICE_LISTEN",
        ) from error  # fmt: skip
    state.append(server)
    return server
