"""A rehearsal log for tests: made quickly, and served from a thread of this process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from generator.rehearsal.log_server.faults import FaultPlan
from generator.rehearsal.log_server.ledger import Ledger
from generator.rehearsal.log_server.server import LogServer
from generator.rehearsal.signer import NAMESPACE
from vaultproof.mirror.client import Client, Patience

START = 1_790_000_000_000
HASTY = Patience(attempts=2, connect=5, read=5, total=10, pause=0.001)
"""For tests: no long waits, though a slow machine is given its time."""


def digest(epoch: int) -> str:
    return hashlib.sha256(f"REHEARSAL artifact {epoch}".encode()).hexdigest()


def add_epochs(ledger: Ledger, last: int, *, namespace: str = NAMESPACE) -> Ledger:
    """Epochs up to ``last``, each a second after the one before."""
    head = ledger.namespace(namespace).head or 0
    for epoch in range(head + 1, last + 1):
        ledger.publish(namespace, epoch, digest(epoch), now=START + 1000 * epoch)
    return ledger


def made_ledger(epochs: int, path: Path | None = None) -> Ledger:
    ledger = Ledger(path)
    ledger.create(NAMESPACE)
    return add_epochs(ledger, epochs)


@contextmanager
def serving(ledger: Ledger, fault: FaultPlan | None = None, *, verified: int | None = None) -> Iterator[LogServer]:
    with LogServer(ledger, fault=fault, verified=verified) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def client_of(server: LogServer, patience: Patience = HASTY) -> Iterator[Client]:
    client = Client(server.address, patience=patience)
    try:
        yield client
    finally:
        client.close()
