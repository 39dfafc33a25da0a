"""Copies of a genuine file with one byte changed, and what each of them still holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from tests.interop.attested import held_claims
from vaultproof.attestation.claims import Claims


def flipped(data: bytes) -> Iterator[tuple[int, bytes]]:
    """A copy for each byte, with one bit of it changed: another bit from byte to byte."""
    for offset, value in enumerate(data):
        changed = bytearray(data)
        changed[offset] = value ^ (1 << (offset % 8))
        yield offset, bytes(changed)


def said(claims: Claims) -> Claims:
    """Claims without the digest of the file that they came from."""
    return replace(claims, evidence=replace(claims.evidence, digest=""))


def still_holding(technology: str, files: Mapping[str, bytes], name: str, at: datetime) -> list[int]:
    """The bytes of one file whose change breaks nothing; whatever still holds must say what the original says."""
    original = held_claims(technology, files, at)
    assert original is not None
    found = []
    for offset, changed in flipped(files[name]):
        claims = held_claims(technology, {**files, name: changed}, at)
        if claims is not None:
            assert said(claims) == said(original), f"byte {offset} of {name}"
            found.append(offset)
    return found
