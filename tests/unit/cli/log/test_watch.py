"""``vaultproof log watch``: one run, what it tells and to whom, and runs after it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from generator.rehearsal.log_server.faults import FaultKind, FaultPlan
from generator.rehearsal.log_server.importing import import_deployments
from generator.rehearsal.log_server.ledger import Ledger
from generator.rehearsal.signer import NAMESPACE
from tests.unit.cli.conftest import ROOT, Ran, Run
from tests.unit.cli.log.rehearsed import DEPLOYMENTS, append, rehearsed, with_key, with_role
from tests.unit.cli.log.test_audit import validator
from tests.unit.mirror.served import serving
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.presentation.log_english import CODES


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return rehearsed(tmp_path / "log.sqlite")


def watch(run: Run, store: Path, *arguments: object) -> Ran:
    return run("log", "watch", NAMESPACE, "--no-fetch", "--store", store, *arguments)


def lines(out: str) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """The events of a run, and its last line; each follows its schema."""
    *events, last = [json.loads(line) for line in out.splitlines()]
    for event in events:
        validator("log-event").validate(event)
    validator("log-watch").validate(last)
    return [(event["event"], event["finding"]["code"]) for event in events], last


def test_each_finding_is_told_once(run: Run, store: Path) -> None:
    first = watch(run, store, "--format", "json")
    events, last = lines(first.out)
    assert first.code == ExitCode.VERIFIED
    assert events == [("new", "keys-changed"), ("new", "keys-changed")]
    assert (last["conclusion"], last["standing"], last["fetched"]) == ("holds", 2, False)
    again = watch(run, store, "--format", "json")
    assert lines(again.out)[0] == []
    assert again.code == ExitCode.VERIFIED


def test_a_planted_key_and_a_role_change_are_told_in_words(run: Run, store: Path) -> None:
    watch(run, store)
    append(store, 4, with_key())
    told = watch(run, store, "--evidence", DEPLOYMENTS)
    assert told.code == ExitCode.COULD_NOT_CHECK
    assert f"New: Could not be checked: Epoch 4: {CODES['epoch-without-evidence']}" in told.out
    assert f"New: Note: Epoch 4: {CODES['keys-changed']}" in told.out
    append(store, 5, with_role("not-a-session"))
    told = watch(run, store, "--evidence", DEPLOYMENTS)
    assert told.code == ExitCode.CONTRADICTED
    assert f"New: Does NOT match: Epoch 5: {CODES['role-changed-in-log']}" in told.out
    assert "Epoch 4: This epoch was logged" not in told.out
    assert "REHEARSAL  " in told.out
    # However often somebody looks, it stays contradicted, and is not told again.
    told = watch(run, store, "--evidence", DEPLOYMENTS)
    assert told.code == ExitCode.CONTRADICTED
    assert "nothing changed" in told.out


def test_a_log_that_signed_another_record_than_was_published_is_a_fork(run: Run, tmp_path: Path) -> None:
    """Neither side shows it by itself: the log's record holds, and so does the published one."""
    ledger = Ledger()
    import_deployments(ledger, DEPLOYMENTS)
    store = tmp_path / "log.sqlite"
    with serving(ledger, FaultPlan(kind=FaultKind.CHANGED_PAST, epoch=2)) as server:
        run("log", "fetch", NAMESPACE, "--url", server.address, "--store", store, "--first", "1")
    assert run("log", "audit", NAMESPACE, "--store", store, "--no-keys").code == ExitCode.VERIFIED
    again = tmp_path / "again.sqlite"
    again.write_bytes(store.read_bytes())
    matched = run("log", "reconcile", NAMESPACE, "--store", store, "--evidence", DEPLOYMENTS)
    assert matched.code == ExitCode.CONTRADICTED
    assert matched.out.count("[fork]") == 1
    told = watch(run, again, "--no-keys", "--evidence", DEPLOYMENTS, "--format", "json")
    events, last = lines(told.out)
    assert told.code == ExitCode.CONTRADICTED
    assert events.count(("new", "fork")) == last["counts"]["fork"] == 1
    assert run("log", "audit", NAMESPACE, "--store", store, "--no-keys").code == ExitCode.CONTRADICTED


