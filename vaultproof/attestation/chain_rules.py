"""What a chain must satisfy beside its signatures: names, the role of each position, and dates at two instants."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from vaultproof.asn1.oids import name_of
from vaultproof.asn1.x509 import Certificate
from vaultproof.attestation.adapter import Authority, Chain, DateRule, Link
from vaultproof.attestation.anchors import TrustAnchor
from vaultproof.attestation.findings import AsOf, Finding, Outcome
from vaultproof.strict.encodings import format_time


def name_findings(chain: Chain) -> Iterator[Finding]:
    """Whether each certificate names the next as its issuer, byte for byte."""
    for index, (lower, upper) in enumerate(zip(chain.links, chain.links[1:], strict=False)):
        if lower.certificate is None or upper.certificate is None:
            continue
        same = lower.certificate.issuer.raw == upper.certificate.subject.raw
        yield Finding(
            code="names-match" if same else "name-mismatch",
            outcome=Outcome.PROVEN if same else Outcome.FAILED,
            subject=f"{chain.name}/{index}",
            expected=upper.certificate.subject.text,
            found=lower.certificate.issuer.text,
            source=lower.source,
        )


def position_findings(chain: Chain) -> Iterator[Finding]:
    """Whether each certificate is what its position asks (RFC 5280, 4.2.1.3, 4.2.1.9 and 4.2.1.12)."""
    for index, link in enumerate(chain.links):
        certificate = link.certificate
        if certificate is None:
            continue
        subject = f"{chain.name}/{index}"
        problems = (
            *_wrong_role(link, certificate),
            *_path_length(chain, index, certificate),
            *_critical(link, certificate),
        )
        for code, expected, found in problems:
            yield Finding(
                code=code, outcome=Outcome.FAILED, subject=subject, expected=expected, found=found, source=link.source
            )
        if not problems:
            yield Finding(
                code="right-role", outcome=Outcome.PROVEN, subject=subject, found=link.role.value, source=link.source
            )


_Problem = tuple[str, str, str]


def _wrong_role(link: Link, certificate: Certificate) -> Iterator[_Problem]:
    rules, usage = link.rules, certificate.key_usage
    if rules.authority is Authority.REQUIRED and not certificate.is_authority:
        yield "wrong-role", "an authority", _authority_text(certificate)
    if rules.authority is Authority.REQUIRED and usage is not None and "keyCertSign" not in usage:
        yield "wrong-role", "key usage keyCertSign", _listed(usage)
    if rules.authority is Authority.FORBIDDEN and certificate.is_authority:
        yield "wrong-role", "no authority", _authority_text(certificate)
    if rules.key_usage - (usage or frozenset()):
        yield "wrong-role", f"key usage {_listed(rules.key_usage)}", "absent" if usage is None else _listed(usage)
    purposes = certificate.extended_key_usage
    if rules.extended_key_usage is not None and rules.extended_key_usage not in (purposes or ()):
        yield "wrong-role", f"key purpose {rules.extended_key_usage}", _listed(map(name_of, purposes or ("absent",)))


def _authority_text(certificate: Certificate) -> str:
    if certificate.version == 1:
        return "a version 1 certificate, which cannot say"
    if certificate.basic_constraints is None:
        return "no basicConstraints"
    return "an authority" if certificate.is_authority else "no authority"


def _listed(names: Iterator[str] | frozenset[str] | map[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _path_length(chain: Chain, index: int, certificate: Certificate) -> Iterator[_Problem]:
    """Authorities between this certificate and the attesting key, self-issued ones not counted (RFC 5280, 4.2.1.9)."""
    limit = None if certificate.basic_constraints is None else certificate.basic_constraints.path_length
    below = sum(link.certificate is not None and not link.certificate.self_issued for link in chain.links[1:index])
    if limit is not None and below > limit:
        yield "path-length-exceeded", f"at most {limit} authorities below", str(below)


def _critical(link: Link, certificate: Certificate) -> Iterator[_Problem]:
    for extension in certificate.unknown_extensions:
        if extension.critical and extension.oid not in link.rules.critical:
            yield "unknown-critical-extension", "only critical extensions whose meaning is known", extension.name


def oddity_findings(chain: Chain) -> Iterator[Finding]:
    """What is unusual but genuine in the form of the certificates: noted, of no effect by itself."""
    for index, link in enumerate(chain.links):
        for oddity in link.certificate.findings if link.certificate is not None else ():
            yield Finding(
                code=oddity.code,
                outcome=Outcome.NOTED,
                subject=f"{chain.name}/{index}",
                found=f"{oddity.detail} (byte {oddity.offset})",
                required=False,
                source=link.source,
            )


def date_findings(
    chain: Chain, anchor: TrustAnchor | None, at: datetime, now: datetime, signed_at: datetime | None
) -> Iterator[Finding]:
    """Validity of every certificate as its position wants it judged; each instant is a finding of its own."""
    included = anchor is not None and chain.links[-1].key.sha256 == anchor.spki_sha256
    for index, link in enumerate(chain.links):
        if link.certificate is None:
            continue
        rule = link.rules.dates
        if included and link is chain.links[-1]:
            rule = DateRule.AT_DEPLOYMENT if anchor is not None and anchor.judge_dates else DateRule.UNJUDGED
        window = (link.certificate.not_before, link.certificate.not_after)
        yield from _judged(f"{chain.name}/{index}", window, rule, (at, now, signed_at))
    if anchor is not None and anchor.judge_dates and not included:
        window = (anchor.not_before or _EVER[0], anchor.not_after or _EVER[1])
        yield from _judged(f"{chain.name}/anchor", window, DateRule.AT_DEPLOYMENT, (at, now, signed_at))


_EVER = (
    datetime.fromisoformat("0001-01-01T00:00:00+00:00"),
    datetime.fromisoformat("9999-12-31T23:59:59+00:00"),
)
_Window = tuple[datetime, datetime]


def _judged(
    subject: str, window: _Window, rule: DateRule, instants: tuple[datetime, datetime, datetime | None]
) -> Iterator[Finding]:
    at, now, signed_at = instants
    if rule is DateRule.AT_DEPLOYMENT:
        yield _judge(subject, window, at, "at-deployment", AsOf.DEPLOYMENT)
        yield _judge(subject, window, now, "now", AsOf.NOW)
    elif rule is DateRule.AT_SIGNING and signed_at is not None:
        yield _judge(subject, window, signed_at, "at-signing", AsOf.ALWAYS)
    elif rule is DateRule.AT_SIGNING:
        yield Finding(code="no-signing-time", outcome=Outcome.NOT_EVALUATED, subject=subject, found=_shown(window))
    else:
        yield Finding(
            code="dates-not-judged", outcome=Outcome.NOTED, subject=subject, found=_shown(window), required=False
        )


def _judge(subject: str, window: _Window, moment: datetime, suffix: str, as_of: AsOf) -> Finding:
    start, end = window
    state = "not-yet-valid" if moment < start else "expired" if moment > end else "valid"
    return Finding(
        code=f"{state}-{suffix}",
        outcome=Outcome.PROVEN if state == "valid" else Outcome.FAILED,
        subject=subject,
        as_of=as_of,
        # The run's own clock stays out of facts: a report must read the same next year unless an outcome has changed.
        expected=None if as_of is AsOf.NOW else format_time(moment),
        found=_shown(window),
    )


def _shown(window: _Window) -> str:
    return f"{format_time(window[0])} to {format_time(window[1])}"
