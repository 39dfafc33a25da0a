"""Genuine fleets as deployments, made in memory from public material: what no operator has published as evidence.

``root_signing`` is the fleet of a public signing ceremony: five YubiKeys whose attested keys sign the first roots of a
software repository (TUF), three of five.  ``key_vault`` is the key list that a real key vault sent over the air.  Both
hold their source files verbatim under ``documents/``; announcement and key file are put together here from what those
say, and nothing that does not exist (a signer's record, a log, a counter-signature) is made up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vaultproof.asn1 import oids, writer
from vaultproof.evidence.files import DEPLOYMENT, FLEET_KEYS, MANIFEST
from vaultproof.evidence.google_key_vault import LIST_FILE, SIGNATURE_FILE, KeyList
from vaultproof.evidence.manifest import make_manifest
from vaultproof.strict.encodings import format_base64

Files = dict[str, bytes]

CEREMONY = "2021-06-18"
ROOT_MEMBERS: Mapping[str, str] = {
    "13078778": "f9_e4e5233563dc.pem",
    "14454335": "f9_556cd0b72ddc.pem",
    "14470876": "f9_556cd0b72ddc.pem",
    "15938765": "f9_556cd0b72ddc.pem",
    "15938791": "f9_556cd0b72ddc.pem",
}
"""Serial number of each device of root versions 1 to 3, and the file of its attestation key's certificate.

Four of them share one: slot f9 is not a device's own.
"""
ROOT_DEPLOYED = "2021-06-18T19:00:00Z"
ROOT_ROLE = "root"
COHORT_ROLE = "backup"

_P256_ALGORITHM = writer.sequence(writer.oid(oids.EC_PUBLIC_KEY), writer.oid(oids.SECP256R1))


def p256_spki(point: bytes) -> bytes:
    """An uncompressed point of P-256 as DER SubjectPublicKeyInfo."""
    return writer.sequence(_P256_ALGORITHM, writer.bit_string(point))


def ceremony(vectors: Path) -> Path:
    """The folder of the signing ceremony."""
    return vectors / "attestation" / "sigstore-yubikey-piv"


def tuf_root(vectors: Path, version: int) -> dict[str, Any]:
    """A root of the repository, as JSON values."""
    value: dict[str, Any] = json.loads((ceremony(vectors) / "tuf_root" / f"{version}.root.json").read_bytes())
    return value


def root_keys(root: Mapping[str, Any]) -> dict[str, bytes]:
    """The keys of the root role by their key id, as SubjectPublicKeyInfo."""
    signed = root["signed"]
    return {
        id: p256_spki(bytes.fromhex(signed["keys"][id]["keyval"]["public"]))
        for id in signed["roles"][ROOT_ROLE]["keyids"]
    }


def attestation(vectors: Path, serial: str, day: str = CEREMONY) -> bytes:
    """The attestation of the key that a device made on a day."""
    (path,) = (ceremony(vectors) / "key_certs").glob(f"{serial}_{day}_*.pem")
    return path.read_bytes()


def member_files(vectors: Path, serial: str, signer: str, day: str = CEREMONY) -> Files:
    """One member's folder: its key's attestation, and the certificate of its attestation key."""
    return {
        "attestation.pem": attestation(vectors, serial, day),
        "chain.pem": (ceremony(vectors) / "device_certs" / signer).read_bytes(),
    }


def root_signing(
    vectors: Path, version: int, *, members: Mapping[str, Files] | None = None, keys: Sequence[bytes] | None = None
) -> Files:
    """The fleet behind one version of the root.

    ``members`` (folder files by serial number, as announced) and ``keys`` take the place of the genuine ones, for
    traps.
    """
    root = tuf_root(vectors, version)
    source = ceremony(vectors) / "tuf_root" / f"{version}.root.json"
    if members is None:
        members = {serial: member_files(vectors, serial, signer) for serial, signer in ROOT_MEMBERS.items()}
    published = list(root_keys(root).values()) if keys is None else list(keys)
    announcement = _announcement(
        id=f"root-signing-{version}",
        title=f"Public root signing ceremony, root version {version}",
        product="root-signing",
        operator="root-signing",
        deployed_at=ROOT_DEPLOYED,
        technology="yubikey-piv",
        threshold=root["signed"]["roles"][ROOT_ROLE]["threshold"],
        members=[_member(f"yubikey-{serial}", serial.split("-")[0], ROOT_ROLE) for serial in members],
        namespace="root-signing.example",
        epoch=version,
    )
    files = {f"documents/{source.name}": source.read_bytes()}
    for serial, own in members.items():
        files |= {f"attestations/yubikey-{serial}/{name}": data for name, data in own.items()}
    return deployment(announcement, published, ROOT_ROLE, files)


def key_vault_files(vectors: Path) -> tuple[bytes, bytes]:
    """The key list and its signature file."""
    folder = vectors / "google-key-vault"
    return (folder / LIST_FILE).read_bytes(), (folder / SIGNATURE_FILE).read_bytes()


def key_vault(vectors: Path, keys: KeyList) -> Files:
    """The key vault's list as a deployment: one member a cohort, of which no attestation exists."""
    names = [f"cohort-{number}" for number in range(1, len(keys.endpoints) + 1)]
    announcement = _announcement(
        id=f"key-vault-{keys.serial}",
        title=f"Key list {keys.serial} of a cloud key vault",
        product="key-vault",
        operator="key-vault",
        deployed_at=keys.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        technology="pkix-evidence",
        threshold=len(names) // 2 + 1,
        members=[_member(name, "not published", COHORT_ROLE) for name in names],
        namespace="key-vault.example",
        epoch=keys.serial,
    )
    data, signature = key_vault_files(vectors)
    published = [endpoint.public_key.raw for endpoint in keys.endpoints]
    documents = {f"documents/{LIST_FILE}": data, f"documents/{SIGNATURE_FILE}": signature}
    return deployment(announcement, published, COHORT_ROLE, documents)


def _announcement(**known: Any) -> dict[str, Any]:
    """An announcement that promises nothing and says of sites that nobody named any."""
    return {
        "schema": "vaultproof/deployment@1",
        "rehearsal": False,
        "distribution": "over-the-air",
        "procedure": "2026-11",
        "sites": [{"id": "not-published", "name": "not published", "source": "operator-statement"}],
        "promises": [],
        "history": [{"epoch": known["epoch"], "deployment": known["id"]}],
        **known,
    }


def _member(name: str, serial: str, role: str) -> dict[str, Any]:
    return {"name": name, "serial": serial, "site": "not-published", "holds": [role]}


def deployment(announcement: dict[str, Any], keys: Sequence[bytes], role: str, more: Files) -> Files:
    """All files of a deployment: the announcement, a key file with these keys, ``more``, and the manifest of these."""
    listed = {"keys": [{"key": format_base64(key), "role": role} for key in keys]}
    files = {
        DEPLOYMENT: json.dumps(announcement, indent=2).encode() + b"\n",
        FLEET_KEYS: json.dumps(listed, indent=2).encode() + b"\n",
        **more,
    }
    return {**files, MANIFEST: make_manifest(announcement["id"], files).to_bytes()}
