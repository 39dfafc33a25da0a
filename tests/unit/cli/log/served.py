"""``vaultproof log serve`` as a process of its own, for tests of the other commands."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.unit.cli.conftest import ROOT


@contextmanager
def log_server(*arguments: object) -> Iterator[str]:
    """Its address, while it runs; ``arguments`` are its options."""
    process = subprocess.Popen(
        [sys.executable, "-m", "vaultproof.cli", "log", "serve", "--port", "0", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        address, says = process.stdout.readline().split()
        assert says == "REHEARSAL"
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=30)


def dump(store: Path) -> list[str]:
    """What a store holds, without times, and without ids: what does not depend on when things came."""
    import sqlite3

    connection = sqlite3.connect(store)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchone() is None
        answer = "a.namespace, a.resource, a.epoch, a.status, hex(a.body), hex(a.sha256), a.origin, a.readable"
        queries = (
            f"SELECT {answer} FROM answer a",  # noqa: S608 - words of this test alone
            f"SELECT r.namespace, hex(r.digest), r.timestamp, {answer} FROM record r JOIN answer a ON a.id=r.answer_id",  # noqa: S608 - likewise
            f"SELECT r.namespace, r.epoch, {answer} FROM rival r JOIN answer a ON a.id=r.answer_id",  # noqa: S608 - likewise
            "SELECT * FROM span",
        )
        return [line for query in queries for line in sorted(map(repr, connection.execute(query)))]
    finally:
        connection.close()
