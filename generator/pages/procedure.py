"""The procedure as a page: the published document, step by step, each step with an anchor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from markupsafe import Markup

from generator.clock import midnight
from generator.formatting import date_text
from generator.markup import to_html
from generator.pages.frame import Assets, Frame, make_frame
from vaultproof.evidence.deployment import HARDCODED, OVER_THE_AIR
from vaultproof.procedure.document import Plan, Procedure, ProcedureStep

PLAN_TITLES: Mapping[str, str] = {
    OVER_THE_AIR: "When keys reach apps over the air",
    HARDCODED: "When keys are built into the app",
}
IF_PROMISED = "needed where it was promised"
OPTIONAL = "not part of the verdict"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """A step's place in one plan: its number there, and what a verdict needs it for, in words, or None if always."""

    number: int
    id: str
    title: str
    question: str
    requirement: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """The steps for one way in which keys reach apps, in order."""

    title: str
    steps: tuple[PlannedStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepText:
    """One step as published; ``needs`` are the titles of the steps that must match before it."""

    id: str
    title: str
    question: str
    compares: str
    establishes: str
    does_not_establish: str
    rests_on: str
    needs: tuple[tuple[str, str], ...]
    text: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedurePage:
    """Everything that ``procedure.html`` shows; ``other_versions`` are all versions but this one."""

    TEMPLATE: ClassVar[str] = "procedure.html"

    frame: Frame
    version: str
    published: str
    digest: str
    document_href: str
    whitepaper: str | None
    introduction: Markup
    plans: tuple[PlanView, ...]
    steps: tuple[StepText, ...]
    other_versions: tuple[str, ...]


def procedure_page(
    procedure: Procedure, *, versions: tuple[str, ...], document: str, root: str, clock: datetime, assets: Assets
) -> ProcedurePage:
    """The model of one version; ``document`` is the address of its exact bytes relative to the site's root."""
    return ProcedurePage(
        frame=make_frame(
            title=f"Procedure {procedure.version}",
            description="How a deployment is checked: every step, what it compares, what it shows and what not.",
            root=root,
            section="procedure",
            clock=clock,
            assets=assets,
        ),
        version=procedure.version,
        published=date_text(midnight(procedure.published)),
        digest=procedure.digest,
        document_href=root + document,
        whitepaper=procedure.whitepaper_sha256,
        introduction=to_html(_without_title(procedure.introduction), shift=1),
        plans=tuple(_plan(plan, procedure) for plan in procedure.plans.values()),
        steps=tuple(_step(step, procedure) for step in procedure.steps.values()),
        other_versions=tuple(version for version in versions if version != procedure.version),
    )


def _without_title(introduction: str) -> str:
    """The page has a title of its own, so the document's first heading is left out."""
    first, _, rest = introduction.partition("\n")
    return rest if first.startswith("# ") else introduction


def _plan(plan: Plan, procedure: Procedure) -> PlanView:
    steps = tuple(
        PlannedStep(
            number=number,
            id=id,
            title=procedure.steps[id].title,
            question=procedure.steps[id].question,
            requirement=None if id in plan.required else IF_PROMISED if id in plan.if_promised else OPTIONAL,
        )
        for number, id in enumerate(plan.order, start=1)
    )
    return PlanView(title=PLAN_TITLES.get(plan.distribution, plan.distribution), steps=steps)


def _step(step: ProcedureStep, procedure: Procedure) -> StepText:
    return StepText(
        id=step.id,
        title=step.title,
        question=step.question,
        compares=step.compares,
        establishes=step.establishes,
        does_not_establish=step.does_not_establish,
        rests_on=step.rests_on,
        needs=tuple((id, procedure.steps[id].title) for id in step.needs if id in procedure.steps),
        text=to_html(step.text, shift=3),
    )
