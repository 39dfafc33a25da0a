"""The fleet of a rehearsal: where its HSMs stand, what they are called, the keys in them, and the key file."""

from __future__ import annotations

import json
from collections.abc import Sequence

from generator.rehearsal.derive import Seed
from generator.rehearsal.firmware import Firmware
from generator.rehearsal.plan import ROLE, EvidencePlan, KeyPlan, MemberPlan
from vaultproof.evidence.deployment import Site
from vaultproof.strict.encodings import format_base64

CITIES = (
    ("ashburn", "Ashburn, Virginia"),
    ("dublin", "Dublin, Ireland"),
    ("singapore", "Singapore"),
    ("stockholm", "Stockholm, Sweden"),
    ("portland", "Portland, Oregon"),
    ("frankfurt", "Frankfurt am Main, Germany"),
    ("osaka", "Osaka, Japan"),
    ("toronto", "Toronto, Ontario"),
    ("sao-paulo", "São Paulo, Brazil"),
)


def plan_sites(count: int) -> tuple[Site, ...]:
    """The first ``count`` cities; no vendor's chain names them, so the operator's statement is their only source."""
    return tuple(
        Site(id=f"rehearsal-{slug}", name=f"{name} (REHEARSAL)", source="operator-statement")
        for slug, name in CITIES[:count]
    )


def plan_members(seed: Seed, id: str, count: int, sites: Sequence[Site], firmware: Firmware) -> tuple[MemberPlan, ...]:
    """``count`` HSMs, dealt to the sites in turn, each with one key of its own."""
    return tuple(
        plan_member(seed, id, number, sites[(number - 1) % len(sites)], firmware) for number in range(1, count + 1)
    )


def plan_member(seed: Seed, id: str, number: int, site: Site, firmware: Firmware) -> MemberPlan:
    """The HSM with this number: its name, serial number and key follow from seed, deployment and number."""
    label = f"{id}/hsm/{number}"
    serial = f"REHEARSAL-{seed.octets(f'{label}/serial', 3).hex().upper()}-{number:02d}"
    return MemberPlan(
        name=f"hsm-{number:02d}",
        serial=serial,
        site=site.id,
        holds=(ROLE,),
        evidence=EvidencePlan(
            device=f"{id}/{serial}", serial=serial, firmware=firmware, keys=(session_key(seed, f"{label}/session-key"),)
        ),
    )


def session_key(seed: Seed, label: str) -> KeyPlan:
    """A key for sessions with clients (X25519, RFC 7748)."""
    return KeyPlan(public=seed.x25519(label).public_key().public_bytes_raw())


def fleet_keys_file(keys: Sequence[KeyPlan]) -> bytes:
    """``bundle/fleet-keys.json``: the artifact that is signed, logged and given to clients."""
    value = {"keys": [{"key": format_base64(key.public), "role": key.role} for key in keys]}
    return json.dumps(value, indent=2).encode("ascii") + b"\n"
