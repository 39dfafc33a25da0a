"""Claims against published advisories: was the version warned of at the deployment, and is it now?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from vaultproof.attestation.claims import Claims, Grade
from vaultproof.attestation.findings import AsOf, Finding, Outcome, claim_absent
from vaultproof.attestation.reference import DeniedVersions, is_below


def denied_findings(claims: Claims, entry: DeniedVersions, at: datetime, now: datetime) -> Iterator[Finding]:
    """One advisory, answered for what was public at the deployment and for what is public now."""
    subject = "platform/swversion"
    model, version = claims.attester.hwmodel, claims.platform.swversion
    if entry.hwmodel is not None and model is not None and model.value != entry.hwmodel:
        return
    expected = f"not {_versions(entry)}"
    if version is None or (entry.hwmodel is not None and model is None):
        yield claim_absent(subject if version is None else "attester/hwmodel", expected, entry.id)
        return
    below = False if entry.below is None else is_below(version.value, entry.below)
    if version.value not in entry.versions and below is None:
        yield Finding(
            code="version-not-comparable", outcome=Outcome.NOT_EVALUATED, subject=subject, expected=expected,
            found=version.value, source=version.source, reference=entry.id, advisory=entry.advisory,
        )  # fmt: skip
        return
    hit = version.value in entry.versions or bool(below)
    for as_of, moment in ((AsOf.DEPLOYMENT, at), (AsOf.NOW, now)):
        public = entry.published_by(moment.date())
        code = "advisory-not-concerned" if not hit else "denied-by-advisory" if public else "advisory-not-yet-published"
        outcome = Outcome.FAILED if hit and public else Outcome.PROVEN
        if version.grade is Grade.ASSERTED and outcome is Outcome.PROVEN:
            # A version that somebody only says keeps no advisory away.
            code, outcome = "swversion-asserted", Outcome.ASSERTED_ONLY
        yield Finding(
            code=code, outcome=outcome, subject=subject, as_of=as_of,
            expected=expected, found=version.value, grade=version.grade, source=version.source, reference=entry.id,
            advisory=entry.advisory,
        )  # fmt: skip


def _versions(entry: DeniedVersions) -> str:
    below = [] if entry.below is None else [f"below {entry.below}"]
    return ", ".join((*sorted(entry.versions), *below))
