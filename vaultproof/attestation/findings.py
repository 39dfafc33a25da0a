"""Findings: what chain walk, appraisal and fleet report, in stable codes and values."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from vaultproof.attestation.claims import Grade, Source
from vaultproof.frozen import frozen


class Outcome(StrEnum):
    """What looking at one thing came to.

    ``asserted-only`` (somebody says so, nothing shows it) and ``not-evaluated`` (nothing to compare) never become a
    pass; ``could-not-check`` says nothing against the evidence; ``noted`` is information and takes no part in a fold.
    """

    PROVEN = "proven"
    ASSERTED_ONLY = "asserted-only"
    NOT_EVALUATED = "not-evaluated"
    COULD_NOT_CHECK = "could-not-check"
    FAILED = "failed"
    NOTED = "noted"


class AsOf(StrEnum):
    """For which instant a finding holds: whenever, as of the deployment, or as of now."""

    ALWAYS = "always"
    DEPLOYMENT = "deployment"
    NOW = "now"


@frozen
class Advisory:
    """A maker's published warning: its id, the day it was published (RFC 3339 date), and where."""

    id: str
    published: str
    url: str


@frozen
class Finding:
    """One thing that was looked at.

    ``code`` is stable (kebab-case); ``subject`` says what it is about: a claim path (``keys/0/local``), a link
    (``manufacturer/1``) or a member; ``required`` is False for what is shown but nobody demanded; ``grade`` and
    ``source`` say how good ``found`` is and where it was read; ``reference`` names the reference value it was compared
    with.
    """

    code: str
    outcome: Outcome
    subject: str
    as_of: AsOf = AsOf.ALWAYS
    expected: str | None = None
    found: str | None = None
    required: bool = True
    grade: Grade | None = None
    source: Source | None = None
    reference: str | None = None
    advisory: Advisory | None = None


_WORST_FIRST = (Outcome.FAILED, Outcome.COULD_NOT_CHECK, Outcome.NOT_EVALUATED, Outcome.ASSERTED_ONLY)


def fold(findings: Iterable[Finding], as_of: AsOf) -> Outcome:
    """The worst outcome among the required findings that hold as of that instant; none at all is ``not-evaluated``."""
    outcomes = {
        finding.outcome
        for finding in findings
        if finding.required and finding.outcome is not Outcome.NOTED and finding.as_of in (AsOf.ALWAYS, as_of)
    }
    for outcome in _WORST_FIRST:
        if outcome in outcomes:
            return outcome
    return Outcome.PROVEN if outcomes else Outcome.NOT_EVALUATED


def claim_absent(subject: str, expected: str, reference: str | None = None) -> Finding:
    """The finding for a claim that is asked for and that the device does not state."""
    return Finding(
        code="claim-absent", outcome=Outcome.NOT_EVALUATED, subject=subject, expected=expected, reference=reference
    )
