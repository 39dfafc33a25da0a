"""The rehearsal's independent signer: records of its log in the format of the live API, and what it says of itself."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from generator.rehearsal.authorities import counter_sign, operator_key, signer_keys, spki
from generator.rehearsal.plan import CounterPlan, EpochPlan, LogPlan
from vaultproof.evidence.epoch import PROTOBUF_ED25519, EpochRecord
from vaultproof.strict.encodings import format_time

NAMESPACE = "rehearsal.encrypted_backups.fleet_keys.v1"
"""The one namespace of rehearsals, pinned in ``evidence/trust/rehearsal/trust.json``."""


def unsigned_record(epoch: EpochPlan) -> EpochRecord:
    """What the signer signs for an epoch, as a record without its signature."""
    return EpochRecord(
        file="",
        ciphersuite=PROTOBUF_ED25519,
        namespace=epoch.namespace,
        timestamp=epoch.timestamp,
        epoch=epoch.claimed or epoch.number,
        digest=epoch.digest or hashlib.sha256(epoch.artifact).digest(),
        signature=b"",
        key_id=epoch.key.key_id if epoch.key_id is None else epoch.key_id,
        serialized_message=None,
        annotations=(),
    )


def record_fields(epoch: EpochPlan) -> dict[str, Any]:
    """The fields of a record as the live API orders them, signed."""
    unsigned = unsigned_record(epoch)
    message = unsigned.signed_message()
    signature = bytearray(epoch.key.private.sign(message))
    signature[7] ^= 1 if epoch.broken else 0
    return {
        "version": unsigned.ciphersuite,
        "ciphersuite": unsigned.ciphersuite,
        "namespace": unsigned.namespace,
        "timestamp": unsigned.timestamp,
        "epoch": unsigned.epoch,
        "digest": unsigned.digest.hex(),
        "signature": signature.hex(),
        "key_id": unsigned.key_id,
        "serialized_message": (epoch.serialized or message).hex(),
    }


def record(epoch: EpochPlan) -> bytes:
    """The answer of ``GET /namespaces/{ns}/audits/{epoch}``."""
    return epoch.record if epoch.record is not None else _answer(record_fields(epoch))


def proof(epoch: EpochPlan, counter: CounterPlan) -> bytes:
    """``bundle/proof.json``: the signer's record, and the operator's signature over its 64 signature bytes."""
    fields = json.loads(record(epoch))
    names = ("namespace", "ciphersuite", "timestamp", "epoch", "digest", "signature", "key_id")
    kept = {name: fields[name] for name in names}
    if epoch.serialized is not None:
        kept["serialized_message"] = fields["serialized_message"]
    if not counter.absent:
        signature = fields["signature"]
        message = bytes.fromhex(signature) if counter.over == "signature" else signature.encode("ascii")
        named = operator_key(stray=counter.stray and not counter.misnamed)
        kept["counter_signature"] = counter_sign(message, stray=counter.stray).hex()
        kept["counter_key_id"] = hashlib.sha256(spki(named.public_key())).hexdigest()
    return json.dumps(kept, indent=2).encode("ascii") + b"\n"


def log_files(log: LogPlan, *, fetched_at: datetime) -> dict[str, bytes]:
    """Everything under ``audit/``: the records, the artifacts of earlier epochs, what the signer says of itself."""
    files = {
        "audit/info.json": info(),
        "audit/namespace.json": namespace(log),
        "audit/fetched.json": fetched(fetched_at),
    }
    for epoch in log.epochs[:-1]:
        files[f"audit/{epoch.number}.json"] = record(epoch)
        files[f"audit/artifacts/{epoch.number}.json"] = epoch.artifact
    files[f"audit/{log.last.number}.json"] = record(log.logged or log.last)
    if log.beyond is not None:
        files[f"audit/{log.beyond.number}.json"] = record(log.beyond)
    return files


def info() -> bytes:
    """The answer of ``GET /info``: the signer's keys (the live API's ``logs`` stays empty here)."""
    keys = [{"public_key": key.public.hex(), "not_before": key.not_before} for key in signer_keys()]
    return _answer({"keys": keys, "logs": []})


def namespace(log: LogPlan) -> bytes:
    """The answer of ``GET /namespaces/{ns}``."""
    return _answer(
        {
            "name": log.namespace,
            "signature_version": PROTOBUF_ED25519,
            "log_directory": "",
            "status": "Online",
            "reports_uri": f"/namespaces/{log.namespace}/reports",
            "audits_uri": f"/namespaces/{log.namespace}/audits",
            "ciphersuite": PROTOBUF_ED25519,
            "root": log.root,
        }
    )


def fetched(moment: datetime) -> bytes:
    """``audit/fetched.json``: when the copy of the log was made, and from where."""
    value = {
        "schema": "vaultproof/fetched@1",
        "at": format_time(moment),
        "source": "REHEARSAL: made by the rehearsal itself; nothing was fetched from anywhere",
    }
    return json.dumps(value, indent=2).encode("ascii") + b"\n"


def _answer(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")
