"""The committed rehearsal's log as a mirror, for tests of the commands: real signatures, and faults to plant."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from generator.rehearsal.authorities import signer_keys
from generator.rehearsal.signer import NAMESPACE
from tests.unit.cli.conftest import EVIDENCE
from vaultproof.evidence.epoch import read_epoch
from vaultproof.mirror.answer import Answer, Resource
from vaultproof.mirror.store import Store

DEPLOYMENTS = EVIDENCE / "deployments"
LATEST = DEPLOYMENTS / "rehearsal-messenger-2026"
ORIGIN = "https://rehearsal.example"
AT = 1_795_000_000_000


def keep(store: Store, resource: Resource, body: bytes, epoch: int | None = None, *, at: int = AT) -> None:
    namespace = None if resource is Resource.INFO else NAMESPACE
    store.put_answer(Answer(resource=resource, namespace=namespace, epoch=epoch, body=body, origin=ORIGIN, at=at))


def rehearsed(path: Path, *, last: int = 3, keys: bool = True) -> Path:
    """A mirror of the rehearsal's log up to ``last``, with its key files."""
    files = {1: "audit/artifacts/1.json", 2: "audit/artifacts/2.json", 3: "bundle/fleet-keys.json"}
    with Store.open(path, create=True) as store:
        keep(store, Resource.INFO, (LATEST / "audit/info.json").read_bytes())
        keep(store, Resource.NAMESPACE, (LATEST / "audit/namespace.json").read_bytes())
        for epoch in range(1, last + 1):
            keep(store, Resource.AUDIT, (LATEST / f"audit/{epoch}.json").read_bytes(), epoch)
            if keys:
                keep(store, Resource.ARTIFACT, (LATEST / files[epoch]).read_bytes(), epoch)
    return path


def record_like(epoch: int, *, number: int | None = None, artifact: bytes | None = None, later: int = 1000) -> bytes:
    """A record that the rehearsal's signer signs anew: as the one of ``epoch``, but for what is given."""
    fields: dict[str, Any] = json.loads((LATEST / f"audit/{epoch}.json").read_bytes())
    fields["epoch"] = number or epoch
    fields["timestamp"] += later
    if artifact is not None:
        fields["digest"] = hashlib.sha256(artifact).hexdigest()
    fields["serialized_message"] = None
    key = next(key for key in signer_keys() if key.key_id == fields["key_id"])
    message = read_epoch(json.dumps(fields).encode(), file="made").signed_message()
    fields["signature"] = key.private.sign(message).hex()
    return json.dumps(fields).encode()


def with_key(role: str = "session", *, name: str = "planted") -> bytes:
    """The newest key file with one more key, as an attacker would log it."""
    value = json.loads((LATEST / "bundle/fleet-keys.json").read_bytes())
    import base64

    planted = base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()
    value["keys"].append({"key": planted, "role": role})
    return json.dumps(value).encode()


def with_role(role: str) -> bytes:
    """The newest key file with another role for its first key."""
    value = json.loads((LATEST / "bundle/fleet-keys.json").read_bytes())
    value["keys"][0]["role"] = role
    return json.dumps(value).encode()


def append(path: Path, number: int, artifact: bytes, *, like: int = 3, keys: bool = True) -> None:
    """Log ``artifact`` at another epoch."""
    with Store.open(path) as store:
        body = record_like(like, number=number, artifact=artifact, later=1000 * number)
        keep(store, Resource.AUDIT, body, number)
        if keys:
            keep(store, Resource.ARTIFACT, artifact, number)
