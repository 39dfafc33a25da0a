"""The browser's way into the core, without a browser: what a practice run leaves behind, and how it gives way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import SignatureCheck
from vaultproof.presentation.view import FactView, SubstepView, as_json
from verifier_web.packing import entry

T = TypeVar("T")

EVIDENCE = Path(__file__).parents[3] / "evidence"
DEPLOYMENT = "rehearsal-messenger-2026"


class Counting(OpenSslBackend):
    """Counts what it verifies; each check lets others have their turn first, as WebCrypto does."""

    def __init__(self) -> None:
        super().__init__()
        self.checks = 0
        self.third = asyncio.Event()

    async def verify(self, check: SignatureCheck) -> None:
        await asyncio.sleep(0)
        self.checks += 1
        if self.checks == 3:
            self.third.set()
        await super().verify(check)


def _settle(work: Coroutine[Any, Any, T]) -> T:
    """Run in a thread of its own: the tests with a real browser leave an event loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def _entries(folder: Path) -> list[Any]:
    """Files as JavaScript hands them over."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        SimpleNamespace(path=path.relative_to(folder).as_posix(), bytes=SimpleNamespace(to_bytes=path.read_bytes))
        for path in paths
    ]


@pytest.fixture
def request_() -> Any:
    return SimpleNamespace(
        files=_entries(EVIDENCE / "deployments" / DEPLOYMENT),
        zip=None,
        trust=_entries(EVIDENCE / "trust"),
        procedures=_entries(EVIDENCE / "procedure"),
        now="2026-11-22T12:00:00Z",
        expectedDigest=None,
        expectedFor=None,
    )


@pytest.fixture
def backend() -> Counting:
    return Counting()


@pytest.fixture
def verifier(backend: Counting, monkeypatch: pytest.MonkeyPatch) -> entry.Verifier:
    monkeypatch.setattr(entry, "WebCryptoBackend", lambda: backend)
    return entry.Verifier()


def _run(verifier: entry.Verifier, request: Any) -> Any:
    """The run that counts: its last event."""
    told: list[str] = []
    _settle(verifier.run(request, None, told.append))
    return json.loads(told[-1])


def test_the_run_that_counts_verifies_every_signature_again(
    verifier: entry.Verifier, backend: Counting, request_: Any
) -> None:
    _settle(verifier.practise(request_))
    practised = backend.checks
    assert practised > 0
    assert _run(verifier, request_)["verdict"]["outcome"] == "verified"
    assert backend.checks == 2 * practised


def test_what_was_practised_with_good_files_is_no_verdict_on_bad_ones(verifier: entry.Verifier, request_: Any) -> None:
    _settle(verifier.practise(request_))
    (statement,) = (file for file in request_.files if file.path == "statement.md")
    statement.bytes = SimpleNamespace(to_bytes=lambda: b"changed")
    assert _run(verifier, request_)["verdict"]["outcome"] == "contradicted"


def test_a_rehearsal_is_marked_before_its_first_step(verifier: entry.Verifier, request_: Any) -> None:
    told: list[str] = []
    _settle(verifier.run(request_, None, told.append))
    assert json.loads(told[0]) == {"type": "scope", "scope": "rehearsal"}
    assert json.loads(told[1])["type"] == "step-started"


def test_practice_gives_way_at_the_next_signature(verifier: entry.Verifier, backend: Counting, request_: Any) -> None:
    async def practise_until_somebody_asks() -> int:
        practice = asyncio.ensure_future(verifier.practise(request_))
        await backend.third.wait()
        verifier.give_practice_up()
        await practice
        return backend.checks

    assert _settle(practise_until_somebody_asks()) <= 4
    assert _run(verifier, request_)["verdict"]["outcome"] == "verified"


def test_there_may_be_no_practice_to_give_up(verifier: entry.Verifier) -> None:
    verifier.give_practice_up()


def test_a_view_is_told_as_the_site_writes_it() -> None:
    fact = FactView(
        label="l", found="f", expected=None, differs=False, origin="o", origin_label="O", compared=True, file="x"
    )
    view = SubstepView(
        id="i", subject=None, status="match", status_label="Match", sentence="s", code="c", facts=(fact, fact)
    )
    assert json.loads(json.dumps(view, default=entry._fields)) == json.loads(json.dumps(as_json(view)))