def test_every_run_walks_what_is_new_unless_told_otherwise(run: Run, store: Path) -> None:
    watch(run, store)
    watch(run, store)
    told = run("log", "audit", NAMESPACE, "--store", store, "--continue")
    assert "up to epoch 3 everything held in an earlier audit" in told.out
    assert watch(run, store, "--full").code == ExitCode.VERIFIED


def test_what_somebody_else_audited_in_between_is_told_all_the_same(run: Run, store: Path) -> None:
    watch(run, store)
    append(store, 4, with_key())
    assert run("log", "audit", NAMESPACE, "--store", store).code == ExitCode.VERIFIED
    events, _ = lines(watch(run, store, "--format", "json").out)
    assert events == [("new", "keys-changed")]


# --- to whom --------------------------------------------------------------------------------------------------------


def test_a_command_gets_each_event_on_its_standard_input(run: Run, store: Path, tmp_path: Path) -> None:
    heard = tmp_path / "heard with space"
    program = tmp_path / "tell.py"
    program.write_text("import sys\nopen(sys.argv[1], 'ab').write(sys.stdin.buffer.read())\n")
    command = f"{sys.executable} {program} '{heard}'"
    watch(run, store, "--on-finding", command)
    watch(run, store, "--on-finding", command)
    events = [json.loads(line) for line in heard.read_bytes().splitlines()]
    assert [(event["event"], event["finding"]["epoch"]) for event in events] == [("new", 2), ("new", 3)]
    for event in events:
        validator("log-event").validate(event)
        assert event["scope"] == "rehearsal"


