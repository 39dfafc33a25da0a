from __future__ import annotations

from pathlib import Path

import pytest

from generator.rehearsal.committed import EVIDENCE, committed, main
from generator.rehearsal.planning import founding_artifact
from vaultproof.evidence.files import sha256_hex
from vaultproof.report import Scope
from vaultproof.trust.configuration import TrustSet, read_trust_set

FOLDERS = [
    "trust/rehearsal",
    "deployments/rehearsal-whatsapp-2025",
    "deployments/rehearsal-messenger-2025",
    "deployments/rehearsal-messenger-2026",
    "signer-log/rehearsal.encrypted_backups.fleet_keys.v1",
]


def _tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def made() -> dict[str, dict[str, bytes]]:
    return committed()


@pytest.fixture(scope="module")
def trust() -> TrustSet:
    folder = EVIDENCE / "trust"
    return read_trust_set(_tree(folder))


def test_these_are_the_generated_folders(made: dict[str, dict[str, bytes]]) -> None:
    assert sorted(made) == sorted(FOLDERS)


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_committed_is_what_is_made(folder: str, made: dict[str, dict[str, bytes]]) -> None:
    found = _tree(EVIDENCE / folder)
    assert sorted(found) == sorted(made[folder])
    assert [path for path in found if found[path] != made[folder][path]] == []


def test_making_them_twice_leaves_them_the_same(tmp_path: Path) -> None:
    stale = tmp_path / FOLDERS[0] / "stale.json"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"{}")
    main(tmp_path)
    main(tmp_path)
    assert {folder: _tree(tmp_path / folder) for folder in FOLDERS} == {
        folder: _tree(EVIDENCE / folder) for folder in FOLDERS
    }


def test_the_rehearsal_trust_says_what_it_is(trust: TrustSet) -> None:
    rehearsal = trust.rehearsal
    assert rehearsal.kind is Scope.REHEARSAL
    names = [signer.name for signer in rehearsal.signers] + [root.anchor.name for root in rehearsal.vendor_roots]
    names += [party.name for party in (*rehearsal.operators, *rehearsal.witnesses)]
    assert len(names) == 7
    assert all("REHEARSAL" in name for name in names)
    assert all(namespace.name.startswith("rehearsal.") for namespace in rehearsal.namespaces)


def test_the_pinned_root_is_the_founding_key_file(trust: TrustSet) -> None:
    (namespace,) = trust.rehearsal.namespaces
    assert (namespace.root_epoch, namespace.root_digest) == (1, sha256_hex(founding_artifact()))


def test_production_and_rehearsal_share_no_key(trust: TrustSet) -> None:
    """A rehearsal's authority must vouch for nothing real, and the other way round."""
    pins = []
    for configuration in (trust.production, trust.rehearsal):
        keys = {key.public_key for signer in configuration.signers for key in signer.keys}
        parties = (*configuration.operators, *configuration.witnesses)
        keys |= {key.spki for party in parties for key in party.keys}
        keys |= {bytes.fromhex(root.anchor.spki_sha256) for root in configuration.vendor_roots}
        pins.append((keys, {namespace.name for namespace in configuration.namespaces}))
    assert not pins[0][0] & pins[1][0]
    assert not pins[0][1] & pins[1][1]


def test_production_pins_what_is_public_and_invents_nothing(trust: TrustSet) -> None:
    (signer,) = trust.production.signers
    assert [(key.public_key.hex(), key.not_before) for key in signer.keys] == [
        ("2bbfbb39997fdb95feee40ef9f8827de0256732be06f64ed6408cc7e97c7f4d4", 1722601797645),
        ("0c7c1f082320fb44c7e042b439f3388dbdef34655fea73bab249aca54e8b31bb", 1724840476997),
    ]
    assert all(len(key.provenance) >= 2 for key in signer.keys)
    (namespace,) = trust.production.namespaces
    assert (namespace.name, namespace.ciphersuite, namespace.root_epoch) == (
        "meta.encrypted_backups.fleet_keys.v1",
        1,
        1,
    )
    assert namespace.root_digest == "ed63fcff5e835749fc45034ede726877e3410ab9496c3ef0e8814b982bf01155"
    (operator,) = trust.production.operators
    assert (operator.id, operator.keys, bool(operator.note)) == ("meta", (), True)
    assert trust.production.witnesses == ()
    assert [root.anchor.id for root in trust.production.vendor_roots if not root.provenance] == []
    policies = trust.production.reference_values.technologies
    assert {policy.technology for policy in policies} == {
        root.anchor.technology for root in trust.production.vendor_roots
    }
    assert [entry.id for policy in policies for entry in policy.allowed if entry.source is None] == []
