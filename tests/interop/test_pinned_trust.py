"""What is pinned for production, against genuine answers of the signer's live API and a genuine epoch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vaultproof.evidence.epoch import read_epoch
from vaultproof.trust.configuration import TrustConfiguration, read_trust_set

pytestmark = pytest.mark.interop

TRUST = Path(__file__).parents[2] / "evidence" / "trust"


@pytest.fixture(scope="module")
def production() -> TrustConfiguration:
    files = {path.relative_to(TRUST).as_posix(): path.read_bytes() for path in TRUST.rglob("*.json")}
    return read_trust_set(files).production


def test_the_signers_keys_are_the_ones_it_advertised(vectors: Path, production: TrustConfiguration) -> None:
    answer = json.loads((vectors / "cloudflare-plexi" / "plexi_info_2026-10-08.json").read_bytes())
    advertised = [(key["public_key"], key["not_before"]) for key in answer["keys"]]
    assert [(key.public_key.hex(), key.not_before) for key in production.signers[0].keys] == advertised


def test_the_namespace_has_the_root_that_the_signer_published(vectors: Path, production: TrustConfiguration) -> None:
    answer = json.loads((vectors / "cloudflare-plexi" / "plexi_namespaces_2026-10-08_subset.json").read_bytes())
    (namespace,) = production.namespaces
    (published,) = [item for item in answer["namespaces"] if item["name"] == namespace.name]
    assert published["root"] == f"{namespace.root_epoch}/{namespace.root_digest}"
    assert published["ciphersuite"] == namespace.ciphersuite


def test_a_genuine_epoch_holds_under_the_older_key(vectors: Path, production: TrustConfiguration) -> None:
    path = vectors / "cloudflare-plexi" / "whatsapp_v1_epoch489193.json"
    record = read_epoch(path.read_bytes(), file=path.name)
    (key,) = production.signers[0].keys_named(record.key_id)
    Ed25519PublicKey.from_public_bytes(key.public_key).verify(record.signature, record.signed_message())
    assert key is production.signers[0].keys[0]
    assert record.timestamp > production.signers[0].keys[1].not_before  # the older key went on signing
