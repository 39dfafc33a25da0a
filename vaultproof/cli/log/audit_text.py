"""An audit of the log, as text and as JSON (``log-audit.schema.json``)."""

from __future__ import annotations

from typing import Any

from vaultproof.cli.engine import describe
from vaultproof.cli.log.findings_text import print_conclusion, print_findings, print_lists
from vaultproof.cli.log.pinned import Pins
from vaultproof.cli.voice import Tone, painted, printable, say
from vaultproof.mirror.auditing import Audit
from vaultproof.presentation import log_english
from vaultproof.signer_log.findings import Conclusion
from vaultproof.signer_log.key_history import KeyChange
from vaultproof.strict.encodings import format_milliseconds

SCHEMA = "vaultproof/log-audit@1"
SHORT = 16


def print_audit(audit: Audit, pins: Pins, *, keys: bool) -> None:
    """Print the whole audit."""
    print_heading(audit, pins)
    _print_signers(audit)
    if keys:
        _print_keys(audit, pins)
    say()
    print_findings(audit.findings, without="keys-changed" if keys else None)
    if any(code != "keys-changed" for code in audit.findings.counts):
        say()
    conclusion = audit.findings.conclusion
    print_conclusion(conclusion, audit.span)
    claims = log_english.AUDIT_ESTABLISHES if conclusion is Conclusion.HOLDS else ()
    span = audit.span
    first, last = (span.first, span.last) if span else (None, None)
    print_lists([claim.format(first=first, last=last) for claim in claims], log_english.AUDIT_DOES_NOT_ESTABLISH)


def print_heading(audit: Audit, pins: Pins) -> None:
    """Print whose log it is, what there is of it, how old the copy is, and what this run walked."""
    mark = painted("REHEARSAL  ", Tone.REHEARSAL, bold=True) if pins.rehearsal else ""
    say(f"{mark}{printable(pins.expected.namespace)}, signed by {printable(pins.expected.signer.name)}")
    span, result = audit.span, audit.result
    if span is not None:
        say(f"  {span.count:,} records, from epoch {span.first} to {span.last}; {result.held:,} hold")
    if audit.copied_at is not None:
        say(f"  what the log says of itself was last read at {format_milliseconds(audit.copied_at)}")
    if audit.continued_from is not None:
        walked = "nothing is new" if audit.walked is None else f"this run walked {audit.walked[0]} to {audit.walked[1]}"
        say(f"  continued: up to epoch {audit.continued_from} everything held in an earlier audit; {walked}")
    elif audit.walked is not None:
        say(f"  a full walk, from epoch {audit.walked[0]} to {audit.walked[1]}")


def as_json(audit: Audit, pins: Pins, *, now: int, keys: bool) -> dict[str, Any]:
    """The audit as JSON values."""
    span, walked = audit.span, audit.walked
    return {
        "schema": SCHEMA,
        "namespace": pins.expected.namespace,
        "signer": pins.expected.signer.id,
        "scope": pins.scope.value,
        "pinned": pins.pinned,
        "trust_digest": pins.trust_digest,
        "clock": format_milliseconds(now),
        "engine": describe(),
        "copied_at": None if audit.copied_at is None else format_milliseconds(audit.copied_at),
        "epochs": None if span is None else {"first": span.first, "last": span.last, "count": span.count},
        "mode": "full" if audit.continued_from is None else "continued",
        "continued_from": audit.continued_from,
        "walked": None if walked is None else {"first": walked[0], "last": walked[1]},
        "records_held": audit.result.held,
        "signed_by": [
            {"public_key": key, "records": use.records, "first": use.first, "last": use.last}
            for key, use in audit.result.keys.items()
        ],
        "key_history": [change.to_json() for change in audit.changes] if keys and pins.pinned else None,
        "findings": [finding.to_json() for finding in audit.findings.items],
        "counts": dict(audit.findings.counts),
        "conclusion": audit.findings.conclusion.value,
    }


def _print_signers(audit: Audit) -> None:
    for key, use in audit.result.keys.items():
        where = f"epoch {use.first}" if use.first == use.last else f"epochs {use.first} to {use.last}"
        say(f"  {use.records:,} signed by the key {key[:SHORT]}..., {where}")


def _print_keys(audit: Audit, pins: Pins) -> None:
    say()
    if not pins.pinned:
        say("No key history: the namespace is not pinned as one of fleet keys.")
        return
    if audit.walked is None:
        say("Fleet keys by epoch: this run looked at no epoch.")
        return
    say("Fleet keys by epoch:" if audit.changes else "Fleet keys by epoch: no key file of a walked epoch is here.")
    for change in audit.changes:
        if change.from_start or change.added or change.removed or change.changed:
            _print_change(change)


def _print_change(change: KeyChange) -> None:
    since = "" if change.since in (None, change.epoch - 1) else f" (since epoch {change.since})"
    start = ", the first" if change.from_start else ""
    say(f"  epoch {change.epoch}{start}: {change.total} keys{since}")
    for sign, keys in (("+", change.added), ("-", change.removed)):
        for fingerprint, role in keys.items():
            say(f"    {sign} {fingerprint[:SHORT]}...  {printable(role)}")
    for item in change.changed:
        say(f"    ! {item.fingerprint[:SHORT]}...  {printable(item.before)} -> {printable(item.after)}")
