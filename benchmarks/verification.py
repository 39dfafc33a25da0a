"""Throughput of the core against the raw signature limit of its own backend, on one core.

    python -m benchmarks verification

Bars: epochs >= 0.90 of the raw limit of the two verifications in each; appraising a fleet >= 0.7 of the raw limit of
all signatures that a whole verification makes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from benchmarks.measuring import interleaved, ratio
from vaultproof.cli import sources
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import Algorithm, SignatureCheck, run_to_completion
from vaultproof.epoch_check import check_epoch
from vaultproof.evidence.epoch import EpochRecord, read_epoch
from vaultproof.trust.configuration import Provenance, Signer, SignerKey
from vaultproof.verification import verify

EPOCHS = 200
ROUNDS = 101
"""Short rounds and many of them: a busy minute then falls on both sides of a ratio."""

EVIDENCE = Path(__file__).parent.parent / "evidence" / "deployments"
_ORIGIN = (Provenance(source="made by the benchmark", captured="2026-11-22"),)


def main() -> None:
    """Print both tables."""
    epochs()
    deployments()


def epochs() -> None:
    """Audit records of the signer's log: parse, rebuild the message, verify twice, hash 4 KiB."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = key.public_key()
    raw = public.public_bytes_raw()
    signer = Signer(id="bench", name="bench", keys=(SignerKey(public_key=raw, not_before=0, provenance=_ORIGIN),))
    lines = [_line(key, raw, number) for number in range(1, EPOCHS + 1)]
    records = [read_epoch(line, file="epoch") for line in lines]
    messages = [record.signed_message() for record in records]
    counters = [key.sign(record.signature) for record in records]
    artifact = bytes(4096)
    backend = OpenSslBackend()

    def raw_limit() -> None:
        for record, message, counter in zip(records, messages, counters, strict=True):
            public.verify(record.signature, message)
            public.verify(counter, record.signature)

    async def audit() -> None:
        spki = signer.keys[0].spki
        for line, counter in zip(lines, counters, strict=True):
            record = read_epoch(line, file="epoch")
            await check_epoch(record, signer, backend)
            hashlib.sha256(artifact).digest()
            await backend.verify(_counter_check(spki, record, counter))

    samples = interleaved(
        {"raw signature limit": raw_limit, "audit": lambda: run_to_completion(audit())}, rounds=ROUNDS
    )
    print(f"\nsigner's log, {EPOCHS} epochs, processor time")
    for sample in samples.values():
        print("  " + sample.line(EPOCHS, "epochs"))
    print(f"  audit reaches {ratio(samples, 'raw signature limit', 'audit')} of the raw limit (bar: 0.90)")


def deployments() -> None:
    """Verify each committed deployment, against only the signatures that it checks."""
    trust, procedures = sources.load_trust(), sources.load_procedures()
    clock = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    for folder in sorted(path for path in EVIDENCE.iterdir() if path.is_dir()):
        files = sources.load_folder(folder)
        recorder = _Recorder()
        run_to_completion(verify(files, trust=trust, procedures=procedures, clock=clock, backend=recorder, engine={}))
        checks = recorder.checks
        keys = [load_der_public_key(check.public_key) for check in checks]
        backend = OpenSslBackend()

        def whole(files: dict[str, bytes] = files, backend: OpenSslBackend = backend) -> None:
            run_to_completion(
                verify(files, trust=trust, procedures=procedures, clock=clock, backend=backend, engine={})
            )

        def raw_limit(checks: list[SignatureCheck] = checks, keys: list[object] = keys) -> None:
            for check, key in zip(checks, keys, strict=True):
                _raw_verify(check, key)

        samples = interleaved({"raw signature limit": raw_limit, "whole verification": whole})
        print(f"\n{folder.name}: {len(checks)} signatures, {len(files)} files, processor time")
        for sample in samples.values():
            print("  " + sample.line(1, "deployments"))
        print(f"  it reaches {ratio(samples, 'raw signature limit', 'whole verification')} of the raw limit (bar: 0.7)")


class _Recorder(OpenSslBackend):
    """The ordinary backend, keeping each check that it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.checks: list[SignatureCheck] = []

    async def verify(self, check: SignatureCheck) -> None:
        """Keep the check, then verify it."""
        self.checks.append(check)
        await super().verify(check)


def _raw_verify(check: SignatureCheck, key: object) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    if isinstance(key, Ed25519PublicKey):
        key.verify(check.signature, check.message)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        digest = hashes.SHA384() if check.algorithm.value.endswith("384") else hashes.SHA256()
        key.verify(check.signature, check.message, ec.ECDSA(digest))
    else:
        raise TypeError(f"no raw verification for {check.algorithm}")


def _counter_check(spki: bytes, record: EpochRecord, counter: bytes) -> SignatureCheck:
    return SignatureCheck(algorithm=Algorithm.ED25519, public_key=spki, message=record.signature, signature=counter)


def _line(key: Ed25519PrivateKey, raw: bytes, number: int) -> bytes:
    unsigned = EpochRecord(
        file="epoch",
        ciphersuite=1,
        namespace="bench.v1",
        timestamp=1_700_000_000_000 + number,
        epoch=number,
        digest=hashlib.sha256(number.to_bytes(8, "big")).digest(),
        signature=bytes(64),
        key_id=raw[-1],
        serialized_message=None,
        annotations=(),
    )
    message = unsigned.signed_message()
    return (
        f'{{"version":1,"ciphersuite":1,"namespace":"bench.v1","timestamp":{unsigned.timestamp},"epoch":{number},'
        f'"digest":"{unsigned.digest.hex()}","signature":"{key.sign(message).hex()}","key_id":{raw[-1]},'
        f'"serialized_message":"{message.hex()}"}}'
    ).encode("ascii")


if __name__ == "__main__":
    main()
