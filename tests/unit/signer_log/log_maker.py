"""Logs for tests: real signatures by keys of our own, and records that are wrong in one way each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.evidence.epoch import EpochRecord
from vaultproof.signer_log.answers import Root
from vaultproof.signer_log.walk import Expected, RangeResult, Walk
from vaultproof.trust.configuration import Provenance, Signer, SignerKey

NAMESPACE = "test.fleet_keys.v1"
START = 1_700_000_000_000
BACKEND = OpenSslBackend()
ORIGIN = (Provenance(source="made by a test", captured="2026-11-22"),)


@cache
def private(number: int) -> Ed25519PrivateKey:
    """Key 1, 2, 3 and so on; each has an id of its own."""
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def public(number: int) -> bytes:
    return private(number).public_key().public_bytes_raw()


def signer(*numbers: int, not_before: int = 0) -> Signer:
    keys = tuple(SignerKey(public_key=public(n), not_before=not_before, provenance=ORIGIN) for n in numbers or (1,))
    return Signer(id="test", name="Test signer", keys=keys)


def digest(epoch: int) -> bytes:
    return hashlib.sha256(b"artifact %d" % epoch).digest()


@dataclass(frozen=True)
class Made:
    """A record to be signed, and what to do to it."""

    epoch: int
    digest: bytes
    timestamp: int
    namespace: str = NAMESPACE
    key: int = 1
    ciphersuite: int = 1
    spoiled: bool = False

    def body(self, **changes: object) -> bytes:
        """The answer of the API; ``changes`` replace fields after signing."""
        record = EpochRecord(
            file="made", ciphersuite=self.ciphersuite, namespace=self.namespace, timestamp=self.timestamp,
            epoch=self.epoch, digest=self.digest, signature=b"", key_id=public(self.key)[-1], serialized_message=None,
            annotations=(),
        )  # fmt: skip
        signature = bytearray(private(self.key).sign(record.signed_message()))
        signature[7] ^= self.spoiled
        fields = {
            "version": self.ciphersuite,
            "ciphersuite": self.ciphersuite,
            "namespace": self.namespace,
            "timestamp": self.timestamp,
            "epoch": self.epoch,
            "digest": self.digest.hex(),
            "signature": signature.hex(),
            "key_id": record.key_id,
            "serialized_message": record.signed_message().hex(),
        }
        return json.dumps(fields | changes, separators=(",", ":")).encode()

    def but(self, **changes: Any) -> Made:
        return replace(self, **changes)


def made(epoch: int) -> Made:
    return Made(epoch=epoch, digest=digest(epoch), timestamp=START + epoch * 1000)


def log(*epochs: int) -> list[tuple[int, bytes]]:
    return [(epoch, made(epoch).body()) for epoch in epochs]


def expected(*keys: int, root: bool = True) -> Expected:
    return Expected(
        namespace=NAMESPACE,
        signer=signer(*keys),
        ciphersuite=1,
        root=Root(epoch=1, digest=digest(1).hex()) if root else None,
    )


def walked(records: Iterable[tuple[int, bytes]], against: Expected | None = None) -> RangeResult:
    walk = Walk(against or expected(), BACKEND)
    run_to_completion(walk.see(records))
    return walk.result()
