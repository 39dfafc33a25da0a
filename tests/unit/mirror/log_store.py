"""Mirrors for tests, filled with logs of our own making."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.unit.signer_log.log_maker import BACKEND, NAMESPACE, Made, expected, made, public
from vaultproof.crypto.port import Backend
from vaultproof.mirror.answer import HTTP_NOT_FOUND, Answer, Resource
from vaultproof.mirror.auditing import Audit, AuditPlan, audit
from vaultproof.mirror.store import Store
from vaultproof.signer_log.answers import Root
from vaultproof.strict.encodings import format_base64

ORIGIN = "https://log.example"
NOW = 1_800_000_000_000
TRUST = "ab" * 32


def engine() -> Backend:
    """The engine, by a name that another process finds too."""
    return BACKEND


def artifact(epoch: int, *more: str, role: str = "session") -> bytes:
    """The key file of an epoch: one key that stays, one of its own, and ``more``."""
    names = ["stays", f"own {epoch}", *more]
    keys = [{"key": format_base64(hashlib.sha256(name.encode()).digest()), "role": role} for name in names]
    return json.dumps({"keys": keys}).encode()


def logged(epoch: int, data: bytes | None = None) -> Made:
    return made(epoch).but(digest=hashlib.sha256(artifact(epoch) if data is None else data).digest())


def put(store: Store, resource: Resource, body: bytes, epoch: int | None = None, **more: Any) -> None:
    namespace = None if resource is Resource.INFO else NAMESPACE
    answer = Answer(resource=resource, namespace=namespace, epoch=epoch, body=body, origin=ORIGIN, at=NOW)
    store.put_answer(replace(answer, **more))


def deny(store: Store, epoch: int) -> Store:
    put(store, Resource.AUDIT, b"not found", epoch, status=HTTP_NOT_FOUND)
    return store


def put_records(store: Store, records: Iterable[Made], bodies: Mapping[int, bytes] | None = None) -> Store:
    with store.batch():
        for record in records:
            put(store, Resource.AUDIT, (bodies or {}).get(record.epoch, record.body()), record.epoch)
    return store


def put_artifacts(store: Store, epochs: Iterable[int], files: Mapping[int, bytes] | None = None) -> Store:
    for epoch in epochs:
        put(store, Resource.ARTIFACT, (files or {}).get(epoch, artifact(epoch)), epoch)
    return store


def put_statements(store: Store, *keys: int, **changes: object) -> Store:
    """What the log says of itself, in agreement with the pins unless changed."""
    listed = [{"public_key": public(key).hex(), "not_before": 0} for key in keys or (1,)]
    put(store, Resource.INFO, json.dumps({"keys": listed, "logs": []}).encode())
    entry = {"name": NAMESPACE, "status": "Online", "root": str(root()), "ciphersuite": 1, "log_directory": ""}
    put(store, Resource.NAMESPACE, json.dumps(entry | changes).encode())
    return store


def root() -> Root:
    return Root(epoch=1, digest=logged(1).digest.hex())


def whole(path: Path, last: int = 6) -> Path:
    """A mirror of a log in which everything holds, with every key file."""
    with Store.open(path, create=True) as store:
        put_records(store, map(logged, range(1, last + 1)))
        put_artifacts(store, range(1, last + 1))
        put_statements(store)
    return path


def plan(*keys: int, **changes: Any) -> AuditPlan:
    base = AuditPlan(expected=replace(expected(*keys), root=root()), pinned=True, trust_digest=TRUST, processes=1)
    return replace(base, **changes)


def audited(path: Path, asked: AuditPlan | None = None, *, now: int = NOW) -> Audit:
    with Store.open(path) as store:
        return audit(store, asked or plan(), engine=engine, now=now)


def told(result: Audit) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.epoch) for finding in result.findings.items if finding.code != "keys-changed"]
