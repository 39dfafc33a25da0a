"""Logs for benchmarks: real signatures by one key, written as the live log writes its answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vaultproof.evidence.epoch import EpochRecord
from vaultproof.mirror.answer import Answer, Resource
from vaultproof.mirror.store import Store
from vaultproof.signer_log.walk import Expected
from vaultproof.trust.configuration import Provenance, Signer, SignerKey

NAMESPACE = "bench.fleet_keys.v1"
START = 1_700_000_000_000
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
BATCH = 10_000


def expected() -> Expected:
    """What the records agree with."""
    origin = (Provenance(source="made by the benchmark", captured="2026-11-22"),)
    key = SignerKey(public_key=PUBLIC, not_before=0, provenance=origin)
    return Expected(namespace=NAMESPACE, signer=Signer(id="bench", name="bench", keys=(key,)), ciphersuite=1)


def answer(epoch: int) -> bytes:
    """The answer for one epoch."""
    digest = hashlib.sha256(epoch.to_bytes(8, "big")).digest()
    record = EpochRecord(
        file="made", ciphersuite=1, namespace=NAMESPACE, timestamp=START + 1000 * epoch, epoch=epoch, digest=digest,
        signature=b"", key_id=PUBLIC[-1], serialized_message=None, annotations=(),
    )  # fmt: skip
    message = record.signed_message()
    return (
        f'{{"version":1,"ciphersuite":1,"namespace":"{NAMESPACE}","timestamp":{record.timestamp},"epoch":{epoch},'
        f'"digest":"{digest.hex()}","signature":"{KEY.sign(message).hex()}","key_id":{PUBLIC[-1]},'
        f'"serialized_message":"{message.hex()}"}}'
    ).encode("ascii")


def answers(first: int, last: int) -> Iterator[tuple[int, bytes]]:
    """The answers of a range of epochs."""
    for epoch in range(first, last + 1):
        yield epoch, answer(epoch)


def fill(path: Path, epochs: int) -> Path:
    """A mirror of that many epochs; one that is there already is grown, not made anew."""
    with Store.open(path, create=True) as store:
        span = store.epochs(NAMESPACE)
        first = 1 if span is None else span.last + 1
        for start in range(first, epochs + 1, BATCH):
            with store.batch():
                for epoch, body in answers(start, min(start + BATCH - 1, epochs)):
                    store.put_answer(
                        Answer(resource=Resource.AUDIT, namespace=NAMESPACE, epoch=epoch, body=body,
                               origin="https://log.example", at=START)
                    )  # fmt: skip
    return path
