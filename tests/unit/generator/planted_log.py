"""Copies of the rehearsals' log with things planted in them, as folders of evidence that a site is built from."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from generator.rehearsal.log_copy import COPIED_AT
from generator.rehearsal.log_server.ledger import signing_key
from generator.rehearsal.plan import EpochPlan
from generator.rehearsal.signer import NAMESPACE, record
from vaultproof.mirror.answer import Answer, Resource
from vaultproof.mirror.store import Store
from vaultproof.mirror.transfer import export, import_copy
from vaultproof.strict.encodings import format_base64

EVIDENCE = Path(__file__).parents[3] / "evidence"
COPY = EVIDENCE / "signer-log" / NAMESPACE
LOGGED = ("rehearsal-messenger-2025", "rehearsal-messenger-2026")
"""The deployments of this log."""
ORIGIN = "https://log.example"
SEEN = int(COPIED_AT.timestamp() * 1000)


def key_file(epoch: int) -> dict[str, Any]:
    """The committed key file of an epoch, as a value to change."""
    value: dict[str, Any] = json.loads((COPY / f"namespaces/{NAMESPACE}/artifacts/{epoch}.json").read_bytes())
    return value


def extra_key(name: str = "extra") -> bytes:
    """A key that no HSM ever attested."""
    return hashlib.sha256(name.encode()).digest()


def with_extra_key(value: dict[str, Any], name: str = "extra") -> dict[str, Any]:
    """The same key file with one key more."""
    return {"keys": [*value["keys"], {"key": format_base64(extra_key(name)), "role": value["keys"][0]["role"]}]}


def signed(epoch: int, value: dict[str, Any], when: datetime, **changes: Any) -> bytes:
    """A record for a key file, by the rehearsal's signer."""
    timestamp = int(when.timestamp() * 1000)
    plan = EpochPlan(number=epoch, artifact=json.dumps(value).encode(), timestamp=timestamp, namespace=NAMESPACE,
                     key=signing_key(timestamp), **changes)  # fmt: skip
    return record(plan)


def answer(resource: Resource, body: bytes, epoch: int | None = None, **changes: Any) -> Answer:
    """An answer about the namespace, seen when the copy was made."""
    named = None if resource in (Resource.INFO, Resource.NAMESPACES) else NAMESPACE
    return Answer(resource=resource, namespace=named, epoch=epoch, body=body, origin=ORIGIN, at=SEEN, **changes)


def logged(epoch: int, value: dict[str, Any], when: datetime, **changes: Any) -> list[Answer]:
    """A further epoch with its key file."""
    return [
        answer(Resource.AUDIT, signed(epoch, value, when, **changes), epoch),
        answer(Resource.ARTIFACT, json.dumps(value).encode(), epoch),
    ]


def day(month: int, number: int) -> datetime:
    """A day of 2026."""
    return datetime(2026, month, number, 9, tzinfo=UTC)


def everything() -> list[Answer]:
    """One of each: an extra key, a fork, a digest used again, a role change, a young epoch, a gap, a bad signature."""
    extra = with_extra_key(key_file(3))
    other_role = {"keys": [{**extra["keys"][0], "role": "rotation"}, *extra["keys"][1:]]}
    return [
        *logged(4, extra, day(9, 1)),
        answer(Resource.AUDIT, signed(2, with_extra_key(key_file(2), "another"), day(5, 11)), 2),
        *logged(5, other_role, day(9, 2)),
        answer(Resource.AUDIT, signed(6, {}, day(9, 3), digest=_digest(1)), 6),
        answer(Resource.ARTIFACT, _artifact(1), 6),
        *logged(7, with_extra_key(other_role, "young"), day(11, 18)),
        *logged(9, with_extra_key(other_role, "forged"), day(11, 19), broken=True),
        answer(Resource.AUDIT, b'{"version":1,"cip', 3),
    ]


def plant_copy(evidence: Path, answers: Iterable[Answer], *, start: Path | None = COPY) -> Path:
    """Write a copy with further ``answers`` into a folder of evidence; ``start`` is the copy to begin with."""
    with tempfile.TemporaryDirectory() as holder, Store.open(Path(holder) / "log.sqlite", create=True) as store:
        if start is not None:
            import_copy(store, start)
        with store.batch():
            for item in answers:
                store.put_answer(item)
        export(store, evidence / "signer-log" / NAMESPACE)
    return evidence


def log_evidence(folder: Path, deployments: Iterable[str] = LOGGED) -> Path:
    """A folder of evidence with trust, procedure and these deployments, and no copy yet."""
    for name in ("trust", "procedure", *(f"deployments/{id}" for id in deployments)):
        shutil.copytree(EVIDENCE / name, folder / name)
    return folder


def _artifact(epoch: int) -> bytes:
    return (COPY / f"namespaces/{NAMESPACE}/artifacts/{epoch}.json").read_bytes()


def _digest(epoch: int) -> bytes:
    value = json.loads((COPY / f"namespaces/{NAMESPACE}/audits/{epoch}.json").read_bytes())
    return bytes.fromhex(value["digest"])
