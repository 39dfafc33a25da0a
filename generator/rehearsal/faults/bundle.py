"""Faults of the steps ``files``, ``digest``, ``signer`` and ``counter-signature``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from generator.rehearsal.authorities import signer_keys, stray_signer_key
from generator.rehearsal.derive import Seed
from generator.rehearsal.faults.base import (
    Fault,
    FileChange,
    announced,
    days_later,
    log_of,
    replaced,
    substituted,
    with_epoch,
    with_log,
    without,
)
from generator.rehearsal.fleet import fleet_keys_file, session_key
from generator.rehearsal.plan import CounterPlan, Plan
from generator.rehearsal.signer import unsigned_record
from vaultproof.evidence.deployment import OVER_THE_AIR
from vaultproof.evidence.files import DEPLOYMENT, FLEET_KEYS, MANIFEST, PROOF, sha256_hex
from vaultproof.strict.json import dumps_canonical

_STATEMENT = "statement.md"
_BEFORE_NEWER_KEY = datetime(2026, 1, 20, 9, tzinfo=UTC)


def _in_manifest(path: str, **changes: Any) -> FileChange:
    """A change of what the manifest says of one file."""

    def change(data: bytes) -> bytes:
        value = json.loads(data)
        value["files"] = [{**entry, **changes} if entry["path"] == path else entry for entry in value["files"]]
        return dumps_canonical(value)

    return replaced(MANIFEST, change)


def _other_fleet(files: dict[str, bytes]) -> dict[str, bytes]:
    stray = [session_key(Seed(text="REHEARSAL fleet that nobody announced"), f"key/{number}") for number in range(7)]
    return {**files, FLEET_KEYS: fleet_keys_file(stray)}


def _serialized_otherwise(plan: Plan) -> Plan:
    last = log_of(plan).last
    other = unsigned_record(replace(last, claimed=last.number + 1)).signed_message()
    return with_epoch(plan, -1, serialized=other)


FILES = {
    "file-changed": Fault(
        step="files",
        sentence="One letter of the statement was changed after the manifest was made.",
        published=substituted(_STATEMENT, b"REHEARSAL", b"REHEARSAl"),
    ),
    "file-missing": Fault(
        step="files",
        sentence="The script of the ceremony is listed in the manifest and was not published.",
        published=without("ceremony/script.md"),
    ),
    "file-extra": Fault(
        step="files",
        sentence="A file was published that the manifest does not list.",
        published=lambda files: {**files, "REHEARSAL.txt": b"REHEARSAL: added later\n"},
    ),
    "file-out-of-place": Fault(
        step="files",
        sentence="A file was published, and listed, in a place that the evidence format does not have.",
        files=lambda files: {**files, "notes/REHEARSAL.txt": b"REHEARSAL: read by no step\n"},
    ),
    "manifest-lies": Fault(
        step="files",
        sentence="The manifest says that the statement is by a witness, though its SHA-256 is right.",
        published=_in_manifest(_STATEMENT, origin="witness"),
    ),
    "manifest-other-digest": Fault(
        step="files",
        sentence="The manifest lists another SHA-256 for the statement than the file has.",
        published=_in_manifest(_STATEMENT, sha256=sha256_hex(b"REHEARSAL")),
    ),
    "manifest-missing": Fault(step="files", sentence="There is no manifest.", published=without(MANIFEST)),
    "announcement-unreadable": Fault(
        step="files",
        sentence="The deployment record has a field that its format does not have.",
        files=substituted(DEPLOYMENT, b'"schema"', b'"remark": "REHEARSAL",\n  "schema"'),
    ),
}

DIGEST = {
    "artifact-swapped": Fault(
        step="digest",
        sentence="The key file is not the one that was signed: it holds other keys.",
        distribution=OVER_THE_AIR,
        files=_other_fleet,
    ),
    "artifact-unreadable": Fault(
        step="digest",
        sentence="The signed key file lists one key twice.",
        distribution=OVER_THE_AIR,
        plan=lambda plan: with_epoch(plan, -1, artifact=fleet_keys_file([*plan.published, plan.published[0]])),
    ),
    "proof-missing": Fault(
        step="digest",
        sentence="The signer's record of this key file was not published with it.",
        distribution=OVER_THE_AIR,
        files=without(PROOF),
    ),
}

SIGNER = {
    "signer-wrong-product": Fault(
        step="signer",
        sentence="The announcement names another product than the one that the namespace is pinned for.",
        distribution=OVER_THE_AIR,
        files=announced("product", lambda _: "whatsapp"),
    ),
    "signer-wrong-operator": Fault(
        step="signer",
        sentence="The announcement names another operator than the one that the namespace is pinned for.",
        distribution=OVER_THE_AIR,
        files=announced("operator", lambda _: "rehearsal-somebody-else"),
    ),
    "signer-announced-before-signature": Fault(
        step="signer",
        sentence="The announced time of deployment is a week before the signer's record.",
        distribution=OVER_THE_AIR,
        files=announced("deployed_at", days_later(-9)),
    ),
    "signer-announced-time-far": Fault(
        step="signer",
        sentence="The announced time of deployment is two months after the time in the signer's record.",
        distribution=OVER_THE_AIR,
        files=announced("deployed_at", days_later(60)),
    ),
    "signer-bad-signature": Fault(
        step="signer",
        sentence="One bit of the signer's signature is wrong; the operator confirmed these bytes.",
        distribution=OVER_THE_AIR,
        plan=lambda plan: with_epoch(plan, -1, broken=True),
    ),
    "signer-unknown-key": Fault(
        step="signer",
        sentence="The signature holds, but by a key that is not pinned for the signer.",
        distribution=OVER_THE_AIR,
        plan=lambda plan: with_epoch(plan, -1, key=stray_signer_key()),
    ),
    "signer-key-id-swapped": Fault(
        step="signer",
        sentence="The record names one pinned key of the signer and was signed by another.",
        distribution=OVER_THE_AIR,
        plan=lambda plan: with_epoch(plan, -1, key=signer_keys()[0], key_id=signer_keys()[1].key_id),
    ),
    "signer-wrong-namespace": Fault(
        step="signer",
        sentence="The signer signed this key file for another namespace.",
        distribution=OVER_THE_AIR,
        plan=lambda plan: with_epoch(plan, -1, namespace="rehearsal.something_else.v1"),
    ),
    "signer-wrong-epoch": Fault(
        step="signer",
        sentence="The signer signed this key file for another epoch than the one announced.",
        distribution=OVER_THE_AIR,
        plan=lambda plan: with_epoch(plan, -1, claimed=log_of(plan).last.number + 1),
    ),
    "signer-serialized-message": Fault(
        step="signer",
        sentence="The record carries a serialised message that its own fields do not give.",
        distribution=OVER_THE_AIR,
        plan=_serialized_otherwise,
    ),
    "signer-before-key-validity": Fault(
        step="signer",
        sentence="The signer's key was not yet valid at the time that the record states.",
        distribution=OVER_THE_AIR,
        options=lambda options: replace(options, deployed_at=_BEFORE_NEWER_KEY),
        plan=lambda plan: with_epoch(plan, -1, key=signer_keys()[1]),
    ),
}

COUNTER_SIGNATURE = {
    "counter-signature-missing": Fault(
        step="counter-signature",
        sentence="The operator's counter-signature was not published.",
        distribution=OVER_THE_AIR,
        plan=lambda plan: with_log(plan, counter=CounterPlan(absent=True)),
    ),
    "counter-signature-wrong-key": Fault(
        step="counter-signature",
        sentence="The counter-signature holds, but by a key that is not pinned for the operator.",
        distribution=OVER_THE_AIR,
        plan=lambda plan: with_log(plan, counter=CounterPlan(stray=True)),
    ),
    "counter-signature-misnamed": Fault(
        step="counter-signature",
        sentence="The counter-signature names the operator's pinned key and was made by another.",
        distribution=OVER_THE_AIR,
        plan=lambda plan: with_log(plan, counter=CounterPlan(stray=True, misnamed=True)),
    ),
    "counter-signature-over-other-bytes": Fault(
        step="counter-signature",
        sentence="The operator signed the signer's signature as hexadecimal text, not its 64 bytes.",
        distribution=OVER_THE_AIR,
        plan=lambda plan: with_log(plan, counter=CounterPlan(over="text")),
    ),
}

BUNDLE_FAULTS: Mapping[str, Fault] = MappingProxyType({**FILES, **DIGEST, **SIGNER, **COUNTER_SIGNATURE})
"""All faults of this module by name."""
