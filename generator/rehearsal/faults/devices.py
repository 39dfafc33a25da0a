"""Faults of the steps ``attestation``, ``keys`` and ``fleet``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from generator.rehearsal.derive import Seed
from generator.rehearsal.evidence import EVIDENCE_FILE
from generator.rehearsal.faults.base import (
    Fault,
    FileChange,
    replaced,
    republished,
    with_evidence,
    with_key,
    with_member,
    without,
)
from generator.rehearsal.firmware import (
    FIRMWARE_2025,
    FIRMWARE_2026,
    FIRMWARE_DENIED,
    FIRMWARE_TAMPERED,
    FIRMWARE_UNLISTED,
)
from generator.rehearsal.fleet import plan_member, session_key
from generator.rehearsal.options import RehearsalOptions
from generator.rehearsal.plan import KeyPlan, LayersPlan, Plan
from vaultproof.asn1 import der, writer
from vaultproof.attestation.layered_evidence import MAKER_FILE
from vaultproof.crypto.keys import x25519_spki

_SECOND = 1
_THIRD = 2
_FOLDER = "attestations/hsm-03"
_END = b"-----END CERTIFICATE-----\n"


def _more_key() -> KeyPlan:
    return session_key(Seed(text="REHEARSAL one key more"), "key/1")


def _unpublished(plan: Plan) -> Plan:
    return with_evidence(plan, _THIRD, keys=(*plan.members[_THIRD].evidence.keys, _more_key()))


def _shared(plan: Plan) -> Plan:
    """Two HSMs attest one key: each published key is attested, and one copy of a private key has travelled."""
    own = plan.members[_THIRD].evidence.keys
    changed = with_evidence(plan, _THIRD, keys=plan.members[_SECOND].evidence.keys)
    return republished(changed, [key for key in plan.published if key not in own])


def _same_serial(plan: Plan) -> Plan:
    serial = plan.members[_SECOND].serial
    return with_member(with_evidence(plan, _THIRD, serial=serial), _THIRD, serial=serial)


def _same_device(plan: Plan) -> Plan:
    return with_evidence(plan, _THIRD, device=plan.members[_SECOND].evidence.device)


def _other_code(plan: Plan) -> Plan:
    current = plan.members[_THIRD].evidence.firmware
    other = FIRMWARE_2025 if current == FIRMWARE_2026 else FIRMWARE_2026
    return with_evidence(plan, _THIRD, firmware=other)


def _extra(plan: Plan) -> Plan:
    """One more HSM, with a key of its own; neither the announcement nor the key file speaks of it."""
    seed, number = Seed(text="REHEARSAL one HSM more"), len(plan.members) + 1
    member = plan_member(seed, plan.id, number, plan.sites[0], plan.members[0].evidence.firmware)
    return replace(plan, unannounced=(member,))


def _backdated(plan: Plan) -> Plan:
    """The clock of a device whose certificates have expired goes back to when they had not."""
    return with_evidence(plan, _THIRD, expired=True, own_time=plan.deployed_at - timedelta(days=180))


def _signatures(change: Callable[[bytes], bytes]) -> FileChange:
    """Evidence with another list of signature blocks (draft-07, 4: they are not covered by any signature)."""

    def apply(data: bytes) -> bytes:
        tbs, signatures, *rest = der.parse(data).children()
        changed = writer.sequence(change(signatures.content))
        return writer.sequence(tbs.raw, changed, *(part.raw for part in rest))

    return replaced(f"{_FOLDER}/{EVIDENCE_FILE}", apply)


def _in_two_shapes(plan: Plan) -> Plan:
    """One key twice in the key file: as its 32 bytes, and as the SubjectPublicKeyInfo that holds them."""
    first = plan.published[0]
    return republished(plan, [*plan.published, replace(first, public=x25519_spki(first.public))])


ATTESTATION = {
    "attestation-unrecognised-root": Fault(
        step="attestation",
        sentence="One HSM's chain leads to a root of the maker's name whose key is not pinned.",
        plan=lambda plan: with_evidence(plan, _THIRD, stray_root=True),
    ),
    "attestation-bad-signature": Fault(
        step="attestation",
        sentence="One HSM's attestation was not signed by the key of its certificate.",
        plan=lambda plan: with_evidence(plan, _THIRD, stray_signature=True),
    ),
    "attestation-expired": Fault(
        step="attestation",
        sentence="One HSM's certificates had expired before the deployment.",
        plan=lambda plan: with_evidence(plan, _THIRD, expired=True),
    ),
    "attestation-backdated": Fault(
        step="attestation",
        sentence="One HSM's certificates had expired, and its own clock says that they had not.",
        plan=_backdated,
    ),
    "attestation-user-key": Fault(
        step="attestation",
        sentence="One HSM's attestation was signed by a key that its users made, not by its attestation key.",
        plan=lambda plan: with_evidence(plan, _THIRD, user_key=True),
    ),
    "attestation-version-only": Fault(
        step="attestation",
        sentence="One HSM states an allowed version of its code, and no measurement.",
        plan=lambda plan: with_evidence(plan, _THIRD, measured=False),
    ),
    "attestation-signature-stripped": Fault(
        step="attestation",
        sentence="The signature of one HSM's attestation was taken away.",
        files=_signatures(lambda _: b""),
    ),
    "attestation-signature-added": Fault(
        step="attestation",
        sentence="One HSM's attestation has a second signature, which nobody asked for.",
        files=_signatures(lambda blocks: blocks + blocks),
    ),
    "attestation-serial-differs": Fault(
        step="attestation",
        sentence="One HSM claims another serial number than its maker certified.",
        plan=lambda plan: with_evidence(plan, _THIRD, certified="REHEARSAL-OTHER-99"),
    ),
    "attestation-debug-enabled": Fault(
        step="attestation",
        sentence="One HSM says that its debug mode is on.",
        plan=lambda plan: with_evidence(plan, _THIRD, debug=True),
    ),
    "attestation-extractable-key": Fault(
        step="attestation",
        sentence="One HSM says that its key can be extracted.",
        plan=lambda plan: with_key(plan, _THIRD, extractable=True, never_extractable=False),
    ),
    "attestation-once-extractable-key": Fault(
        step="attestation",
        sentence="One HSM says that its key could be extracted at some time before.",
        plan=lambda plan: with_key(plan, _THIRD, never_extractable=False),
    ),
    "attestation-imported-key": Fault(
        step="attestation",
        sentence="One HSM says that its key was not made inside.",
        plan=lambda plan: with_key(plan, _THIRD, local=False),
    ),
    "attestation-firmware-denied": Fault(
        step="attestation",
        sentence="One HSM runs firmware that its maker has published a warning about.",
        plan=lambda plan: with_evidence(plan, _THIRD, firmware=FIRMWARE_DENIED),
    ),
    "attestation-firmware-unlisted": Fault(
        step="attestation",
        sentence="One HSM runs a version of firmware that is not among the allowed ones.",
        plan=lambda plan: with_evidence(plan, _THIRD, firmware=FIRMWARE_UNLISTED),
    ),
    "attestation-code-changed": Fault(
        step="attestation",
        sentence="One HSM states an allowed version, and measures other code than that version has.",
        plan=lambda plan: with_evidence(plan, _THIRD, firmware=FIRMWARE_TAMPERED),
    ),
    "attestation-wrong-nonce": Fault(
        step="attestation",
        sentence="One HSM's attestation was made for another deployment: its nonce is not this one's.",
        plan=lambda plan: with_evidence(plan, _THIRD, nonce=sha256(b"REHEARSAL: another deployment").digest()),
    ),
    "attestation-missing": Fault(
        step="attestation",
        sentence="One HSM's attestation was not published; its certificates were.",
        files=without(f"{_FOLDER}/{EVIDENCE_FILE}"),
    ),
    "member-missing": Fault(
        step="attestation",
        sentence="The announcement names one HSM of which nothing was published.",
        files=without(f"{_FOLDER}/"),
    ),
    "attestation-malformed": Fault(
        step="attestation",
        sentence="One HSM's attestation has a byte after its end.",
        files=replaced(f"{_FOLDER}/{EVIDENCE_FILE}", lambda data: data + b"\x00"),
    ),
    "attestation-chain-cut": Fault(
        step="attestation",
        sentence="One HSM's chain ends with its attestation key's own certificate.",
        one_layer=True,
        files=replaced(f"{_FOLDER}/chain.pem", lambda data: data[: data.index(_END) + len(_END)]),
    ),
}


def _layers(**changes: Any) -> Callable[[Plan], Plan]:
    return lambda plan: with_evidence(plan, _THIRD, layers=LayersPlan(**changes))


def _in_two_layers(options: RehearsalOptions) -> RehearsalOptions:
    return replace(options, two_layers=True)


def _without_maker(files: dict[str, bytes]) -> dict[str, bytes]:
    return {path: data for path, data in files.items() if not path.startswith(f"{_FOLDER}/{MAKER_FILE}")}


LAYERS = {
    "layers-other-key": Fault(
        step="attestation",
        sentence="One HSM's maker attests another key than the one that signs what a program in the HSM states.",
        options=_in_two_layers,
        plan=_layers(other_key=True),
    ),
    "layers-other-authority": Fault(
        step="attestation",
        sentence="The key that signs in one HSM was certified by another authority of the operator's name.",
        options=_in_two_layers,
        plan=_layers(stray_owner=True),
    ),
    "layers-serial-differs": Fault(
        step="attestation",
        sentence="The program in one HSM states another serial number than the HSM's maker.",
        options=_in_two_layers,
        plan=_layers(serial="REHEARSAL-OTHER-99"),
    ),
    "layers-key-exportable": Fault(
        step="attestation",
        sentence="The key that signs in one HSM may leave it, so that it could sign anywhere.",
        options=_in_two_layers,
        plan=_layers(exportable=True),
    ),
    "layers-key-foreign": Fault(
        step="attestation",
        sentence="The key that signs in one HSM was made outside of it.",
        options=_in_two_layers,
        plan=_layers(foreign=True),
    ),
    "layers-maker-missing": Fault(
        step="attestation",
        sentence="Of one HSM, the maker's attestation of the key that signs was not published.",
        options=_in_two_layers,
        files=_without_maker,
    ),
    "layers-evidence-missing": Fault(
        step="attestation",
        sentence="Of one HSM, the maker's attestation of a key was published, and nothing that the key signed.",
        options=_in_two_layers,
        files=without(f"{_FOLDER}/{EVIDENCE_FILE}"),
    ),
    "layers-advisory": Fault(
        step="attestation",
        sentence="One HSM attests in two layers, and its program is of a version that an advisory warns of.",
        options=_in_two_layers,
        plan=lambda plan: with_evidence(plan, _THIRD, firmware=FIRMWARE_DENIED),
    ),
}

KEYS = {
    "key-not-attested": Fault(
        step="keys",
        sentence="A published key is attested by no HSM.",
        plan=lambda plan: republished(plan, [*plan.published, _more_key()]),
    ),
    "key-unpublished": Fault(
        step="keys", sentence="One HSM attests a fleet key that was not published.", plan=_unpublished
    ),
    "key-shared-between-members": Fault(step="keys", sentence="Two HSMs attest the same key.", plan=_shared),
    "key-in-two-shapes": Fault(
        step="keys", sentence="One key is published twice, under two encodings.", plan=_in_two_shapes
    ),
    "key-role-differs": Fault(
        step="keys",
        sentence="One HSM attests its key for another role than the one it is published with.",
        plan=lambda plan: with_key(plan, _THIRD, role="replication"),
    ),
    "serial-duplicate": Fault(step="keys", sentence="Two HSMs have the same serial number.", plan=_same_serial),
    "device-counted-twice": Fault(
        step="keys",
        sentence="Two HSMs with different serial numbers attest with the same device key.",
        plan=_same_device,
    ),
}

FLEET = {
    "member-extra": Fault(
        step="fleet",
        sentence="There is an attestation of one HSM more than the announcement names.",
        plan=_extra,
    ),
    "serial-not-announced": Fault(
        step="fleet",
        sentence="One HSM attests another serial number than the announcement gives for it.",
        plan=lambda plan: with_member(plan, _THIRD, serial="REHEARSAL-OTHER-99"),
    ),
    "threshold-not-majority": Fault(
        step="fleet",
        sentence="Half of the HSMs, or fewer, can act.",
        plan=lambda plan: replace(plan, threshold=len(plan.members) // 2),
    ),
    "threshold-beyond-members": Fault(
        step="fleet",
        sentence="More HSMs than there are would have to act together.",
        plan=lambda plan: replace(plan, threshold=len(plan.members) + 1),
    ),
    "measurement-differs": Fault(
        step="fleet",
        sentence="One HSM runs another version than the others; both are allowed.",
        plan=_other_code,
    ),
}

DEVICE_FAULTS: Mapping[str, Fault] = MappingProxyType({**ATTESTATION, **LAYERS, **KEYS, **FLEET})
"""All faults of this module by name."""
