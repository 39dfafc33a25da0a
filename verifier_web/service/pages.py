"""Models of the service's own pages and parts; their words about a verdict are those of every other page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from generator.matrix import Matrix
from generator.pages.deployment import KeyCard
from generator.pages.frame import Assets, Frame, make_frame
from generator.picture import Picture
from vaultproof.presentation.view import StepView, VerdictView
from verifier_web.service.problems import Problem

CUT = "vaultproof-cut-here"
"""Where the frame of a check's page is cut: steps and outcome are put in as they come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A step that will run: known before anything has."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPage:
    """The frame of a check's page; ``deployment`` is the id of a published one, None for an upload."""

    TEMPLATE: ClassVar[str] = "service/check.html"

    frame: Frame
    title: str
    deployment: str | None
    procedure_href: str
    procedure_version: str
    procedure_published: str
    plan: tuple[Planned, ...]
    cut: str = CUT


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPart:
    """One step that has ended; ``open`` shows its details at once."""

    TEMPLATE: ClassVar[str] = "service/step.html"

    step: StepView
    procedure_href: str
    open: bool
    rehearsal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomePart:
    """What follows the steps; ``report_href`` carries the whole report, because nothing is kept to link to."""

    TEMPLATE: ClassVar[str] = "service/outcome.html"

    root: str
    rehearsal: bool
    deployment: str | None
    verdict: VerdictView
    checked: str
    engine: str
    picture: Picture | None
    matrix: Matrix | None
    keys: tuple[KeyCard, ...]
    evidence_words: tuple[str, ...]
    report_href: str
    report_size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotPart:
    """What follows the steps when the check did not come to its end; ``left`` are the steps that did not run."""

    TEMPLATE: ClassVar[str] = "service/cannot.html"

    root: str
    deployment: str | None
    problem: Problem
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemPage:
    """A whole page for a request that has no other answer; ``asked`` is whether a check was asked for."""

    TEMPLATE: ClassVar[str] = "service/problem.html"

    frame: Frame
    problem: Problem
    asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A published deployment that can be checked here."""

    id: str
    title: str
    rehearsal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadPage:
    """The page with the forms."""

    TEMPLATE: ClassVar[str] = "service/upload.html"

    frame: Frame
    deployments: tuple[Listed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A deployment that has the key; ``superseded_by`` is the newer one that took its place."""

    id: str
    title: str
    rehearsal: bool
    role: str
    fingerprint: str
    superseded_by: Listed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupPage:
    """Is my app using this fleet?  ``answer`` is None, and the rest empty, as long as nothing was asked."""

    TEMPLATE: ClassVar[str] = "service/lookup.html"

    frame: Frame
    longest: int
    asked: str
    answer: str | None
    label: str
    sentence: str
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRow:
    """A limit in words."""

    name: str
    text: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsPage:
    """Every limit that a client can run into."""

    TEMPLATE: ClassVar[str] = "service/limits.html"

    frame: Frame
    limits: tuple[LimitRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownParameter:
    """A parameter of an operation."""

    name: str
    place: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAnswer:
    """An answer of an operation; ``media`` is None where it has no body."""

    status: str
    media: str | None
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownExample:
    """An example to run."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOperation:
    """One operation of the interface for programs."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[ShownParameter, ...]
    bodies: tuple[str, ...]
    answers: tuple[ShownAnswer, ...]
    examples: tuple[ShownExample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiPage:
    """The OpenAPI document for people."""

    TEMPLATE: ClassVar[str] = "service/api.html"

    frame: Frame
    title: str
    summary: str
    openapi: str
    operations: tuple[ShownOperation, ...]


def service_frame(
    *, title: str, description: str, root: str, moment: datetime, assets: Assets, rehearsal: bool = False
) -> Frame:
    """The frame of a page of the service: no script runs on it."""
    return make_frame(
        title=title, description=description, root=root, section="service", clock=moment, assets=assets,
        rehearsal=rehearsal,
    )  # fmt: skip
