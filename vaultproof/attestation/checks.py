"""What is asked of one attestation, in groups: the columns of the fleet matrix, and the answers about a single file."""

from __future__ import annotations

from collections.abc import Sequence

from vaultproof.attestation.adapter import Attestation
from vaultproof.attestation.chain import ChainResult
from vaultproof.attestation.findings import Finding

CHECKS = ("evidence", "chain", "signature", "dates", "code", "advisories", "debug", "key-protection", "freshness")
"""The checks of each member, in the order in which they are shown."""

_GROUPS = (
    ("attester/", "code"),
    ("platform/dbgstat", "debug"),
    ("platform", "code"),
    ("keys", "key-protection"),
    ("attestation-key", "key-protection"),
    ("evidence/nonce", "freshness"),
    ("evidence/", "code"),
)
_DATES = ("-at-deployment", "-now", "-at-signing", "no-signing-time", "dates-not-judged")


def grouped(read: Attestation, chain: ChainResult, appraised: Sequence[Finding]) -> dict[str, list[Finding]]:
    """Findings of chain walk and appraisal by the check they belong to; a check without any is left out."""
    groups: dict[str, list[Finding]] = {}
    statements = {statement.name for statement in read.statements}
    for item in chain.findings:
        check = "signature" if item.subject in statements else "dates" if _is_date(item.code) else "chain"
        groups.setdefault(check, []).append(item)
    for item in appraised:
        groups.setdefault(_check_of(item), []).append(item)
    return groups


def _is_date(code: str) -> bool:
    return code.endswith(_DATES)


def _check_of(item: Finding) -> str:
    if item.advisory is not None:
        return "advisories"
    subject = item.subject.removeprefix("maker/")
    return next((check for prefix, check in _GROUPS if subject.startswith(prefix)), "code")
