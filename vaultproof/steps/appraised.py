"""From the findings of chain walk, appraisal and fleet to substeps and facts of a step."""

from __future__ import annotations

from collections.abc import Sequence

from vaultproof.attestation.claims import Grade
from vaultproof.attestation.findings import AsOf, Finding, Outcome
from vaultproof.attestation.fleet_members import FLEET
from vaultproof.report import Fact, Origin, Status
from vaultproof.steps.base import Substeps

_STATUS = {
    Outcome.FAILED: Status.MISMATCH,
    Outcome.COULD_NOT_CHECK: Status.COULD_NOT_CHECK,
    Outcome.NOT_EVALUATED: Status.COULD_NOT_CHECK,
    Outcome.ASSERTED_ONLY: Status.COULD_NOT_CHECK,
    Outcome.PROVEN: Status.MATCH,
}
_WORST_FIRST = tuple(_STATUS)
_ORIGIN = {
    Grade.ATTESTED: Origin.VENDOR_SIGNED,
    Grade.BY_KEY: Origin.KEY_SIGNED,
    Grade.IMPLIED: Origin.VENDOR_SIGNED,
    Grade.ASSERTED: Origin.NOT_VERIFIED,
    None: Origin.COMPUTED,
}


def add_group(
    substeps: Substeps, id: str, findings: Sequence[Finding], folder: str, *, subject: str | None = None
) -> None:
    """One substep for findings that belong together; the worst required one decides, as of the deployment.

    What holds or fails only *as of now* is shown as a fact and decides nothing: an expiry or an advisory since then is
    no fault of the deployment, and is not hidden.  Findings that are only noted cannot make a group match.
    """
    deciding = [item for item in findings if _decides(item)]
    if not deciding:
        return
    worst = min(deciding, key=lambda item: _WORST_FIRST.index(item.outcome))
    code = worst.code if worst.outcome is not Outcome.PROVEN else f"{id}-holds"
    named = subject is None
    substeps.add(id, _STATUS[worst.outcome], code, *(_fact(item, folder, named) for item in findings), subject=subject)


def _decides(finding: Finding) -> bool:
    return finding.required and finding.outcome is not Outcome.NOTED and finding.as_of is not AsOf.NOW


def _fact(finding: Finding, folder: str, named: bool) -> Fact:
    """A finding as a fact: its code is the label; ``named`` puts what it is about before the value."""
    compared = finding.outcome in (Outcome.PROVEN, Outcome.FAILED)
    # An expectation that was met by a value within it (one of a list, a span) is not repeated beside that value.
    expected = finding.expected if finding.outcome is Outcome.FAILED or finding.expected == finding.found else None
    found = _found(finding)
    about = f"{finding.subject}: " if named and finding.subject not in (FLEET, found) else ""
    return Fact(
        label=finding.code,
        found=about + found,
        expected=about + expected if compared and expected is not None else None,
        origin=_ORIGIN[finding.grade],
        compared=compared,
        file=f"{folder}/{finding.source.file}" if finding.source is not None else None,
    )


def _found(finding: Finding) -> str:
    """The value found; without one, what was expected and is there, or what the finding is about."""
    advisory = finding.advisory
    if advisory is not None:
        return f"{finding.found or ''} {advisory.id} ({advisory.published}) {advisory.url}".strip()
    if finding.found is not None:
        return finding.found
    return finding.expected if finding.outcome is Outcome.PROVEN and finding.expected else finding.subject
