"""The key ceremony of a rehearsal: its script, what was done as a hash chain, a log, and the witnesses' signatures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from generator.rehearsal.authorities import PUBLIC_SEED, WITNESSES, witness_key
from generator.rehearsal.plan import Plan
from vaultproof.evidence.ceremony import FIRST_PREVIOUS, entry_hash, witness_message
from vaultproof.evidence.files import CEREMONY, FLEET_KEYS, sha256_hex
from vaultproof.strict.encodings import format_time

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deed:
    """Something done at the ceremony, before it is chained."""

    step: str
    minutes: int
    action: str
    deviation: str | None = None


def ceremony_files(
    plan: Plan, *, evidence: Sequence[tuple[str, bytes]], materials: Mapping[str, bytes]
) -> dict[str, bytes]:
    """Everything under ``ceremony/``.

    ``evidence`` holds each HSM's name with the attestation it gave; ``materials`` are the published files that came of
    the ceremony, the key file among them.
    """
    script = _script(plan)
    deeds = _deeds(plan, sha256_hex(script), sha256_hex(materials[FLEET_KEYS]), evidence)
    log = _log(plan, deeds)
    record = _record(plan, [*deeds, _closing(plan, sha256_hex(log))], materials)
    files = {"ceremony/script.md": script, "ceremony/ceremony.log": log, CEREMONY: record}
    for witness in plan.ceremony.witnesses:
        if witness != plan.ceremony.silent_witness:
            files[f"ceremony/witnesses/{witness}.sig"] = _signature(plan, witness, record)
    return files


def attested_at(plan: Plan, order: int) -> datetime:
    """When the HSM that is number ``order`` (from 0) at the ceremony attested its key."""
    return plan.ceremony.held_at + _attesting_minute(plan, order) * _MINUTE


def _together_minute(plan: Plan) -> int:
    return 45 + 7 * len(plan.attesting)


def _attesting_minute(plan: Plan, order: int) -> int:
    return _together_minute(plan) + 15 + 2 * order


def _signature(plan: Plan, witness: str, record: bytes) -> bytes:
    key = PUBLIC_SEED.ed25519("witness/stray") if witness == plan.ceremony.stray_witness else witness_key(witness)
    return key.sign(witness_message(record)).hex().encode("ascii") + b"\n"


def _script(plan: Plan) -> bytes:
    names = "\n".join(f"- {WITNESSES.get(id, f'REHEARSAL witness: {id}')}" for id in plan.ceremony.witnesses)
    return f"""# REHEARSAL: script of the key ceremony for {plan.id}

Everything in this script is made up to rehearse how a deployment is published. No ceremony took place.

People: a ceremony administrator, two operators of HSMs, and the witnesses:

{names}

## 1 Opening
1.1 The administrator reads this script's SHA-256 aloud; each witness compares it with their own copy.
1.2 Each witness checks the tamper bag of each HSM against the delivery note.

## 2 HSMs
2.1 For each HSM: power on, read the serial number from its label and from its own report, compare.
2.2 For each HSM: load the firmware, read its measurements, compare with the published ones.
2.3 For each HSM: make its session key inside.

## 3 Fleet
3.1 Join all HSMs into one fleet; {plan.threshold} of {len(plan.members)} are needed to act.
3.2 Export the public keys into one file; read its SHA-256 aloud; each witness writes it down.
3.3 For each HSM: have it attest its key, over a nonce made from that file; write down the attestation's SHA-256.

## 4 Closing
4.1 Destroy every administrator credential: shred the smart cards, one witness each.
4.2 Close the log; read its SHA-256 aloud. Each witness signs the record.
""".encode()


def _deeds(plan: Plan, script: str, artifact: str, evidence: Sequence[tuple[str, bytes]]) -> list[_Deed]:
    """What was done up to the end of the log, with minutes since the opening."""
    deeds = [
        _Deed(step="1.1", minutes=0, action=f"The script's SHA-256 was read aloud and compared: {script}"),
        _Deed(step="1.2", minutes=14, action="The tamper bags of all HSMs were checked against the delivery note",
              deviation="The bag of the first HSM was opened for a photograph and sealed again with a bag of a new "
                        "number, which all witnesses wrote down"),
    ]  # fmt: skip
    for index, member in enumerate(plan.attesting):
        action = f"{member.name} ({member.serial}) was checked and made its session key inside"
        deeds.append(_Deed(step="2.3", minutes=40 + 7 * index, action=action))
    together = _together_minute(plan)
    quorum = f"All HSMs joined one fleet; {plan.threshold} of {len(plan.members)} are needed to act"
    exported = f"The public keys were exported; the file's SHA-256 was read aloud: {artifact}"
    deeds.append(_Deed(step="3.1", minutes=together, action=quorum))
    deeds.append(_Deed(step="3.2", minutes=together + 9, action=exported))
    for index, (name, data) in enumerate(evidence):
        action = f"{name} attested its key; SHA-256 of the attestation: {sha256_hex(data)}"
        deeds.append(_Deed(step="3.3", minutes=_attesting_minute(plan, index), action=action))
    shredded = "The smart cards of all administrators were shredded, each in front of one witness"
    deeds.append(_Deed(step="4.1", minutes=_attesting_minute(plan, len(evidence)) + 10, action=shredded))
    return deeds


def _closing(plan: Plan, log: str) -> _Deed:
    minutes = _attesting_minute(plan, len(plan.attesting)) + 20
    return _Deed(step="4.2", minutes=minutes, action=f"The log was closed; its SHA-256 was read aloud: {log}")


def _log(plan: Plan, deeds: Sequence[_Deed]) -> bytes:
    lines = [f"{_at(plan, deed)} step {deed.step}: {deed.action}" for deed in deeds]
    return "\n".join([f"REHEARSAL: log of the ceremony for {plan.id}; no ceremony took place", *lines, ""]).encode()


def _record(plan: Plan, deeds: Sequence[_Deed], materials: Mapping[str, bytes]) -> bytes:
    entries: list[dict[str, Any]] = []
    previous = FIRST_PREVIOUS
    for number, deed in enumerate(deeds, start=1):
        entry = {
            "number": number,
            "at": _at(plan, deed),
            "script_step": deed.step,
            "action": deed.action,
            "deviation": deed.deviation,
            "previous": previous,
        }
        previous = entry_hash(entry)
        if number == plan.ceremony.rewritten:
            entry["deviation"] = None
            entry["action"] = "Nothing else was noted"
        entries.append({**entry, "hash": previous})
    value = {
        "schema": "vaultproof/ceremony@1",
        "deployment": plan.ceremony.deployment,
        "witnesses": list(plan.ceremony.witnesses),
        "materials": [
            {"path": path, "sha256": sha256_hex(b"another" if path == plan.ceremony.other_material else data)}
            for path, data in sorted(materials.items())
            if path != plan.ceremony.left_out
        ],
        "entries": entries,
        "credentials_destroyed_by": "REHEARSAL: the ceremony administrator, in front of the witnesses",
    }
    return json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8") + b"\n"


def _at(plan: Plan, deed: _Deed) -> str:
    return format_time(plan.ceremony.held_at + deed.minutes * _MINUTE)
