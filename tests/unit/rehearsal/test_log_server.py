"""The rehearsal's log server: the signer's answers, and its write rules."""

from __future__ import annotations

import json
import shutil
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.rehearsal.authorities import signer_keys
from generator.rehearsal.log_server.importing import import_deployments
from generator.rehearsal.log_server.ledger import Ledger, NotALedgerError, RefusedError
from generator.rehearsal.log_server.server import LogServer
from generator.rehearsal.signer import NAMESPACE
from tests.unit.mirror.served import START, add_epochs, digest, made_ledger, serving
from vaultproof.evidence.epoch import read_epoch
from vaultproof.signer_log.answers import NamespaceStatus, read_info, read_last_verified, read_namespace_entry
from vaultproof.signer_log.answers import read_namespaces as read_list

DEPLOYMENTS = Path(__file__).parents[3] / "evidence/deployments"
ROOT = "7b9d63b5eba7c6a30d7cfa0ec370c9c80312672c4595d22de6d461005217c176"


@pytest.fixture
def server() -> Iterator[LogServer]:
    with serving(made_ledger(3)) as server:
        yield server


def _ask(
    server: LogServer, path: str, value: object = None, *, agent: str = "vaultproof tests"
) -> tuple[int, bytes, str]:
    data = None if value is None else value if isinstance(value, bytes) else json.dumps(value).encode()
    request = urllib.request.Request(server.address + path, data=data, headers={"User-Agent": agent})  # noqa: S310 - our own
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own - the server of this test
            return answer.status, answer.read(), answer.headers["Server"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers["Server"]


def _publish(server: LogServer, epoch: object, digest_: object) -> tuple[int, str]:
    status, body, _ = _ask(server, f"/namespaces/{NAMESPACE}/audits", {"epoch": epoch, "digest": digest_})
    return status, body.decode()


def test_it_answers_as_the_signers_api_does(server: LogServer) -> None:
    info = read_info(_ask(server, "/info")[1])
    assert [key.public_key for key in info.keys] == [key.public for key in signer_keys()]
    entry = read_namespace_entry(_ask(server, f"/namespaces/{NAMESPACE}")[1])
    assert entry.status is NamespaceStatus.ONLINE
    assert str(entry.root) == f"1/{digest(1)}"
    assert read_list(_ask(server, "/namespaces")[1]) == (entry,)
    record = read_epoch(_ask(server, f"/namespaces/{NAMESPACE}/audits/2")[1], file="2")
    assert (record.epoch, record.namespace, record.digest.hex()) == (2, NAMESPACE, digest(2))
    key = next(key for key in signer_keys() if key.key_id == record.key_id)
    key.private.public_key().verify(record.signature, record.signed_message())


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/namespaces/rehearsal.other",
        f"/namespaces/{NAMESPACE}/audits/4",
        f"/namespaces/{NAMESPACE}/audits/0",
        f"/namespaces/{NAMESPACE}/audits/one",
        f"/namespaces/{NAMESPACE}/last-verified-epoch",
        "/namespaces/rehearsal.other/audits/1",
        "/namespaces/../../etc/passwd",
    ],
)
def test_what_is_not_there_is_404_and_says_rehearsal(server: LogServer, path: str) -> None:
    status, body, name = _ask(server, path)
    assert status == 404
    assert body.startswith(b"REHEARSAL")
    assert name.startswith("REHEARSAL")


def test_the_last_verified_epoch_is_told_on_request() -> None:
    with serving(made_ledger(5), verified=3) as server:
        last = read_last_verified(_ask(server, f"/namespaces/{NAMESPACE}/last-verified-epoch")[1])
    assert (last.epoch, last.start_hash.hex(), last.end_hash.hex()) == (3, digest(2), digest(3))


@pytest.mark.parametrize("agent", ["Python-urllib/3.11", "python-requests/2.32", "urllib3/2"])
def test_default_python_agents_are_refused_as_by_the_live_server(server: LogServer, agent: str) -> None:
    assert _ask(server, "/info", agent=agent)[0] == 403


def test_a_new_epoch_is_signed_and_stays(server: LogServer) -> None:
    status, body = _publish(server, 4, "ab" * 32)
    assert status == 200
    assert _ask(server, f"/namespaces/{NAMESPACE}/audits/4")[1].decode() == body
    assert read_epoch(body.encode(), file="4").digest.hex() == "ab" * 32


@pytest.mark.parametrize(
    ("epoch", "digest_", "says"),
    [
        (5, "ab" * 32, "one by one"),
        (3, "ab" * 32, "republished"),
        (3, digest(3), "republished"),
        (4, digest(1), "unique"),
        (4, "ab" * 31, "32 bytes"),
        (4, "zz" * 32, "32 bytes"),
        (4, 7, "JSON object"),
        ("4", "ab" * 32, "JSON object"),
        (True, "ab" * 32, "JSON object"),
    ],
)
def test_what_breaks_a_rule_is_refused_and_changes_nothing(
    server: LogServer, epoch: object, digest_: object, says: str
) -> None:
    status, body = _publish(server, epoch, digest_)
    assert status == 400
    assert says in body
    assert body.startswith("REHEARSAL")
    assert server.ledger.namespace(NAMESPACE).head == 3


