"""The fleet matrix: every HSM against every check of it, as the report's substeps say.

A check that a member has no substep for was not evaluated; it is never taken for a match.  HSMs that the report speaks
of and nobody announced get a column of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generator.weakest import Weakest, weakest_of, weakest_origin
from vaultproof.evidence.deployment import Deployment
from vaultproof.presentation.words import Words
from vaultproof.report import Report, Status, StepResult, Substep
from vaultproof.steps.attestation import CHECKS

READABLE = "evidence"
"""The check that only ever shows trouble: an attestation that was read is judged by the other checks."""

HOLDS = "key"
LABELS: Mapping[str, str] = {
    READABLE: "Attestation can be read",
    "chain": "Certificates lead to the maker's root",
    "signature": "Signed by this HSM",
    "dates": "Certificates in date at the deployment",
    "code": "Model and firmware allowed",
    "advisories": "No advisory known at the deployment",
    "debug": "Debugging is off",
    "key-protection": "Keys cannot leave the HSM",
    "freshness": "Made for this deployment",
    HOLDS: "Holds a published key",
}
_WORST_FIRST = (
    Status.MISMATCH, Status.COULD_NOT_CHECK, Status.NOT_PUBLISHED, Status.NOT_EVALUATED, Status.MATCH,
    Status.NOT_APPLICABLE,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One HSM and one check: a state and its word."""

    status: str
    status_label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One check: what it asks, the step that it belongs to, and a cell for each HSM in the order of the columns.

    ``origin`` says who vouches, at the least, for what was compared; empty where nothing was.
    """

    check: str
    label: str
    step_id: str
    step_number: int
    origin: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One HSM: as announced, or ``announced`` False where only the evidence knows of it."""

    name: str
    serial: str
    site: str
    site_source: str
    holds: str
    announced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """All HSMs and all checks; ``legend`` has each state that occurs, once, the best one first.

    ``weakest`` says how well the fleet as a whole is known, by its weakest member.
    """

    members: tuple[Column, ...]
    rows: tuple[Row, ...]
    legend: tuple[Cell, ...]
    weakest: tuple[Weakest, ...]


def fleet_matrix(report: Report, deployment: Deployment, words: Words) -> Matrix:
    """The matrix of a report, for the members that the announcement names and those that the evidence adds."""
    steps = {step.id: step for step in report.steps}
    members = _columns(deployment, steps, words)
    rows = []
    if "attestation" in steps:
        found = _by_member(steps["attestation"])
        shown = [check for check in CHECKS if check != READABLE or any(key[1] == READABLE for key in found)]
        rows += [_row(steps["attestation"], check, found, members, words) for check in shown]
    if "keys" in steps:
        rows.append(_row(steps["keys"], HOLDS, _holders(steps["keys"]), members, words))
    return Matrix(members=members, rows=tuple(rows), legend=_legend(rows), weakest=weakest_of(report, words))


def key_holders(report: Report) -> dict[str, tuple[str, ...]]:
    """Fingerprint of each published key to the HSMs that the report found to attest it."""
    found: dict[str, tuple[str, ...]] = {}
    for step in report.steps:
        for substep in step.substeps if step.id == "keys" else ():
            if substep.id == HOLDS and substep.subject is not None and substep.status is Status.MATCH:
                found[substep.subject] = tuple(
                    str(fact.found) for fact in substep.facts if fact.label == "key-attested"
                )
    return found


def _columns(deployment: Deployment, steps: Mapping[str, StepResult], words: Words) -> tuple[Column, ...]:
    sites = {site.id: site for site in deployment.sites}
    announced = [
        Column(
            name=member.name,
            serial=member.serial,
            site=sites[member.site].name,
            site_source=words.value(sites[member.site].source),
            holds=", ".join(member.holds),
            announced=True,
        )
        for member in deployment.members
    ]
    known = {column.name for column in announced}
    fleet = steps["fleet"].substeps if "fleet" in steps else ()
    extra = sorted(
        {
            str(fact.found)
            for substep in fleet
            for fact in substep.facts
            if fact.label == "member-extra" and str(fact.found) not in known
        }
    )
    strangers = [Column(name=name, serial="", site="", site_source="", holds="", announced=False) for name in extra]
    return (*announced, *strangers)


def _by_member(step: StepResult) -> dict[tuple[str, str], list[Substep]]:
    found: dict[tuple[str, str], list[Substep]] = {}
    for substep in step.substeps:
        if substep.subject is not None:
            found.setdefault((substep.subject, substep.id), []).append(substep)
    return found


def _holders(step: StepResult) -> dict[tuple[str, str], list[Substep]]:
    """The substeps about keys, by the member that is found to hold the key."""
    found: dict[tuple[str, str], list[Substep]] = {}
    for substep in step.substeps:
        for fact in substep.facts if substep.id == HOLDS else ():
            if fact.label == "key-attested":
                found.setdefault((str(fact.found), HOLDS), []).append(substep)
    return found


def _row(
    step: StepResult,
    check: str,
    found: Mapping[tuple[str, str], list[Substep]],
    members: tuple[Column, ...],
    words: Words,
) -> Row:
    return Row(
        check=check,
        label=LABELS.get(check, check.replace("-", " ")),
        step_id=step.id,
        step_number=step.number,
        origin=weakest_origin((item for member in members for item in found.get((member.name, check), ())), words),
        cells=tuple(_cell(found.get((member.name, check), []), words) for member in members),
    )


def _cell(substeps: list[Substep], words: Words) -> Cell:
    if not substeps:
        status, code = Status.NOT_EVALUATED, ""
    else:
        worst = min(substeps, key=lambda item: _WORST_FIRST.index(item.status))
        status, code = worst.status, worst.code
    return Cell(status=status.value, status_label=words.status(status, code))


def _legend(rows: list[Row]) -> tuple[Cell, ...]:
    seen = {cell.status: cell for row in rows for cell in row.cells}
    return tuple(seen[status.value] for status in Status if status.value in seen)
