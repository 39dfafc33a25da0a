"""Copies of a genuine file with one byte changed, and what each of them still holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from tests.interop.attested import NOW, codes, production
from vaultproof.attestation.chain import verify_chain
from vaultproof.attestation.claims import Claims
from vaultproof.attestation.findings import Outcome
from vaultproof.attestation.registry import adapter_for
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import VaultproofError


def flipped(data: bytes) -> Iterator[tuple[int, bytes]]:
    """A copy for each byte, with one bit of it changed: another bit from byte to byte."""
    for offset, value in enumerate(data):
        changed = bytearray(data)
        changed[offset] = value ^ (1 << (offset % 8))
        yield offset, bytes(changed)


def said(claims: Claims) -> Claims:
    """Claims without the digest of the file that they came from."""
    return replace(claims, evidence=replace(claims.evidence, digest=""))


def held(technology: str, files: Mapping[str, bytes], at: datetime) -> Claims | None:
    """The claims of files that are read and under whose claims every signature and role holds; None for any others."""
    try:
        attestation = adapter_for(technology).read(files)
    except VaultproofError:
        return None
    result = run_to_completion(verify_chain(attestation, production().anchors, OpenSslBackend(), at, NOW))
    broken = codes(result.findings, Outcome.FAILED) | codes(result.findings, Outcome.COULD_NOT_CHECK)
    return None if broken else attestation.claims


def still_holding(technology: str, files: Mapping[str, bytes], name: str, at: datetime) -> list[int]:
    """The bytes of one file whose change breaks nothing; whatever still holds must say what the original says."""
    original = held(technology, files, at)
    assert original is not None
    found = []
    for offset, changed in flipped(files[name]):
        claims = held(technology, {**files, name: changed}, at)
        if claims is not None:
            assert said(claims) == said(original), f"byte {offset} of {name}"
            found.append(offset)
    return found
