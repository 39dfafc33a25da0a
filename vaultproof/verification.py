"""Running the procedure: files, trust, procedure and a clock in, a report out.

The runner knows no step by name but the first: order, need and requirement come from the procedure's document, the
functions from the registry.  Whatever a step raises on purpose becomes its status; a programming error is not caught
here, so that a shell can say that *it* failed, not the evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from vaultproof.crypto.port import Backend
from vaultproof.errors import Malformed, Unavailable, Unsupported, VaultproofError
from vaultproof.evidence.deployment import OVER_THE_AIR, Deployment, read_deployment
from vaultproof.evidence.files import DEPLOYMENT, MANIFEST, Files, check_caps, required, sha256_hex
from vaultproof.frozen import frozen
from vaultproof.parties import who_would_have_to_lie
from vaultproof.procedure.document import Plan, Procedure
from vaultproof.report import Report, Status, StepResult
from vaultproof.steps.base import Context, Finding, Substeps
from vaultproof.steps.files import check_files
from vaultproof.steps.registry import STEPS
from vaultproof.strict.encodings import format_time
from vaultproof.trust.configuration import TrustSet
from vaultproof.verdict import fold

FIRST_STEP = "files"


@frozen
class StepStarted:
    """A step begins to run."""

    id: str
    number: int


@frozen
class StepFinished:
    """A step ended, or was withheld."""

    result: StepResult


Event = StepStarted | StepFinished
Observer = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The observer for callers that only want the report."""


async def verify(
    files: Files,
    *,
    trust: TrustSet,
    procedures: Mapping[str, Procedure],
    clock: datetime,
    backend: Backend,
    engine: Mapping[str, str],
    expected_digest: str | None = None,
    observe: Observer = ignore,
) -> Report:
    """Run the published procedure over the files of one deployment.

    ``files`` maps paths to exact bytes; ``procedures`` maps versions to procedures; ``clock`` is the one "now" of the
    run (time-zone aware); ``expected_digest`` is the evidence digest (lower-case hex) that the reader was given, if
    any; ``observe`` is told of each step as it begins and ends.

    Raises ``Malformed`` when the files are over the caps or have names that are not allowed, ``Unavailable`` when they
    are no deployment at all, ``Unsupported`` when the deployment names a procedure or a record version this verifier
    does not have, and ``ValueError`` for a clock without a time zone.  Everything else that can be wrong with evidence
    is in the report.
    """
    if clock.tzinfo is None:
        raise ValueError("the clock needs a time zone")
    check_caps(files)
    if MANIFEST not in files and DEPLOYMENT not in files:
        raise Unavailable(
            "not-a-deployment",
            "neither manifest.json nor deployment.json is here",
            expected=f"{MANIFEST}, {DEPLOYMENT}",
            hint="give the folder or zip of one deployment",
        )
    deployment = _announcement(files)
    procedure = _procedure(procedures, deployment)
    plan = procedure.plan(deployment.distribution if deployment else OVER_THE_AIR)
    configuration = trust.select(rehearsal=deployment.rehearsal if deployment else False)
    run = _Run(plan=plan, procedure=procedure, promised=deployment.promises if deployment else (), observe=observe)
    if deployment is None:
        run.withhold_all_but_first(check_files(files, None, expected_digest))
    else:
        context = Context(
            files=files, deployment=deployment, trust=configuration, now=clock, backend=backend,
            expected_digest=expected_digest, proved={},
        )  # fmt: skip
        await run.all_steps(context)
    steps = tuple(run.results)
    return Report(
        procedure_version=procedure.version,
        procedure_digest=procedure.digest,
        distribution=deployment.distribution if deployment else None,
        deployment=deployment.id if deployment else None,
        evidence_digest=sha256_hex(files[MANIFEST]) if MANIFEST in files else None,
        trust_digest=configuration.digest,
        steps=steps,
        verdict=fold(steps, configuration.kind, planned=plan.order),
        parties=who_would_have_to_lie(steps),
        clock=format_time(clock),
        engine=engine,
    )


def _announcement(files: Files) -> Deployment | None:
    """The typed announcement; None when it is missing or cannot be read, which the first step then reports."""
    try:
        return read_deployment(required(files, DEPLOYMENT))
    except (Malformed, Unavailable):
        return None


