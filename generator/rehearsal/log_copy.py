"""A copy of the rehearsal's own log, as it is committed: the log server's answers at fixed times, as plain files."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from generator.rehearsal.log_server.ledger import Ledger
from generator.rehearsal.log_server.server import LogServer
from generator.rehearsal.signer import NAMESPACE
from vaultproof.evidence.audit import artifact_epochs, artifact_path, record_paths
from vaultproof.evidence.epoch import read_epoch
from vaultproof.evidence.files import FLEET_KEYS, Files
from vaultproof.mirror.answer import Answer, Resource
from vaultproof.mirror.store import Store
from vaultproof.mirror.transfer import export
from vaultproof.signer_log.paths import INFO, NAMESPACES, epoch_path, namespace_path
from vaultproof.strict.encodings import from_milliseconds

ORIGIN = "REHEARSAL: the rehearsal's own log server"
COPIED_AT = datetime(2026, 11, 20, 6, tzinfo=UTC)
"""When the copy was last brought up to date, as it tells."""

_NIGHT = timedelta(hours=21)
"""From an epoch's time to the run of a nightly copy that sees it first."""


def log_copy(deployments: Mapping[str, Files]) -> dict[str, bytes]:
    """Path to bytes of a copy of the log that holds every epoch which ``deployments`` (by id) hold, with their keys.

    Raises ``RefusedError`` for epochs that the log's own rules refuse.
    """
    records = {epoch: files[path] for files in deployments.values() for epoch, path in record_paths(files).items()}
    with tempfile.TemporaryDirectory(prefix="vaultproof-log-copy-") as holder:
        folder = Path(holder) / "copy"
        with Store.open(Path(holder) / "log.sqlite", create=True) as store:
            with store.batch():
                for answer in (*_answers(records), *_artifacts(deployments)):
                    store.put_answer(answer)
            export(store, folder)
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _answers(records: Mapping[int, bytes]) -> Iterator[Answer]:
    """What the log server answers; no request is made, so that no port of this computer is in it."""
    ledger = Ledger()
    # Without a directory of proofs: null, as the live log writes it for some such namespaces; for others it writes "".
    ledger.create(NAMESPACE, log_directory=None)
    for _, body in sorted(records.items()):
        ledger.take(NAMESPACE, body)
    with LogServer(ledger) as server:
        asked = [
            (Resource.INFO, None, None, INFO),
            (Resource.NAMESPACES, None, None, NAMESPACES),
            (Resource.NAMESPACE, NAMESPACE, None, namespace_path(NAMESPACE)),
            *((Resource.AUDIT, NAMESPACE, epoch, epoch_path(NAMESPACE, epoch)) for epoch in sorted(records)),
        ]
        for resource, namespace, epoch, path in asked:
            body = server.get(path, None).body
            first = COPIED_AT if epoch is None else _first_seen(body)
            yield _answer(resource, namespace, epoch, body, f"{ORIGIN}, {path}", first)
    ledger.close()


def _artifacts(deployments: Mapping[str, Files]) -> Iterator[Answer]:
    """The key file of each epoch: a deployment's own, or one that it keeps of an earlier epoch."""
    found: dict[int, tuple[str, bytes, datetime]] = {}
    for id, files in deployments.items():
        records = record_paths(files)
        own = max(records, default=0)
        for epoch in artifact_epochs(files) | {own} & set(records):
            path = FLEET_KEYS if epoch == own else artifact_path(epoch)
            found.setdefault(epoch, (f"{id}/{path}", files[path], _first_seen(files[records[epoch]])))
    for epoch, (origin, body, first) in sorted(found.items()):
        yield _answer(Resource.ARTIFACT, NAMESPACE, epoch, body, origin, first)


def _first_seen(record: bytes) -> datetime:
    signed = from_milliseconds(read_epoch(record, file="record").timestamp)
    return signed.replace(microsecond=0) + _NIGHT


def _answer(
    resource: Resource, namespace: str | None, epoch: int | None, body: bytes, origin: str, first: datetime
) -> Answer:
    return Answer(
        resource=resource, namespace=namespace, epoch=epoch, body=body, origin=origin,
        at=_milliseconds(first), last_at=_milliseconds(COPIED_AT),
    )  # fmt: skip


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000
