"""The nonce of a deployment is a fixed function that anybody can repeat with ``sha256sum``."""

from __future__ import annotations

import hashlib

import pytest

from vaultproof.attestation.freshness import attestation_nonce

ONE, TWO = "a" * 64, "b" * 64


def test_the_nonce_is_the_digest_of_lines() -> None:
    text = f"vaultproof/attestation-nonce@1\nfleet-1\npkix-evidence\n{ONE}\n{TWO}\n"
    assert attestation_nonce("fleet-1", "pkix-evidence", [TWO, ONE]) == hashlib.sha256(text.encode()).digest()


@pytest.mark.parametrize(
    ("deployment", "technology", "keys"),
    [("fleet-2", "pkix-evidence", [ONE, TWO]), ("fleet-1", "yubico", [ONE, TWO]), ("fleet-1", "pkix-evidence", [ONE])],
)
def test_another_deployment_technology_or_key_gives_another_nonce(
    deployment: str, technology: str, keys: list[str]
) -> None:
    assert attestation_nonce(deployment, technology, keys) != attestation_nonce("fleet-1", "pkix-evidence", [ONE, TWO])
