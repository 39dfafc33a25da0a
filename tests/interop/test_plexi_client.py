"""The signer's own public client against our rehearsal log and our copies of it: its answers must equal ours.

The client is the crate ``plexi`` (cloudflare/plexi, Apache-2.0).  ``make plexi`` builds it, once, into a cache folder
outside this tree; ``VAULTPROOF_PLEXI`` may name another one.  It is no part of ``make test``: building it takes four
minutes of one processor (measured on two cores: 228 s, and more where others work too) and needs Rust and ``protoc``.
Without it these tests are skipped, and say so.

Where a namespace's ``log_directory`` is the empty string, as that of the fleet keys is, the client's ``audit`` stops at
the empty address after it has checked the signature; with ``null`` it takes the namespace for one without proofs.  So
records of the committed rehearsals are given to its ``local-audit``.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.rehearsal.authorities import signer_keys
from generator.rehearsal.log_server.faults import FaultKind, FaultPlan
from generator.rehearsal.log_server.importing import import_deployments
from generator.rehearsal.log_server.ledger import Ledger
from generator.rehearsal.log_server.server import LogServer
from generator.rehearsal.signer import NAMESPACE
from tests.unit.mirror.served import add_epochs, client_of, digest, serving
from vaultproof.crypto.keys import ed25519_spki
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import Algorithm, SignatureCheck, run_to_completion
from vaultproof.errors import Mismatch
from vaultproof.evidence.epoch import EpochRecord, read_epoch
from vaultproof.mirror.answer import Resource
from vaultproof.mirror.fetch import FetchPlan, fetch
from vaultproof.mirror.store import Store
from vaultproof.mirror.transfer import export
from vaultproof.signer_log.answers import NamespaceEntry, read_namespace_entry
from vaultproof.signer_log.paths import epoch_path
from vaultproof.strict.encodings import format_time

DEPLOYMENTS = Path(__file__).parents[2] / "evidence/deployments"
OTHER = "rehearsal.without_proofs.v1"
EPOCHS = 5
SUITES = {1: "ed25519(protobuf)", 2: "ed25519(bincode)"}


def _binary() -> Path | None:
    named = os.environ.get("VAULTPROOF_PLEXI")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = Path(named) if named else cache / "vaultproof/plexi/bin/plexi"
    return path if path.is_file() else None


PLEXI = _binary()
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(PLEXI is None, reason="the signer's client is not built here: make plexi (needs Rust, protoc)"),
]


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """The committed rehearsals' log, and a namespace without proofs."""
    ledger = Ledger()
    import_deployments(ledger, DEPLOYMENTS)
    ledger.create(OTHER, log_directory=None)
    return add_epochs(ledger, EPOCHS, namespace=OTHER)


@pytest.fixture
def server(ledger: Ledger) -> Iterator[LogServer]:
    with serving(ledger, verified=EPOCHS) as server:
        yield server


