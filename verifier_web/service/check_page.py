"""The page of a check, in the order in which it becomes known: its frame, each step as it ends, then the outcome."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from generator.clock import midnight
from generator.formatting import date_text, size_text, time_text
from generator.matrix import fleet_matrix
from generator.pages.deployment import engine_text, key_cards, published_keys
from generator.pages.frame import Assets
from generator.picture import trust_picture
from generator.rendering import Renderer
from vaultproof.errors import VaultproofError
from vaultproof.evidence.deployment import OVER_THE_AIR, Deployment, read_deployment
from vaultproof.evidence.files import DEPLOYMENT, Files
from vaultproof.presentation.view import step_view, verdict_view
from vaultproof.presentation.words import Words
from vaultproof.procedure.document import Plan, Procedure
from vaultproof.report import Report, Status, StepResult
from vaultproof.trust.configuration import TrustSet
from vaultproof.verification import Event, StepFinished
from verifier_web.service.frames import Frame
from verifier_web.service.pages import CUT, CheckPage, OutcomePart, Planned, StepPart, service_frame

UPLOAD_TITLE = "Files that you sent"


@dataclass(slots=True, kw_only=True)
class PageMaker:
    """Makes one page while its check runs.

    ``job`` holds ``root`` (from the page to the site's root), ``assets`` and, for a published deployment, its id;
    ``send`` takes each part as soon as there is one.
    """

    renderer: Renderer
    job: Mapping[str, Any]
    files: Files
    pinned_trust: TrustSet
    procedures: Mapping[str, Procedure]
    moment: datetime
    send: Callable[[Frame], None]
    _opened: _Opened | None = field(default=None, init=False)

    def observe(self, event: Event) -> None:
        """Told of each step: the first event opens the page, the end of a step adds it."""
        opened = self._opened or self._open()
        if isinstance(event, StepFinished):
            self.send(Frame("step", {"id": event.result.id}, self._step(event.result, opened)))

    def end(self, report: Report) -> bytes:
        """Everything after the steps."""
        opened = self._opened or self._open()
        part = self._outcome(report, opened)
        return opened.middle + self.renderer.render(part) + opened.foot

    def _open(self) -> _Opened:
        """Send the start of the page: from here on its answer has begun."""
        announced = _announcement(self.files)
        procedure = self.procedures[announced.procedure if announced else max(self.procedures)]
        plan = procedure.plan(announced.distribution if announced else OVER_THE_AIR)
        head, middle, foot = self._frame(announced, procedure, plan)
        opened = _Opened(
            announced=announced, procedure=procedure, words=Words(procedure, plan), middle=middle, foot=foot,
            rehearsal=announced is not None and announced.rehearsal, troubled=False,
        )  # fmt: skip
        self._opened = opened
        titles = {id: procedure.steps[id].title for id in plan.order}
        values = {"plan": titles, "middle": middle.decode("utf-8"), "foot": foot.decode("utf-8")}
        self.send(Frame("opened", values, head))
        return opened

    def _frame(self, announced: Deployment | None, procedure: Procedure, plan: Plan) -> tuple[bytes, bytes, bytes]:
        root = self.job["root"]
        title = announced.title if announced else UPLOAD_TITLE
        page = CheckPage(
            frame=service_frame(
                title=f"Check of {title}",
                description="A check that runs on this server, step by step.",
                root=root,
                moment=self.moment,
                assets=Assets(**self.job["assets"]),
                rehearsal=announced is not None and announced.rehearsal,
            ),
            title=title,
            deployment=self.job.get("deployment"),
            procedure_href=f"{root}procedure/{procedure.version}/",
            procedure_version=procedure.version,
            procedure_published=date_text(midnight(procedure.published)),
            plan=tuple(Planned(id=id, title=procedure.steps[id].title) for id in plan.order),
        )
        # From the right: what an announcement says stands before both cuts, and may hold the same words.
        start, middle, foot = self.renderer.render(page).rsplit(CUT.encode("ascii"), 2)
        return start, middle, foot

    def _step(self, result: StepResult, opened: _Opened) -> bytes:
        step = step_view(opened.procedure.steps[result.id], result, opened.words)
        trouble = result.status is Status.MISMATCH or (result.required and result.status is not Status.MATCH)
        first = trouble and not opened.troubled
        opened.troubled = opened.troubled or trouble
        href = f"{self.job['root']}procedure/{opened.procedure.version}/"
        part = StepPart(step=step, procedure_href=href, open=first, rehearsal=opened.rehearsal)
        return self.renderer.render(part)

    def _outcome(self, report: Report, opened: _Opened) -> OutcomePart:
        announced, words = opened.announced, opened.words
        verdict = verdict_view(report, words)
        steps = tuple(step_view(opened.procedure.steps[item.id], item, words) for item in report.steps)
        keys = published_keys(self.files) if announced else ()
        trust = self.pinned_trust.select(rehearsal=opened.rehearsal)
        data = report.to_bytes()
        return OutcomePart(
            root=self.job["root"],
            rehearsal=opened.rehearsal,
            deployment=self.job.get("deployment"),
            verdict=verdict,
            checked=time_text(self.moment),
            engine=engine_text(report.engine),
            picture=trust_picture(announced, trust, steps, keys=len(keys)) if announced else None,
            matrix=fleet_matrix(report, announced, words) if announced else None,
            keys=key_cards(keys, report, words),
            evidence_words=words.digest_words(report.evidence_digest) if report.evidence_digest else (),
            report_href="data:application/json;base64," + base64.b64encode(data).decode("ascii"),
            report_size=size_text(len(data)),
        )


@dataclass(slots=True, kw_only=True)
class _Opened:
    """What the page is about, once it has begun; ``troubled`` is whether a step has shown trouble yet."""

    announced: Deployment | None
    procedure: Procedure
    words: Words
    middle: bytes
    foot: bytes
    rehearsal: bool
    troubled: bool


def _announcement(files: Files) -> Deployment | None:
    """As the verification reads it: None where it is missing or unreadable, which the first step then says."""
    try:
        return read_deployment(files[DEPLOYMENT]) if DEPLOYMENT in files else None
    except VaultproofError:
        return None
