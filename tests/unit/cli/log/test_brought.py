"""A copy with a flipped bit, from the import to the day on which the log itself has answered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.rehearsal.log_server.importing import import_deployments
from generator.rehearsal.log_server.ledger import Ledger
from generator.rehearsal.log_server.server import LogServer
from generator.rehearsal.signer import NAMESPACE
from tests.unit.cli.conftest import EVIDENCE, Ran, Run
from tests.unit.cli.log.rehearsed import DEPLOYMENTS
from tests.unit.mirror.served import add_epochs, serving
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.mirror.layout import INDEX
from vaultproof.presentation.log_english import ADVICE_BY_CODE, CODES

EPOCHS = 12


@pytest.fixture(scope="module")
def server() -> Iterator[LogServer]:
    ledger = Ledger()
    import_deployments(ledger, EVIDENCE / "deployments")
    with serving(add_epochs(ledger, EPOCHS)) as served:
        yield served


def _fetch(run: Run, server: LogServer, store: Path, *more: object) -> Ran:
    return run("log", "fetch", NAMESPACE, "--url", server.address, "--store", store, "--first", "1", *more)


def _audit(run: Run, store: Path) -> Ran:
    return run("log", "audit", NAMESPACE, "--store", store, "--no-keys")


def _watch(run: Run, store: Path) -> list[tuple[str, str]]:
    ran = run("log", "watch", NAMESPACE, "--no-fetch", "--no-keys", "--store", store, "--format", "json")
    return [
        (event["event"], event["finding"]["code"])
        for event in map(json.loads, ran.out.splitlines())
        if event["schema"] == "vaultproof/log-event@1"
    ]


def _flip(copy: Path, epoch: int) -> None:
    """Whoever made the copy gives its index the digest of what stands there, so that the copy is whole."""
    place = copy / f"namespaces/{NAMESPACE}/audits/{epoch}.json"
    body = place.read_bytes()
    before = json.loads(body)["signature"]
    flipped = body.replace(before.encode(), before.replace(before[7], "0" if before[7] != "0" else "1").encode())
    place.write_bytes(flipped)
    index = (copy / INDEX).read_text().replace(hashlib.sha256(body).hexdigest(), hashlib.sha256(flipped).hexdigest())
    (copy / INDEX).write_text(index)


@pytest.fixture
def store(run: Run, server: LogServer, tmp_path: Path) -> Path:
    """A mirror that was made from a copy in which one bit of epoch 5 is another, and from nothing else."""
    genuine, copy, store = tmp_path / "genuine.sqlite", tmp_path / "copy", tmp_path / "log.sqlite"
    assert _fetch(run, server, genuine).code == ExitCode.VERIFIED
    run("log", "export", copy, "--store", genuine)
    _flip(copy, 5)
    told = run("log", "import", copy, "--store", store)
    assert told.code == ExitCode.VERIFIED
    assert "vaultproof log fetch" in told.out, "it says how to hear the log itself"
    return store


def test_it_accuses_nobody_and_the_log_itself_settles_it(run: Run, server: LogServer, store: Path) -> None:
    audited = _audit(run, store)
    assert audited.code == ExitCode.COULD_NOT_CHECK
    assert CODES["brought-record-fails"] in audited.out
    assert ADVICE_BY_CODE["brought-record-fails"] in audited.out
    assert "Nothing contradicts." in audited.out
    assert ("new", "brought-record-fails") in _watch(run, store)
    assert _watch(run, store) == [], "told once"

    _fetch(run, server, store, "--newest", "0", "--sample", "0")
    audited = _audit(run, store)
    assert audited.code == ExitCode.VERIFIED
    assert "[brought-answer-fails]" in audited.out
    assert _watch(run, store) == [("new", "brought-answer-fails"), ("gone", "brought-record-fails")]
    assert _watch(run, store) == []
    matched = run("log", "reconcile", NAMESPACE, "--store", store, "--evidence", DEPLOYMENTS, "--format", "json")
    assert json.loads(matched.out)["epochs"] == EPOCHS


def test_reconciling_alone_takes_the_answer_that_holds(run: Run, server: LogServer, store: Path) -> None:
    reconcile = ("log", "reconcile", NAMESPACE, "--store", store, "--evidence", DEPLOYMENTS, "--format", "json")
    assert json.loads(run(*reconcile).out)["epochs"] == EPOCHS - 1
    _fetch(run, server, store, "--brought")
    assert json.loads(run(*reconcile).out)["epochs"] == EPOCHS


def test_an_export_of_it_is_a_copy_like_any_other(run: Run, server: LogServer, store: Path, tmp_path: Path) -> None:
    _audit(run, store)
    _fetch(run, server, store)
    _audit(run, store)
    run("log", "export", tmp_path / "again", "--store", store)
    run("log", "import", tmp_path / "again", "--store", tmp_path / "other.sqlite")
    audited = _audit(run, tmp_path / "other.sqlite")
    assert audited.code == ExitCode.VERIFIED, "both are there, and the signature of the good one holds"
    assert "[brought-answer-fails]" in audited.out
