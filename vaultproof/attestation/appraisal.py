"""Appraisal: one attestation's claims against the reference values, claim by claim (RFC 9334, 4.1).

A claim that is absent is ``not-evaluated``; one that only somebody says is ``asserted-only``; neither becomes a pass.
Advisories give two answers: as of the deployment (what was public then) and as of now.  Whether the signatures under
the claims hold is not looked at here (chain.py); both must hold for anything to be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from vaultproof.attestation.adapter import Attestation
from vaultproof.attestation.advisories import denied_findings
from vaultproof.attestation.claims import Claim, Claims, Grade, KeyClaims
from vaultproof.attestation.findings import AsOf, Finding, Outcome, claim_absent, fold
from vaultproof.attestation.layered_appraisal import ATTESTATION_KEY, graded, key_rules, use_finding
from vaultproof.attestation.reference import (
    AllowedCode,
    AttestationKeyRule,
    Freshness,
    KeyRules,
    ReferenceValues,
    TechnologyPolicy,
)
from vaultproof.frozen import frozen
from vaultproof.strict.encodings import format_time


@frozen
class Appraisal:
    """All findings of one appraisal; ``code_allowed`` is whether device and code are on the list of allowed ones.

    ``claims`` are the attestation's, each at most as good as the reference values let it be.
    """

    findings: tuple[Finding, ...]
    code_allowed: bool
    claims: Claims

    def outcome(self, as_of: AsOf) -> Outcome:
        """The worst of all that was asked for, as of the deployment or as of now."""
        return fold(self.findings, as_of)


def appraise(
    attestation: Attestation, reference_values: ReferenceValues, at: datetime, now: datetime, nonce: bytes | None
) -> Appraisal:
    """Compare an attestation's claims with the reference values.

    ``at`` is the instant of the deployment, ``now`` the run's clock; ``nonce`` the one that ``attestation_nonce``
    gives, None when it could not be computed.  Raises nothing.
    """
    policy = reference_values.policy(attestation.technology)
    if policy is None:
        missing = Finding(code="no-reference-values", outcome=Outcome.NOT_EVALUATED, subject=attestation.technology)
        return Appraisal(findings=(missing,), code_allowed=False, claims=graded(attestation.claims, None))
    claims = graded(attestation.claims, policy.attestation_key)
    code = tuple(_code(claims, policy.allowed))
    below = tuple(_below(claims, reference_values, at, now))
    findings = (
        *code,
        *(found for entry in policy.denied for found in denied_findings(claims, entry, at, now)),
        *_debug(claims, policy),
        *_keys(claims, policy, at, now),
        *_freshness(claims, policy, nonce),
        *_noted(claims),
        *below,
        *_attestation_key(claims, policy.attestation_key),
    )
    allowed = fold((*code, *below), AsOf.DEPLOYMENT) is Outcome.PROVEN
    return Appraisal(findings=findings, code_allowed=allowed, claims=claims)


def _below(claims: Claims, reference_values: ReferenceValues, at: datetime, now: datetime) -> Iterator[Finding]:
    """The maker's layer against the reference values of the maker's own technology, its subjects below ``maker/``.

    Its keys and its freshness are not asked for there: the key between the layers has rules of its own, and the upper
    layer's nonce is signed with it.
    """
    maker = claims.below
    if maker is None:
        return
    technology = maker.attester.technology
    policy = reference_values.policy(technology)
    if policy is None:
        yield Finding(code="no-reference-values", outcome=Outcome.NOT_EVALUATED, subject=f"maker/{technology}")
        return
    for found in (
        *_code(maker, policy.allowed),
        *(found for entry in policy.denied for found in denied_findings(maker, entry, at, now)),
        *_debug(maker, policy),
        *_noted(maker),
    ):
        yield replace(found, subject=f"maker/{found.subject}")


def _attestation_key(claims: Claims, rule: AttestationKeyRule | None) -> Iterator[Finding]:
    """The key between the layers: made in the device, never outside of it, and used by the measured code alone."""
    if claims.below is None:
        return
    key, subject = claims.attestation_key, ATTESTATION_KEY
    if key is None:
        yield claim_absent(subject, "a key that the maker attests")
        return
    yield from _key(subject, key, key_rules(key, rule))
    yield use_finding(rule)


def _compared(
    name: str, subject: str, claim: Claim[object], holds: bool, *, expected: str, found: str,
    reference: str | None = None, as_of: AsOf = AsOf.ALWAYS,
) -> Finding:  # fmt: skip
    """One claim against one expectation: failed when it differs, else as good as the claim is."""
    if not holds:
        code, outcome = f"{name}-differs", Outcome.FAILED
    elif claim.grade is Grade.ASSERTED:
        code, outcome = f"{name}-asserted", Outcome.ASSERTED_ONLY
    else:
        code, outcome = f"{name}-matches", Outcome.PROVEN
    return Finding(
        code=code, outcome=outcome, subject=subject, as_of=as_of, expected=expected, found=found,
        grade=claim.grade, source=claim.source, reference=reference,
    )  # fmt: skip


@frozen
class _Aspect:
    """One part of what allowed entries may ask for: the claim, how an entry states it, how both are shown."""

    name: str
    subject: str
    claim: Claim[str] | Claim[frozenset[str]] | None
    wanted: Callable[[AllowedCode], str | frozenset[str] | None]


def _code(claims: Claims, allowed: tuple[AllowedCode, ...]) -> Iterator[Finding]:
    """Model, version and measurements, each narrowing the entries that the next is compared with."""
    candidates = allowed
    if not candidates:
        yield Finding(code="nothing-allowed", outcome=Outcome.NOT_EVALUATED, subject="platform")
    for aspect in _aspects(claims):
        asking = tuple(entry for entry in candidates if aspect.wanted(entry) is not None)
        indifferent = tuple(entry for entry in candidates if aspect.wanted(entry) is None)
        if not asking:
            continue
        claim = aspect.claim
        fitting = tuple(entry for entry in asking if claim is not None and aspect.wanted(entry) == claim.value)
        if not fitting and indifferent:
            candidates = indifferent
            continue
        expected = " or ".join(sorted({_shown(aspect.wanted(entry)) for entry in asking}))
        if claim is None:
            yield claim_absent(aspect.subject, expected)
            return
        yield _compared(
            aspect.name, aspect.subject, claim, bool(fitting),
            expected=expected, found=_shown(claim.value), reference=", ".join(entry.id for entry in fitting) or None,
        )  # fmt: skip
        if not fitting:
            return
        candidates = fitting + indifferent


def _aspects(claims: Claims) -> tuple[_Aspect, ...]:
    measured = claims.platform.measurements
    texts = None
    if measured is not None:
        value = frozenset(measurement.text for measurement in measured.value)
        texts = Claim(value=value, grade=measured.grade, source=measured.source)
    return (
        _Aspect(
            name="hwmodel",
            subject="attester/hwmodel",
            claim=claims.attester.hwmodel,
            wanted=lambda entry: entry.hwmodel,
        ),
        _Aspect(
            name="swversion",
            subject="platform/swversion",
            claim=claims.platform.swversion,
            wanted=lambda entry: entry.swversion,
        ),
        _Aspect(
            name="measurements",
            subject="platform/measurements",
            claim=texts,
            wanted=lambda entry: frozenset(item.text for item in entry.measurements) or None,
        ),
    )


def _shown(value: str | frozenset[str] | None) -> str:
    return value if isinstance(value, str) else "; ".join(sorted(value or ()))


def _debug(claims: Claims, policy: TechnologyPolicy) -> Iterator[Finding]:
    wanted, claim = policy.debug, claims.platform.dbgstat
    if wanted is None:
        return
    if claim is None:
        yield claim_absent("platform/dbgstat", wanted.value)
        return
    yield _compared(
        "debug", "platform/dbgstat", claim, claim.value.at_least(wanted),
        expected=wanted.value, found=claim.value.value,
    )  # fmt: skip


def _keys(claims: Claims, policy: TechnologyPolicy, at: datetime, now: datetime) -> Iterator[Finding]:
    if not claims.keys:
        yield Finding(code="no-keys", outcome=Outcome.NOT_EVALUATED, subject="keys", expected="at least one key")
    for index, key in enumerate(claims.keys):
        yield from _key(f"keys/{index}", key, policy.keys)
        for as_of, moment in ((AsOf.DEPLOYMENT, at), (AsOf.NOW, now)):
            if key.expiry is not None:
                yield _compared(
                    "key-expiry", f"keys/{index}/expiry", key.expiry, moment <= key.expiry.value,
                    expected="not reached", found=format_time(key.expiry.value), as_of=as_of,
                )  # fmt: skip


def _key(subject: str, key: KeyClaims, rules: KeyRules) -> Iterator[Finding]:
    for name in ("local", "extractable", "never_extractable", "sensitive"):
        wanted: bool | None = getattr(rules, name)
        claim: Claim[bool] | None = getattr(key, name)
        if wanted is None:
            continue
        if claim is None:
            yield claim_absent(f"{subject}/{name}", _flag(wanted), "keys")
            continue
        yield _compared(
            f"key-{name.replace('_', '-')}", f"{subject}/{name}", claim, claim.value is wanted,
            expected=_flag(wanted), found=_flag(claim.value), reference="keys",
        )  # fmt: skip
    if rules.exportable_path is not None:
        path, expected = key.exportable_path, rules.exportable_path.value
        yield claim_absent(f"{subject}/exportable_path", expected, "keys") if path is None else _compared(
            "key-export-path", f"{subject}/exportable_path", path, path.value is rules.exportable_path,
            expected=expected, found=path.value.value, reference="keys",
        )  # fmt: skip
    allowed = rules.purposes
    if allowed is not None:
        purposes, expected = key.purposes, ", ".join(sorted(allowed))
        yield claim_absent(f"{subject}/purposes", expected, "keys") if purposes is None else _compared(
            "key-purposes", f"{subject}/purposes", purposes, allowed.issuperset(purposes.value),
            expected=expected, found=", ".join(purposes.value), reference="keys",
        )  # fmt: skip


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _freshness(claims: Claims, policy: TechnologyPolicy, nonce: bytes | None) -> Iterator[Finding]:
    subject, claim = "evidence/nonce", claims.evidence.nonce
    if policy.freshness is Freshness.MANIFEST:
        yield Finding(
            code="listed-in-manifest", outcome=Outcome.ASSERTED_ONLY, subject=subject, reference="freshness",
        )  # fmt: skip
    elif claim is None or nonce is None:
        yield claim_absent(subject, "the deployment's nonce" if nonce is None else nonce.hex(), "freshness")
    else:
        yield _compared(
            "nonce", subject, claim, claim.value == nonce,
            expected=nonce.hex(), found=claim.value.hex(), reference="freshness",
        )  # fmt: skip


def _noted(claims: Claims) -> Iterator[Finding]:
    """What is shown beside: the device's own clock, and claims that nobody here knows."""
    iat = claims.evidence.iat
    if iat is not None:
        yield Finding(
            code="own-time", outcome=Outcome.NOTED, subject="evidence/iat", found=format_time(iat.value),
            required=False, grade=iat.grade, source=iat.source,
        )  # fmt: skip
    for claim in claims.unknown:
        yield Finding(
            code="unknown-claim", outcome=Outcome.NOTED, subject=claim.place, found=claim.type, required=False,
            source=claim.source,
        )  # fmt: skip