def _plexi(*arguments: str) -> tuple[int, str]:
    """Exit code and standard output, without colours."""
    environment = {"PATH": os.environ["PATH"], "NO_COLOR": "1", "NO_PROXY": "*"}
    ran = subprocess.run(
        [str(PLEXI), *arguments], capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    return ran.returncode, re.sub(r"\x1b\[[0-9;]*m", "", ran.stdout)


def _fields(text: str) -> dict[str, str]:
    return {key.strip(): value.strip() for key, value in re.findall(r"^  ([A-Za-z ]+?) *: ?(.*)$", text, re.MULTILINE)}


def _mirrored(server: LogServer, store: Store, namespace: str) -> None:
    with client_of(server) as client:
        assert fetch(client, store, FetchPlan(namespace=namespace)).complete


def _entry(store: Store, namespace: str) -> NamespaceEntry:
    answer = store.latest(namespace, Resource.NAMESPACE)
    assert answer is not None
    return read_namespace_entry(answer.body)


def _holds(record: EpochRecord, key: bytes) -> bool:
    """Our own answer about a record under a key."""
    check = SignatureCheck(
        algorithm=Algorithm.ED25519, public_key=ed25519_spki(key), message=record.signed_message(),
        signature=record.signature,
    )  # fmt: skip
    try:
        run_to_completion(OpenSslBackend().verify(check))
    except Mismatch:
        return False
    return True


def _key(record: EpochRecord) -> bytes:
    return next(key.public for key in signer_keys() if key.key_id == record.key_id)


def test_it_lists_the_namespaces_that_we_do(server: LogServer) -> None:
    code, out = _plexi("ls", "--remote-url", server.address)
    assert code == 0
    assert out.split() == [NAMESPACE, OTHER] == [namespace.name for namespace in server.ledger.namespaces()]


@pytest.mark.parametrize("namespace", [NAMESPACE, OTHER])
def test_it_reads_of_a_namespace_what_we_do(server: LogServer, tmp_path: Path, namespace: str) -> None:
    with Store.open(tmp_path / "s", create=True) as store:
        _mirrored(server, store, namespace)
        ours = _entry(store, namespace)
    code, out = _plexi("ls", "--long", "--namespace", namespace, "--remote-url", server.address)
    assert code == 0
    assert out.split()[0] == ours.name
    assert _fields(out) == {
        "Status": ours.status.capitalize(),
        "Ciphersuite": SUITES[ours.ciphersuite or 0],
        "Root": str(ours.root),
        "Directory": "" if namespace == NAMESPACE else "-",
    }


@pytest.mark.parametrize("epoch", [None, *range(1, EPOCHS + 1)])
def test_it_says_of_each_epoch_what_we_do(server: LogServer, tmp_path: Path, epoch: int | None) -> None:
    asked = () if epoch is None else ("--epoch", str(epoch))
    code, out = _plexi("audit", "--long", "--remote-url", server.address, "--namespace", OTHER, *asked)
    assert code == 0
    with Store.open(tmp_path / "s", create=True) as store:
        _mirrored(server, store, OTHER)
        ((_, body),) = store.records(OTHER, epoch or EPOCHS, epoch or EPOCHS)
    record = read_epoch(body, file="record")
    assert record.digest.hex() == digest(epoch or EPOCHS)
    assert _holds(record, _key(record))
    assert _fields(out) == {
        "Name": record.namespace,
        "Ciphersuite": SUITES[record.ciphersuite],
        "Epoch height": str(record.epoch),
        "Epoch digest": record.digest.hex(),
        "Signature": record.signature.hex(),
        "Signature verification": "success",
        "Proof verification": "-",
    }
    assert out.count(f"Signature ({_seconds(record.timestamp)})") == 1


def _seconds(milliseconds: int) -> str:
    from datetime import UTC, datetime

    return format_time(datetime.fromtimestamp(milliseconds // 1000, UTC))


def test_neither_finds_an_epoch_that_is_not_there(server: LogServer) -> None:
    code, _ = _plexi("audit", "--remote-url", server.address, "--namespace", OTHER, "--epoch", str(EPOCHS + 1))
    assert code != 0


def test_under_the_pinned_key_neither_accepts_a_record_of_another(ledger: Ledger) -> None:
    pinned = signer_keys()[-1].public
    with serving(ledger, FaultPlan(kind=FaultKind.ROTATED_KEY, epoch=3)) as server:
        audit = ("audit", "--remote-url", server.address, "--namespace", OTHER, "--epoch", "3")
        advertised = _plexi(*audit)
        under_pinned = _plexi(*audit, "--verifying-key", pinned.hex())
        with client_of(server) as client:
            answer = client.get(epoch_path(OTHER, 3), limit=10_000)
    assert hasattr(answer, "body")
    record = read_epoch(answer.body, file="record")
    assert not _holds(record, pinned)
    assert "failed - signature does not verify for the auditor key" in under_pinned[1]
    assert advertised == (0, "success\n"), "its client believes the keys that the log itself advertises; we pin them"


def test_it_accepts_our_copy_of_the_committed_rehearsals(server: LogServer, tmp_path: Path) -> None:
    with Store.open(tmp_path / "s", create=True) as store:
        _mirrored(server, store, NAMESPACE)
        export(store, tmp_path / "copy")
    for epoch in (1, 2, 3):
        file = tmp_path / f"copy{epoch_path(NAMESPACE, epoch)}.json"
        record = read_epoch(file.read_bytes(), file=file.name)
        assert _holds(record, _key(record))
        assert _plexi("local-audit", "--verifying-key", _key(record).hex(), str(file)) == (0, "success\n")


def test_neither_accepts_a_record_that_was_changed(ledger: Ledger, tmp_path: Path) -> None:
    body = (ledger.record(OTHER, 2) or b"").replace(digest(2).encode(), digest(3).encode())
    file = tmp_path / "changed.json"
    file.write_bytes(body)
    record = read_epoch(body, file=file.name)
    assert not _holds(record, _key(record))
    _, out = _plexi("local-audit", "--verifying-key", _key(record).hex(), str(file))
    assert "failed - signature does not verify" in out
