"""Normalised claims as a flat list, for people and programs: each with its path, its grade and where it was read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime

from vaultproof.attestation.claims import (
    AttesterClaims,
    Claim,
    Claims,
    EvidenceClaims,
    Grade,
    KeyClaims,
    Measurement,
    PlatformClaims,
    Source,
)
from vaultproof.frozen import frozen
from vaultproof.strict.encodings import format_time


@frozen
class ClaimRow:
    """One claim: ``path`` as in findings (``keys/0/local``), ``value`` as text, grade and place."""

    path: str
    value: str
    grade: Grade
    source: Source


def claim_rows(claims: Claims) -> tuple[ClaimRow, ...]:
    """Every claim that is there, in the order of the record; what a device does not say has no row.

    A layer below comes last, its paths below ``maker/``, without what the record has taken over from it.
    """
    rows = tuple(_rows(claims))
    if claims.below is None:
        return rows
    taken = {(row.path, row.value, row.source) for row in rows}
    signing = {row.source for row in rows if row.path.startswith("attestation-key/")}
    below = (
        replace(row, path=f"maker/{row.path}")
        for row in claim_rows(claims.below)
        if (row.path, row.value, row.source) not in taken and row.source not in signing
    )
    return (*rows, *below)


def _rows(claims: Claims) -> Iterator[ClaimRow]:
    records: list[tuple[str, AttesterClaims | EvidenceClaims | PlatformClaims | KeyClaims]] = [
        ("attester", claims.attester),
        ("evidence", claims.evidence),
        ("platform", claims.platform),
        *((f"keys/{index}", key) for index, key in enumerate(claims.keys)),
        *([] if claims.attestation_key is None else [("attestation-key", claims.attestation_key)]),
    ]
    for place, record in records:
        for item in fields(record):
            claim = getattr(record, item.name)
            if isinstance(claim, Claim):
                yield _row(f"{place}/{item.name}", claim)
    if claims.site is not None:
        yield _row("site", claims.site.value)
    for unknown in claims.unknown:
        yield ClaimRow(
            path=f"{unknown.place}/{unknown.type}",
            value=unknown.raw.hex(),
            grade=Grade.ATTESTED,
            source=unknown.source,
        )


def _row(path: str, claim: Claim[object]) -> ClaimRow:
    return ClaimRow(path=path, value=_text(claim.value), grade=claim.grade, source=claim.source)


def _text(value: object) -> str:
    """A value as text: booleans as in JSON, bytes in hex, times as RFC 3339, lists with semicolons."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, Measurement):
        return value.text
    if isinstance(value, tuple):
        return "; ".join(_text(item) for item in value)
    return str(value)
