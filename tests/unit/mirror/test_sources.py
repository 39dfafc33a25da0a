"""A second source: what belongs to an epoch by its digest is kept, whatever else lies around is not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from generator.rehearsal.log_server.importing import import_deployments
from generator.rehearsal.log_server.ledger import Ledger
from generator.rehearsal.signer import NAMESPACE
from tests.unit.mirror.served import HASTY, client_of, serving
from vaultproof.errors import Malformed, Unavailable
from vaultproof.mirror.answer import Resource
from vaultproof.mirror.client import Client, Trouble
from vaultproof.mirror.fetch import FetchPlan, fetch
from vaultproof.mirror.sources import SourceOutcome, read_template, take_addresses, take_folder
from vaultproof.mirror.store import Store

DEPLOYMENTS = Path(__file__).parents[3] / "evidence/deployments"
NEWEST = DEPLOYMENTS / "rehearsal-messenger-2026"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A mirror of the log of the committed rehearsals."""
    ledger = Ledger()
    import_deployments(ledger, DEPLOYMENTS)
    with Store.open(tmp_path / "store.sqlite", create=True) as store:
        with serving(ledger) as server, client_of(server) as client:
            assert fetch(client, store, FetchPlan(namespace=NAMESPACE)).complete
        yield store


def test_deployments_give_the_artifacts_and_counter_signatures_of_their_epochs(store: Store) -> None:
    assert take_folder(store, NAMESPACE, DEPLOYMENTS, clock=lambda: 7).kept == 5
    artifacts = list(store.artifacts(NAMESPACE))
    assert [artifact.epoch for artifact in artifacts] == [1, 2, 3]
    for artifact in artifacts:
        assert hashlib.sha256(artifact.body).digest() == store.digest_of(NAMESPACE, artifact.epoch or 0)
        assert artifact.origin.startswith("deployments/rehearsal-messenger-")
        assert artifact.first_seen == 7_000
    proofs = list(store.counter_signatures(NAMESPACE))
    assert [proof.epoch for proof in proofs] == [1, 3]
    assert proofs[1].body == (NEWEST / "bundle/proof.json").read_bytes()
    assert list(store.without(NAMESPACE, Resource.ARTIFACT)) == []
    assert [epoch for epoch, _ in store.without(NAMESPACE, Resource.COUNTER_SIGNATURE)] == [2]
    assert take_folder(store, NAMESPACE, DEPLOYMENTS).kept == 0, "a second time there is nothing new"


def test_a_folder_of_something_else_gives_nothing(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "proof.json").write_bytes(b"{")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8")
    (folder / "link").symlink_to(NEWEST)
    assert take_folder(store, NAMESPACE, folder).kept == 0


def test_a_proof_of_other_content_or_of_no_counter_signature_is_not_kept(store: Store, tmp_path: Path) -> None:
    proof = json.loads((NEWEST / "bundle/proof.json").read_bytes())
    (tmp_path / "a").mkdir()
    (tmp_path / "a/proof.json").write_text(json.dumps(proof | {"digest": "ab" * 32}))
    (tmp_path / "b").mkdir()
    del proof["counter_signature"]
    (tmp_path / "b/proof.json").write_text(json.dumps(proof))
    assert take_folder(store, NAMESPACE, tmp_path).kept == 0


def test_a_published_record_that_says_something_else_is_kept_beside_the_logs(store: Store, tmp_path: Path) -> None:
    genuine = json.loads((NEWEST / "audit/2.json").read_bytes())
    for name, changes in {
        "reworded": {"serialized_message": None},
        "other": {"digest": "ab" * 32},
        "absent epoch": {"epoch": 77},
        "other namespace": {"namespace": "rehearsal.other"},
    }.items():
        value = {key: item for key, item in (genuine | changes).items() if item is not None}
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    (tmp_path / "large.json").write_bytes(b"{" + b" " * 20_000)
    outcome = take_folder(store, NAMESPACE, tmp_path)
    assert (outcome.differing.examples, outcome.kept) == ([2], 0)
    (rival,) = store.rival_answers(NAMESPACE)
    assert (rival.epoch, rival.fetched, rival.origin) == (2, False, f"{tmp_path.name}/other.json")


def test_a_folder_that_is_not_there_is_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        take_folder(store, NAMESPACE, tmp_path / "nowhere")
    assert caught.value.code == "cannot-read"


def test_too_many_files_are_not_a_second_source(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaultproof.mirror.sources.MAX_FILES", 3)
    with pytest.raises(Unavailable, match="too many files"):
        take_folder(store, NAMESPACE, DEPLOYMENTS)


@contextmanager
def files(content: dict[str, bytes], status: int = 404) -> Iterator[str]:
    """A server of these files; ``status`` for all others."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = content.get(self.path.partition("?")[0])
            self.send_response(status if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _take(store: Store, template: str, resource: Resource = Resource.ARTIFACT) -> SourceOutcome:
    read = read_template(template)
    client = Client(read.base, patience=HASTY)
    try:
        return take_addresses(client, store, NAMESPACE, read, resource)
    finally:
        client.close()


def test_an_address_is_asked_for_every_epoch_that_lacks_something(store: Store) -> None:
    one = (NEWEST / "audit/artifacts/1.json").read_bytes()
    three = (NEWEST / "bundle/fleet-keys.json").read_bytes()
    content = {f"/{NAMESPACE}/1": one, f"/{NAMESPACE}/2": b"something else", f"/{NAMESPACE}/3": three}
    with files(content) as address:
        outcome = _take(store, address + "/{namespace}/{epoch}?key=secret")
    assert outcome.kept == 2
    assert outcome.other.examples == [2], "what was logged is not what is there"
    assert [artifact.epoch for artifact in store.artifacts(NAMESPACE)] == [1, 3]
    assert [artifact.origin for artifact in store.artifacts(NAMESPACE)] == [
        f"{address}/{NAMESPACE}/1",
        f"{address}/{NAMESPACE}/3",
    ]


def test_an_address_by_digest_and_one_of_proofs(store: Store) -> None:
    two = (NEWEST / "audit/artifacts/2.json").read_bytes()
    content = {f"/by/{hashlib.sha256(two).hexdigest()}": two, "/3": (NEWEST / "bundle/proof.json").read_bytes()}
    with files(content) as address:
        by_digest = _take(store, address + "/by/{digest}")
        proofs = _take(store, address + "/{epoch}", Resource.COUNTER_SIGNATURE)
    assert (by_digest.kept, by_digest.absent.examples) == (1, [1, 3])
    assert (proofs.kept, proofs.absent.examples) == (1, [1, 2])


def test_a_source_that_does_not_answer_is_left_alone(store: Store) -> None:
    with files({}, status=403) as address:
        outcome = _take(store, address + "/{epoch}")
    assert outcome.trouble is not None
    assert outcome.trouble.trouble is Trouble.REFUSED
    assert outcome.kept == 0


@pytest.mark.parametrize(
    "template",
    [
        "https://files.example/",
        "https://files.example/{namespace}",
        "https://{epoch}.example/x",
        "https://files.example{epoch}",
        "https://files.example/{epoch}/{other}",
        "http://files.example/{epoch}",
        "files/{epoch}",
    ],
)
def test_what_cannot_be_a_template_is_refused(template: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_template(template)
    assert caught.value.code == "bad-address"