def test_a_request_that_is_no_json_is_refused(server: LogServer) -> None:
    assert _ask(server, f"/namespaces/{NAMESPACE}/audits", b"{")[0] == 400
    assert _ask(server, f"/namespaces/{NAMESPACE}/audits", b" " * 20_000)[0] == 400
    assert _ask(server, "/namespaces", b"[]")[0] == 400


def test_a_namespace_is_made_and_its_first_epoch_must_be_its_root(server: LogServer) -> None:
    root = f"1/{'cd' * 32}"
    status, body, _ = _ask(server, "/namespaces", {"name": "rehearsal.new", "root": root, "log_directory": None})
    assert status == 200
    entry = read_namespace_entry(body)
    assert (entry.status, str(entry.root)) == (NamespaceStatus.INITIALIZATION, root)
    refused = _ask(server, "/namespaces/rehearsal.new/audits", {"epoch": 1, "digest": "ab" * 32})
    assert refused[0] == 400
    assert b"root" in refused[1]
    assert _ask(server, "/namespaces/rehearsal.new/audits", {"epoch": 1, "digest": "cd" * 32})[0] == 200
    assert read_namespace_entry(_ask(server, "/namespaces/rehearsal.new")[1]).status is NamespaceStatus.ONLINE
    assert _ask(server, "/namespaces", {"name": "rehearsal.new"})[0] == 400


@pytest.mark.parametrize(
    "value",
    [
        {"name": "meta.encrypted_backups.fleet_keys.v1"},
        {"name": "rehearsal./../x"},
        {"name": "rehearsal.x", "root": "1/ab"},
        {"name": "rehearsal.x", "log_directory": 5},
        {"root": "1/ab"},
    ],
)
def test_a_namespace_that_is_none_of_a_rehearsals_is_refused(server: LogServer, value: dict[str, Any]) -> None:
    assert _ask(server, "/namespaces", value)[0] == 400
    assert len(server.ledger.namespaces()) == 1


def test_a_disabled_namespace_takes_nothing(server: LogServer) -> None:
    server.ledger.disable(NAMESPACE)
    assert _publish(server, 4, "ab" * 32) == (400, "REHEARSAL: Namespace is disabled and read-only.\n")
    assert read_namespace_entry(_ask(server, f"/namespaces/{NAMESPACE}")[1]).status is NamespaceStatus.DISABLED


def test_times_rise_even_when_the_clock_does_not() -> None:
    ledger = made_ledger(1)
    body = ledger.publish(NAMESPACE, 2, digest(2), now=START)
    assert read_epoch(body, file="2").timestamp == START + 1001


def test_it_keeps_its_log_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "log.sqlite"
    first = made_ledger(2, file)
    body = first.record(NAMESPACE, 2)
    first.close()
    again = Ledger(file)
    assert again.record(NAMESPACE, 2) == body
    assert add_epochs(again, 3).namespace(NAMESPACE).head == 3
    again.close()


def test_a_file_of_something_else_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "theirs.sqlite"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    before = file.read_bytes()
    with pytest.raises(NotALedgerError):
        Ledger(file)
    assert file.read_bytes() == before


def test_it_takes_the_epochs_of_the_committed_rehearsals_as_they_are() -> None:
    ledger = Ledger()
    assert import_deployments(ledger, DEPLOYMENTS) == {NAMESPACE: 3}
    assert import_deployments(ledger, DEPLOYMENTS / "rehearsal-messenger-2025") == {NAMESPACE: 0}
    assert ledger.namespace(NAMESPACE).root == f"1/{ROOT}"
    for epoch in (1, 2, 3):
        kept = (DEPLOYMENTS / f"rehearsal-messenger-2026/audit/{epoch}.json").read_bytes()
        assert ledger.record(NAMESPACE, epoch) == kept


def test_it_takes_no_epoch_that_differs_and_none_of_a_real_signer(tmp_path: Path) -> None:
    ledger = made_ledger(3)
    with pytest.raises(RefusedError, match="another one in this log"):
        import_deployments(ledger, DEPLOYMENTS)
    audit = tmp_path / "one/audit"
    shutil.copytree(DEPLOYMENTS / "rehearsal-messenger-2025/audit", audit)
    record = audit / "1.json"
    record.write_bytes(record.read_bytes().replace(b'"rehearsal.', b'"real.'))
    with pytest.raises(RefusedError, match="no rehearsal's namespace"):
        import_deployments(Ledger(), tmp_path)
