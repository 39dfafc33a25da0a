"""Running the procedure over every deployment before a page of it is written, and refusing what does not hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import cryptography

import vaultproof
from generator.errors import BuildError, PublicationRefusedError, Refusal, Trouble
from generator.sources import DeploymentSource, Sources
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import VaultproofError
from vaultproof.report import Outcome, Report, Status, StepResult, Substep
from vaultproof.verification import verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A deployment and what the build's own run found; ``failing`` when it is published although it does not verify."""

    source: DeploymentSource
    report: Report
    failing: bool

    @property
    def id(self) -> str:
        """The deployment's id."""
        return self.source.id


def build_engine() -> dict[str, str]:
    """What reports of a build say about what ran: this project and its crypto library, by version."""
    return {"name": "vaultproof build", "version": vaultproof.__version__, "cryptography": cryptography.__version__}


def check_all(
    sources: Sources, *, clock: datetime, engine: Mapping[str, str], publish_failing: Collection[str]
) -> tuple[Checked, ...]:
    """Verify every deployment as of ``clock``.

    Raises ``PublicationRefusedError`` when one does not verify and is not named in ``publish_failing``, and
    ``BuildError`` when a name there is of no deployment, or of one that verifies: a false warning helps nobody.
    """
    unknown = sorted(set(publish_failing) - {source.id for source in sources.deployments})
    if unknown:
        raise BuildError(f"there is no deployment {', '.join(unknown)} to publish as failing")
    checked = []
    refusals = []
    for source in sources.deployments:
        report = _report(source, sources, clock, engine)
        verified = report.verdict.outcome is Outcome.VERIFIED
        if verified and source.id in publish_failing:
            raise BuildError(f"{source.id} verifies, so it cannot be published as failing")
        if not verified and source.id not in publish_failing:
            refusals.append(_refusal(source.id, report))
        checked.append(Checked(source=source, report=report, failing=not verified))
    if refusals:
        raise PublicationRefusedError(refusals)
    return tuple(checked)


def _report(source: DeploymentSource, sources: Sources, clock: datetime, engine: Mapping[str, str]) -> Report:
    run = verify(
        source.files, trust=sources.trust, procedures=sources.procedures, clock=clock, backend=OpenSslBackend(),
        engine=engine,
    )  # fmt: skip
    try:
        return run_to_completion(run)
    except VaultproofError as error:
        raise BuildError(f"{source.id}: {error}", hint=error.hint) from error


def _refusal(id: str, report: Report) -> Refusal:
    return Refusal(
        deployment=id,
        outcome=report.verdict.outcome.value,
        troubles=troubles(report.steps),
    )


def troubles(steps: Sequence[StepResult]) -> tuple[Trouble, ...]:
    """What keeps a verdict from being verified: mismatches anywhere, and required steps that did not match."""
    found: list[Trouble] = []
    for step in steps:
        if step.status is Status.MATCH or not (step.required or step.status is Status.MISMATCH):
            continue
        held = [item for item in step.substeps if item.status not in (Status.MATCH, Status.NOT_APPLICABLE)]
        if not held:
            found.append(Trouble(step=step.id, code=step.code, because=step.because))
        found += [_trouble(step, item) for item in held]
    return tuple(found)


def _trouble(step: StepResult, substep: Substep) -> Trouble:
    """A substep's trouble, with the fact that tells it: one that differs, else the one that its code is about."""
    differing = [
        fact for fact in substep.facts if fact.compared and fact.expected is not None and fact.expected != fact.found
    ]
    telling = next(iter([*differing, *(fact for fact in substep.facts if fact.label == substep.code)]), None)
    return Trouble(
        step=step.id,
        code=substep.code,
        subject=substep.subject,
        file=telling.file if telling else next((fact.file for fact in substep.facts if fact.file), None),
        label=telling.label if telling else None,
        expected=None if telling is None or telling.expected is None else str(telling.expected),
        found=None if telling is None or telling.found is None else str(telling.found),
    )
