"""Step ``fleet``: is the fleet what was announced?"""

from __future__ import annotations

from vaultproof.attestation.findings import Finding as Appraised
from vaultproof.attestation.findings import Outcome
from vaultproof.report import Origin, Status
from vaultproof.steps.appraised import add_group
from vaultproof.steps.base import Context, Finding, Substeps, shown
from vaultproof.steps.keys import KeysInDevices


async def fleet(context: Context) -> Finding:
    """Members announced and attested, majority, code graded by its weakest member, sites and who names them."""
    substeps = Substeps()
    appraisal = context.relying_on(KeysInDevices).appraisal
    members = (*appraisal.members, *_unannounced_folders(context))
    add_group(substeps, "members", members, "attestations")
    add_group(substeps, "majority", appraisal.majority, "attestations")
    add_group(substeps, "code", appraisal.code, "attestations")
    if any(item.required for item in appraisal.sites):
        add_group(substeps, "sites", appraisal.sites, "attestations")
    else:
        _sites_as_stated(substeps, context)
    return substeps.finding()


def _unannounced_folders(context: Context) -> tuple[Appraised, ...]:
    """Attestations that belong to no announced member: a device that nobody spoke of."""
    announced = {member.name for member in context.deployment.members}
    folders = {path.split("/")[1] for path in context.files if path.startswith("attestations/")}
    return tuple(
        Appraised(code="member-extra", outcome=Outcome.FAILED, subject=name, expected="announced", found=name)
        for name in sorted(folders - announced)
    )


def _sites_as_stated(substeps: Substeps, context: Context) -> None:
    """Sites that nobody but the announcement names: shown as what they are, and never a match."""
    facts = [
        shown("site", f"{site.name} ({sum(member.site == site.id for member in context.deployment.members)})",
              Origin.OPERATOR_STATEMENT)
        for site in context.deployment.sites
    ]  # fmt: skip
    substeps.add("sites", Status.NOT_APPLICABLE, "sites-stated-only", *facts)
