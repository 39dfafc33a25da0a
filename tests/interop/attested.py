"""What the interop tests of attestations share: production trust, one verdict a document, and damaged copies."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from vaultproof.attestation.adapter import Attestation
from vaultproof.attestation.appraisal import Appraisal, appraise
from vaultproof.attestation.chain import ChainResult, verify_chain
from vaultproof.attestation.claims import Claims
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.attestation.registry import adapter_for
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import VaultproofError
from vaultproof.trust.configuration import TrustConfiguration, read_trust_set

TRUST = Path(__file__).parents[2] / "evidence" / "trust"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
Files = Mapping[str, bytes]


@lru_cache(maxsize=1)
def production() -> TrustConfiguration:
    files = {path.relative_to(TRUST).as_posix(): path.read_bytes() for path in TRUST.rglob("*.json")}
    return read_trust_set(files).production


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One member's files, as read, walked and appraised with what is pinned for production."""

    attestation: Attestation
    chain: ChainResult
    appraisal: Appraisal


def judge(technology: str, files: Files, at: datetime, nonce: bytes | None = None) -> Judged:
    trust = production()
    attestation = adapter_for(technology).read(files)
    return Judged(
        attestation=attestation,
        chain=run_to_completion(verify_chain(attestation, trust.anchors, OpenSslBackend(), at, NOW)),
        appraisal=appraise(attestation, trust.reference_values, at, NOW, nonce),
    )


def codes(findings: tuple[Finding, ...], outcome: Outcome) -> set[str]:
    """Codes of the findings with that outcome."""
    return {finding.code for finding in findings if finding.outcome is outcome}


def held(attestation: Attestation, at: datetime) -> bool:
    """Whether every signature and every rule of the chain holds."""
    backend = OpenSslBackend()
    signer = attestation.chains[0].links[0].key
    for statement in attestation.statements:  # the cheapest first: most damage ends here
        try:
            run_to_completion(backend.verify(statement.signed.check_by(signer, minimum_rsa_bits=2048)))
        except VaultproofError:
            return False
    result = run_to_completion(verify_chain(attestation, production().anchors, backend, at, NOW))
    return not codes(result.findings, Outcome.FAILED) | codes(result.findings, Outcome.COULD_NOT_CHECK)


def held_claims(technology: str, files: Files, at: datetime) -> Claims | None:
    """The claims of files under which everything holds; None for any others."""
    attestation = adapter_for(technology).read(files)
    return attestation.claims if held(attestation, at) else None


STEP = 1 if os.environ.get("VAULTPROOF_EVERY_BYTE") else 6
"""Of a file's bytes, every how many is damaged: all of them take minutes, and are for whoever changes a parser."""


def check_flips(technology: str, file: str, files: Files, at: datetime) -> int:
    """Change one bit of a byte of one file, again and again, another bit each time; returns how many could be read.

    Every copy is refused with an error of ours, or does not hold, or says the same as the original.
    """
    claims = held_claims(technology, files, at)
    assert claims is not None
    readable = 0
    for offset in range(len(files[file]) % STEP, len(files[file]), STEP):
        changed = bytearray(files[file])
        changed[offset] ^= 1 << (offset // STEP % 8)
        damaged = {**files, file: bytes(changed)}
        try:
            attestation = adapter_for(technology).read(damaged)
        except VaultproofError:
            continue
        readable += 1
        assert held(attestation, at) is False or attestation.claims == claims, f"byte {offset} of {file}"
    return readable


def check_cuts(technology: str, file: str, files: Files, at: datetime) -> None:
    """Cut one file at every length: refused with an error of ours, or what is left says the same."""
    claims = held_claims(technology, files, at)
    assert claims is not None
    for length in range(len(files[file])):
        try:
            attestation = adapter_for(technology).read({**files, file: files[file][:length]})
        except VaultproofError:
            continue
        assert attestation.claims == claims, f"{length} bytes of {file}"
