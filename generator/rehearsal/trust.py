"""The trust configuration of rehearsals: ``evidence/trust/rehearsal/``, generated from the public seed."""

from __future__ import annotations

import json
from typing import Any

from generator.rehearsal.authorities import (
    OPERATOR_ID,
    OPERATOR_NAME,
    OPERATOR_SINCE,
    OWNER_ROOT,
    SIGNER_ID,
    SIGNER_NAME,
    VENDOR,
    WITNESSES,
    operator_key,
    owner_key,
    signer_keys,
    spki,
    vendor_key,
    witness_key,
)
from generator.rehearsal.evidence import TECHNOLOGY
from generator.rehearsal.firmware import (
    ADVISORY,
    ADVISORY_PUBLISHED,
    ALLOWED,
    CLASSIC_MODEL,
    CLASSIC_VERSION,
    FIXED_SINCE,
    HARDWARE_MODEL,
    Firmware,
)
from generator.rehearsal.layers import TWO_LAYERS
from generator.rehearsal.options import MESSENGER, MIN_MEMBERS, WHATSAPP
from generator.rehearsal.planning import founding_artifact
from generator.rehearsal.signer import NAMESPACE
from vaultproof.attestation.anchors import OWNER
from vaultproof.crypto.port import Algorithm
from vaultproof.evidence.epoch import PROTOBUF_ED25519
from vaultproof.evidence.files import sha256_hex
from vaultproof.strict.encodings import format_base64, format_time

_PROVENANCE = [
    {"source": "generator/rehearsal/authorities.py: REHEARSAL, derived from a seed that everybody knows",
     "captured": "2026-11-22"}
]  # fmt: skip


def rehearsal_trust() -> dict[str, bytes]:
    """``trust.json`` and ``reference-values.json`` of rehearsals, by file name."""
    return {"trust.json": _bytes(_trust()), "reference-values.json": _bytes(_reference_values())}


def _trust() -> dict[str, Any]:
    root, owner = spki(vendor_key().public_key()), spki(owner_key().public_key())
    return {
        "schema": "vaultproof/trust@1",
        "kind": "rehearsal",
        "signers": [
            {
                "id": SIGNER_ID,
                "name": SIGNER_NAME,
                "keys": [
                    {"public_key": key.public.hex(), "not_before": key.not_before, "provenance": _PROVENANCE}
                    for key in signer_keys()
                ],
            }
        ],
        "namespaces": [
            {
                "name": NAMESPACE,
                "signer": SIGNER_ID,
                "operator": OPERATOR_ID,
                "product": MESSENGER,
                "ciphersuite": PROTOBUF_ED25519,
                "root_epoch": 1,
                "root_digest": sha256_hex(founding_artifact()),
                "provenance": _PROVENANCE,
            }
        ],
        "app_pinned": [{"product": WHATSAPP, "operator": OPERATOR_ID, "provenance": _PROVENANCE}],
        "operators": [
            _party(
                OPERATOR_ID,
                OPERATOR_NAME,
                Algorithm.ECDSA_P256_SHA256,
                spki(operator_key().public_key()),
                {"not_before": format_time(OPERATOR_SINCE)},
            )
        ],
        "witnesses": [
            _party(id, name, Algorithm.ED25519, spki(witness_key(id).public_key()), {})
            for id, name in WITNESSES.items()
        ],
        "vendor_roots": [
            {
                "id": "rehearsal-hsm-works-root-1",
                "technology": TECHNOLOGY,
                "name": f"{VENDOR} Device Root 1",
                "spki_sha256": sha256_hex(root),
                "spki": format_base64(root),
                "provenance": _PROVENANCE,
            },
            {
                "id": "rehearsal-operator-attestation-root-1",
                "technology": TWO_LAYERS,
                "name": OWNER_ROOT,
                "spki_sha256": sha256_hex(owner),
                "spki": format_base64(owner),
                "purpose": OWNER,
                "provenance": _PROVENANCE,
            },
        ],
    }


def _party(id: str, name: str, algorithm: Algorithm, key: bytes, more: dict[str, str]) -> dict[str, Any]:
    pinned = {"algorithm": algorithm.value, "public_key": format_base64(key), **more, "provenance": _PROVENANCE}
    return {"id": id, "name": name, "keys": [pinned]}


def _reference_values() -> dict[str, Any]:
    classic = {
        "id": f"rehearsal-keysafe-{CLASSIC_VERSION}",
        "hwmodel": CLASSIC_MODEL,
        "swversion": CLASSIC_VERSION,
        "measurements": [],
        "source": _SOURCE,
    }
    return {
        "schema": "vaultproof/reference-values@1",
        "technologies": [
            {
                "technology": TECHNOLOGY,
                "allowed": [*(_allowed(firmware, HARDWARE_MODEL) for firmware in ALLOWED), classic],
                **_RULES,
                "denied": [_denied(HARDWARE_MODEL)],
            },
            {
                "technology": TWO_LAYERS,
                "allowed": [_allowed(firmware, CLASSIC_MODEL) for firmware in ALLOWED],
                **_RULES,
                "denied": [_denied(CLASSIC_MODEL)],
                "attestation_key": {
                    "attributes": {"sensitive": True, "purposes": ["sign"]},
                    "used_only_by": "measured-code",
                    "source": "REHEARSAL: a document that nobody wrote, in which the maker would say that a key made"
                    " for a program in the HSM can be used by that very program alone",
                },
            },
        ],
        "fleet": {"minimum_members": MIN_MEMBERS, "code": "measured", "same_code": "equal", "keys": "one-holder"},
    }


_SOURCE = "generator/rehearsal/firmware.py: REHEARSAL"
_RULES: dict[str, Any] = {
    "keys": {
        "local": True,
        "extractable": False,
        "never_extractable": True,
        "sensitive": True,
        "purposes": ["derive"],
    },
    "freshness": "nonce",
    "debug": "disabled",
}


def _denied(model: str) -> dict[str, Any]:
    return {
        "id": f"rehearsal-below-{FIXED_SINCE}",
        "hwmodel": model,
        "below": FIXED_SINCE,
        "advisory": {
            "id": ADVISORY,
            "published": ADVISORY_PUBLISHED,
            "url": f"https://rehearsal.invalid/{ADVISORY}",
        },
    }


def _allowed(firmware: Firmware, model: str) -> dict[str, Any]:
    return {
        "id": f"rehearsal-{firmware.version}",
        "hwmodel": model,
        "swversion": firmware.version,
        "measurements": [
            {"algorithm": "sha-384", "digest": digest.hex(), "component": component}
            for component, digest in firmware.measurements
        ],
        "source": _SOURCE,
    }


def _bytes(value: dict[str, Any]) -> bytes:
    return json.dumps(value, indent=2).encode("ascii") + b"\n"