@pytest.mark.parametrize("command", [f"{sys.executable} -c 'raise SystemExit(3)'", "./no-such-command"])
def test_a_command_that_fails_is_told_again_by_the_next_run(run: Run, store: Path, command: str) -> None:
    for _ in range(2):
        told = watch(run, store, "--on-finding", command, "--format", "json")
        assert told.code == ExitCode.COULD_NOT_CHECK
        assert "it is told again by the next run" in told.err
        events, last = lines(told.out)
        assert len(events) == last["undelivered"] == 2
    events, _ = lines(watch(run, store, "--format", "json").out)
    assert len(events) == 2


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        server.heard.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: tests read what was heard."""


@contextmanager
def webhook(status: int = 204) -> Iterator[Any]:
    server: Any = HTTPServer(("127.0.0.1", 0), _Hook)
    server.heard, server.status = [], status
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_webhook_gets_each_event_and_no_secret(run: Run, store: Path) -> None:
    with webhook() as server:
        address = f"http://127.0.0.1:{server.server_port}/hook"
        watch(run, store, "--webhook", address)
        assert watch(run, store, "--webhook", address).code == ExitCode.VERIFIED
    assert len(server.heard) == 2
    for headers, body in server.heard:
        assert headers["Content-Type"] == "application/json"
        assert not {"authorization", "cookie"} & {name.lower() for name in headers}
        validator("log-event").validate(json.loads(body))


@pytest.mark.parametrize("status", [301, 404, 500])
def test_a_webhook_that_fails_is_told_again(run: Run, store: Path, status: int) -> None:
    with webhook(status) as server:
        address = f"http://127.0.0.1:{server.server_port}/hook"
        told = watch(run, store, "--webhook", address)
        assert told.code == ExitCode.COULD_NOT_CHECK
        assert f"the webhook answered with status {status}" in told.err
        server.status = 200
        watch(run, store, "--webhook", address)
    assert len(server.heard) == 4


def test_feeds_are_kept_and_change_only_when_something_does(run: Run, store: Path, tmp_path: Path) -> None:
    feeds = tmp_path / "feeds"
    watch(run, store, "--feeds", feeds)
    assert sorted(path.name for path in feeds.iterdir()) == ["findings.atom", "findings.json"]
    before = {path.name: (path.read_bytes(), path.stat().st_ino) for path in feeds.iterdir()}
    watch(run, store, "--feeds", feeds)
    assert {path.name: (path.read_bytes(), path.stat().st_ino) for path in feeds.iterdir()} == before
    append(store, 4, with_role("not-a-session"))
    watch(run, store, "--feeds", feeds)
    value = json.loads((feeds / "findings.json").read_bytes())
    assert value["items"][0]["title"].startswith("REHEARSAL: ")
    assert CODES["role-changed-in-log"] in {item["content_text"].splitlines()[0] for item in value["items"]}
    assert oct((feeds / "findings.atom").stat().st_mode)[-3:] == "644"


# --- the log itself -------------------------------------------------------------------------------------------------


def test_a_run_fetches_and_trouble_is_told_once_and_is_no_accusation(run: Run, tmp_path: Path) -> None:
    ledger = Ledger()
    import_deployments(ledger, DEPLOYMENTS)
    store = tmp_path / "fresh.sqlite"
    arguments = ("log", "watch", NAMESPACE, "--store", store, "--artifacts", DEPLOYMENTS, "--evidence", DEPLOYMENTS,
                 "--format", "json", "--url")  # fmt: skip
    with serving(ledger) as server:
        told = run(*arguments, server.address)
        address = server.address
    events, last = lines(told.out)
    assert told.code == ExitCode.VERIFIED
    assert {code for _, code in events} <= {"keys-changed", "key-pinned-not-advertised", "key-dates-differ"}
    assert (last["epochs"], last["fetched"]) == ({"first": 1, "last": 3, "count": 3}, True)
    for expected in ([("new", "log-unreachable")], []):
        gone = run(*arguments, address)
        assert gone.code == ExitCode.COULD_NOT_CHECK
        assert lines(gone.out)[0] == expected
    with serving(ledger) as server:
        back = run(*arguments, server.address)
    assert lines(back.out)[0] == [("gone", "log-unreachable")]
    assert back.code == ExitCode.VERIFIED


def test_a_service_runs_again_and_again_and_ends_when_it_is_asked_to(store: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "vaultproof.cli", "log", "watch", NAMESPACE, "--no-fetch", "--store", str(store),
         "--every", "30m", "--format", "json"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    told = [json.loads(process.stdout.readline()) for _ in range(3)]
    assert told[-1]["schema"] == "vaultproof/log-watch@1"
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (ExitCode.VERIFIED, b"", b"")


def test_intervals_go_on_after_a_run_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    from vaultproof.cli.log import watch as module
    from vaultproof.errors import Unavailable

    outcomes: list[Any] = [Unavailable("store-busy", "busy"), ExitCode.CONTRADICTED, ExitCode.VERIFIED]
    waited: list[float] = []

    def run() -> ExitCode:
        outcome = outcomes.pop(0)
        if not outcomes:
            os.kill(os.getpid(), signal.SIGTERM)
        if isinstance(outcome, Exception):
            raise outcome
        code: ExitCode = outcome
        return code

    class Event:
        """Waits for nothing."""

        def __init__(self) -> None:
            self._set = False

        def set(self) -> None:
            self._set = True

        def is_set(self) -> bool:
            return self._set

        def wait(self, seconds: float) -> None:
            waited.append(seconds)

    monkeypatch.setattr("threading.Event", Event)
    handler = signal.getsignal(signal.SIGTERM)
    assert module._again_and_again(run, 3600) is ExitCode.VERIFIED
    assert signal.getsignal(signal.SIGTERM) is handler
    assert len(waited) == 3
    assert all(3500 < seconds <= 3600 for seconds in waited)


def test_what_cannot_be_an_address_is_a_slip_of_the_hand_and_contradicts_nothing(run: Run, tmp_path: Path) -> None:
    told = run("log", "watch", NAMESPACE, "--store", tmp_path / "x.sqlite", "--url", "log.example")
    assert told.code == ExitCode.USAGE
    assert "this cannot be the address of a log" in told.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--every", "6"), "'6' is not an interval like 30m, 6h or 1d"),
        (("--every", "0h"), "is not an interval"),
        (("--every", "1h", "--once"), "--once and --every are two answers"),
        (("--on-finding", "'"), "invalid value for '--on-finding'"),
        (("--on-finding", " "), "there is no command"),
        (("--webhook", "ftp://x"), "is not an address"),
        (("--webhook", "http://["), "is not an address"),
    ],
)
def test_what_is_not_understood_is_usage(run: Run, store: Path, arguments: tuple[str, ...], told: str) -> None:
    ran = watch(run, store, *arguments)
    assert ran.code == ExitCode.USAGE
    assert told in ran.err