def _procedure(procedures: Mapping[str, Procedure], deployment: Deployment | None) -> Procedure:
    version = deployment.procedure if deployment else max(procedures)
    try:
        return procedures[version]
    except KeyError:
        raise Unsupported(
            "procedure", "the deployment names a procedure this verifier does not have", file=DEPLOYMENT,
            pointer="/procedure", expected=", ".join(sorted(procedures)), found=version, hint="update the verifier",
        ) from None  # fmt: skip


class _Run:
    """The state of one run: results so far, and what was proved."""

    def __init__(self, *, plan: Plan, procedure: Procedure, promised: tuple[str, ...], observe: Observer) -> None:
        self.results: list[StepResult] = []
        self._plan = plan
        self._procedure = procedure
        self._promised = promised
        self._observe = observe
        self._proved: dict[type, object] = {}
        self._seen: dict[str, object] = {}

    async def all_steps(self, context: Context) -> None:
        """Run each step of the plan, or withhold it when one that it needs did not match."""
        for number, id in enumerate(self._plan.order, start=1):
            because = self._withheld_by(id)
            if because is not None:
                contradiction = await self._contradiction(id, context)
                self._record(id, number, contradiction or _not_evaluated(), None if contradiction else because)
                continue
            self._observe(StepStarted(id=id, number=number))
            self._record(id, number, await self._one(id, context), None)

    def withhold_all_but_first(self, first: Finding) -> None:
        """Without a readable announcement only the files can be judged."""
        for number, id in enumerate(self._plan.order, start=1):
            if id == FIRST_STEP:
                self._observe(StepStarted(id=id, number=number))
                self._record(id, number, first, None)
            else:
                self._record(id, number, _not_evaluated(), FIRST_STEP)

    async def _one(self, id: str, context: Context) -> Finding:
        finding = await _ran(id, replace(context, proved=dict(self._proved)))
        if finding.proved is not None and finding.status is Status.MATCH:
            self._proved[type(finding.proved)] = finding.proved
        if finding.seen is not None and finding.status in _INCOMPLETE:
            self._seen[id] = finding.seen
        return finding

    async def _contradiction(self, id: str, context: Context) -> Finding | None:
        """What contradicts itself in a step that cannot match, because ones that it needs are incomplete.

        Of its substeps only those that do not match are kept, so that nothing looks better than it was earned.
        """
        unmatched = self._unmatched(id)
        allowed = self._procedure.steps[id].contradicts_without
        if not all(needed in allowed and needed in self._seen for needed in unmatched):
            return None
        seen = {type(self._seen[needed]): self._seen[needed] for needed in unmatched}
        finding = await _ran(id, replace(context, proved={**self._proved, **seen}))
        found = tuple(item for item in finding.substeps if item.status is Status.MISMATCH)
        if found:
            return Finding(status=Status.MISMATCH, code=found[0].code, substeps=found)
        went_on = finding.seen if finding.proved is None else finding.proved
        if went_on is not None:
            self._seen[id] = went_on
        return None

    def _withheld_by(self, id: str) -> str | None:
        """The first step of the plan that this one needs and that did not match."""
        return next(iter(self._unmatched(id)), None)

    def _unmatched(self, id: str) -> tuple[str, ...]:
        """The steps of the plan that this one needs and that did not match."""
        status = {result.id: result.status for result in self.results}
        needs = self._procedure.steps[id].needs
        return tuple(step for step in needs if step in self._plan.order and status.get(step) is not Status.MATCH)

    def _record(self, id: str, number: int, finding: Finding, because: str | None) -> None:
        promised = id in self._plan.if_promised and id in self._promised
        result = StepResult(
            id=id, number=number, required=id in self._plan.required or promised, status=finding.status,
            code=finding.code, because=because, substeps=finding.substeps,
        )  # fmt: skip
        self.results.append(result)
        self._observe(StepFinished(result=result))


_INCOMPLETE = (Status.COULD_NOT_CHECK, Status.NOT_PUBLISHED)


async def _ran(id: str, context: Context) -> Finding:
    try:
        return await STEPS[id](context)
    except VaultproofError as error:
        substeps = Substeps()
        substeps.trouble("input", error)
        return substeps.finding()


def _not_evaluated() -> Finding:
    return Finding(status=Status.NOT_EVALUATED, code="needs-earlier-step", substeps=())
