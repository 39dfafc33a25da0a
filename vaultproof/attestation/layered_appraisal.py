"""The key between two layers, against the reference values: what it must be like, and what its word is worth."""

from __future__ import annotations

from dataclasses import replace

from vaultproof.attestation.claims import Claim, Claims, ExportPath, Grade, KeyClaims
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.attestation.rebuilding import rebuilt
from vaultproof.attestation.reference import ATTESTATION_KEY_RULES, AttestationKeyRule, KeyRules, KeyUse

ATTESTATION_KEY = "attestation-key"
"""Claim path of the key between the layers."""


def use_finding(rule: AttestationKeyRule | None) -> Finding:
    """Who can use the key: no attestation says so, only what the reference values have from the maker's documents."""
    known = rule is not None and rule.used_only_by is KeyUse.MEASURED_CODE
    return Finding(
        code="attestation-key-use" if known else "attestation-key-use-unknown",
        outcome=Outcome.PROVEN if known else Outcome.ASSERTED_ONLY,
        subject=f"{ATTESTATION_KEY}/used-by",
        found=None if rule is None else f"{rule.used_only_by.value} ({rule.source})",
        reference="attestation_key",
    )


def key_rules(key: KeyClaims, rule: AttestationKeyRule | None) -> KeyRules:
    """What the reference values ask, and what is always asked; a way out that the device names is never allowed."""
    always = ATTESTATION_KEY_RULES
    asked = always if rule is None else rule.attributes
    return replace(
        asked,
        local=always.local,
        extractable=always.extractable,
        never_extractable=always.never_extractable,
        exportable_path=asked.exportable_path if key.exportable_path is None else ExportPath.NONE,
    )


def graded(claims: Claims, rule: AttestationKeyRule | None) -> Claims:
    """Claims that a key signed count only where nothing but the measured code can use the key; else they are asserted.

    The nonce stays: whoever used the key knew it.
    """
    if rule is not None and rule.used_only_by is KeyUse.MEASURED_CODE:
        return claims
    lowered = rebuilt(claims, Claim, _lowered)
    return replace(lowered, evidence=claims.evidence)


def _lowered(claim: Claim[object]) -> Claim[object]:
    return replace(claim, grade=Grade.ASSERTED) if claim.grade is Grade.BY_KEY else claim
