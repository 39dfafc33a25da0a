"""A reconciliation, as text and as JSON (``log-reconciliation.schema.json``)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from vaultproof.cli.engine import describe
from vaultproof.cli.log.findings_text import print_conclusion, print_finding, print_lists
from vaultproof.cli.log.pinned import Pins
from vaultproof.cli.voice import Tone, painted, printable, say
from vaultproof.mirror.matching import Matched
from vaultproof.presentation import log_english
from vaultproof.signer_log.findings import Conclusion, LogFinding, Standing
from vaultproof.signer_log.reconcile import age
from vaultproof.strict.encodings import format_milliseconds, from_milliseconds

SCHEMA = "vaultproof/log-reconciliation@1"


def print_reconciliation(matched: Matched, pins: Pins, *, now: int) -> None:
    """Print what is matched with what, what is not and how old that is, and what it comes to."""
    result, moment = matched.reconciliation, from_milliseconds(now)
    mark = painted("REHEARSAL  ", Tone.REHEARSAL, bold=True) if pins.rehearsal else ""
    say(f"{mark}{printable(result.namespace)}: {result.epochs:,} epochs, {result.deployments} published deployments")
    say(f"  grace period: {result.grace.days} days, either way")
    if matched.copied_at is not None:
        say(f"  the newest record was last read at {format_milliseconds(matched.copied_at)}")
    for item in result.explained:
        said = "its own epoch, the very key file" if item.own else "an earlier epoch of it, by its own history"
        say(f"  epoch {item.epoch}: {printable(item.deployment)} ({said})")
    say()
    for standing in Standing:
        for finding in matched.findings.items:
            if finding.standing is standing:
                print_finding(finding, *_aged(finding, moment))
    if matched.findings.not_kept:
        say(f"  {log_english.MORE.format(number=f'{matched.findings.not_kept:,}')}")
    if matched.findings.items:
        say()
    conclusion = matched.findings.conclusion
    print_conclusion(conclusion)
    establishes = log_english.RECONCILE_ESTABLISHES if conclusion is Conclusion.HOLDS else ()
    print_lists(establishes, log_english.RECONCILE_DOES_NOT_ESTABLISH)


def as_json(matched: Matched, pins: Pins, *, now: int) -> dict[str, Any]:
    """The reconciliation as JSON values."""
    result, moment = matched.reconciliation, from_milliseconds(now)
    return {
        "schema": SCHEMA,
        "namespace": result.namespace,
        "signer": pins.expected.signer.id,
        "scope": pins.scope.value,
        "trust_digest": pins.trust_digest,
        "clock": format_milliseconds(now),
        "engine": describe(),
        "copied_at": None if matched.copied_at is None else format_milliseconds(matched.copied_at),
        "grace_days": result.grace.days,
        "epochs": result.epochs,
        "deployments": result.deployments,
        "explained": [
            {"epoch": item.epoch, "deployment": item.deployment, "own": item.own} for item in result.explained
        ],
        "findings": [
            {"age_days": None if days is None else days, "finding": finding.to_json()}
            for finding in matched.findings.items
            for days in (_days(finding, moment),)
        ],
        "counts": dict(matched.findings.counts),
        "conclusion": matched.findings.conclusion.value,
    }


def _days(finding: LogFinding, now: datetime) -> int | None:
    old = age(finding, now)
    return None if old is None else old.days


def _aged(finding: LogFinding, now: datetime) -> tuple[str, ...]:
    days = _days(finding, now)
    return () if days is None else (f"Age: {days} " + ("day" if days == 1 else "days"),)
