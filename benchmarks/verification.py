"""Throughput of the core against the raw signature limit of its own backend, on one core.

    python -m benchmarks verification

Bars: epochs >= 0.90 of the raw limit of the two verifications in each, and >= 0.75 of a loop in Rust over the same
records, where cargo can build it; appraising a fleet >= 0.7 of the raw limit of the signatures in its chains.  A whole
verification is shown beside it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from benchmarks.measuring import interleaved, ratio
from vaultproof.asn1.x509 import parse_certificate
from vaultproof.attestation.appraisal import appraise
from vaultproof.attestation.chain import verify_chain
from vaultproof.attestation.findings import AsOf, Outcome
from vaultproof.attestation.freshness import attestation_nonce
from vaultproof.attestation.registry import adapter_for
from vaultproof.cli import sources
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import Algorithm, Backend, SignatureCheck, run_to_completion
from vaultproof.epoch_check import check_epoch
from vaultproof.evidence.deployment import read_deployment
from vaultproof.evidence.epoch import EpochRecord, read_epoch
from vaultproof.evidence.files import DEPLOYMENT, FLEET_KEYS, Files
from vaultproof.evidence.fleet_keys import read_fleet_keys
from vaultproof.steps.attestation import folder_of
from vaultproof.trust.configuration import Provenance, Signer, SignerKey, TrustSet
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
    """Appraise the fleet of each committed deployment, and verify the whole, against only the signatures in each."""
    trust, procedures = sources.load_trust(), sources.load_procedures()
    clock = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    for folder in sorted(path for path in EVIDENCE.iterdir() if path.is_dir()):
        files = sources.load_folder(folder)

        async def fleet(backend: Backend, files: dict[str, bytes] = files) -> None:
            await _appraise(files, trust, clock, backend)

        async def whole(backend: Backend, files: dict[str, bytes] = files) -> None:
            await verify(files, trust=trust, procedures=procedures, clock=clock, backend=backend, engine={})

        print(f"\n{folder.name}: {len(files)} files, processor time")
        _against_signatures("appraising the fleet", fleet, "(bar: 0.7)")
        _against_signatures("whole verification", whole, "(orientation)")


async def _appraise(files: Files, trust: TrustSet, clock: dt.datetime, backend: Backend) -> None:
    """What the step ``attestation`` does for each member: read its files, walk its chain, appraise its claims."""
    deployment = read_deployment(files[DEPLOYMENT])
    configuration = trust.select(rehearsal=deployment.rehearsal)
    adapter, at = adapter_for(deployment.technology), deployment.deployed_at
    keys = read_fleet_keys(files[FLEET_KEYS])
    nonce = attestation_nonce(deployment.id, deployment.technology, (key.fingerprint for key in keys.keys))
    for member in deployment.members:
        prefix = f"{folder_of(member.name)}/"
        read = adapter.read({path.removeprefix(prefix): files[path] for path in files if path.startswith(prefix)})
        chain = await verify_chain(read, configuration.anchors, backend, at, clock)
        appraisal = appraise(read, configuration.reference_values, at, clock, nonce)
        if Outcome.FAILED in (chain.outcome(AsOf.DEPLOYMENT), appraisal.outcome(AsOf.DEPLOYMENT)):
            raise RuntimeError(f"{member.name} is not as it should be")


def _against_signatures(name: str, work: Callable[[Backend], Coroutine[Any, Any, None]], bar: str) -> None:
    recorder, backend = _Recorder(), OpenSslBackend()
    run_to_completion(work(recorder))
    keys = [load_der_public_key(check.public_key) for check in recorder.checks]

    def all_of_it() -> None:
        parse_certificate.cache_clear()  # as in a new process: only what one fleet repeats may be remembered
        run_to_completion(work(backend))

    def raw_limit() -> None:
        for check, key in zip(recorder.checks, keys, strict=True):
            _raw_verify(check, key)

    limit = f"its {len(keys)} signatures alone"
    samples = interleaved({limit: raw_limit, name: all_of_it}, rounds=ROUNDS)
    for sample in samples.values():
        print("  " + sample.line(1, "deployments"))
    print(f"  {name} reaches {ratio(samples, limit, name)} of the raw limit {bar}")


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
