"""The front page: fleets in use, all fleets in time, what this site is and is not, how to check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from generator.checking import Checked
from generator.formatting import count_text, date_text, size_text, time_text
from generator.pages.deployment import published_keys
from generator.pages.frame import Assets, Frame, make_frame
from generator.pages.log_links import LogCard, log_card
from generator.pages.names import SHORT_DISTRIBUTIONS, product_name
from generator.signer_log.views import LogContext
from generator.sources import Sources
from vaultproof.presentation.view import VerdictView, verdict_view
from vaultproof.presentation.words import Words
from vaultproof.report import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetCard:
    """One fleet in short; ``superseded_by`` is the title of the fleet that took its place, None while it is in use."""

    id: str
    title: str
    product: str
    rehearsal: bool
    deployed: str
    deployed_on: str
    size: str
    distribution: str
    verdict: VerdictView
    superseded_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontPage:
    """Everything that ``front.html`` shows.

    ``in_use`` are real fleets that no other has superseded, ``rehearsals`` the same of rehearsals; ``timeline`` all
    fleets, the newest first; ``logs`` the copies of signers' logs; ``limits`` what no check here establishes.
    """

    TEMPLATE: ClassVar[str] = "front.html"

    frame: Frame
    in_use: tuple[FleetCard, ...]
    rehearsals: tuple[FleetCard, ...]
    timeline: tuple[FleetCard, ...]
    logs: tuple[LogCard, ...]
    limits: tuple[str, ...]
    checked: str
    transfer: str | None


def front_page(
    sources: Sources, all_checked: Sequence[Checked], logs: Sequence[LogContext], *, clock: datetime, assets: Assets
) -> FrontPage:
    """The model of the front page."""
    newest_first = sorted(all_checked, key=lambda item: (item.source.announcement.deployed_at, item.id), reverse=True)
    cards = tuple(_card(item, sources, all_checked) for item in newest_first)
    procedure = sources.procedures[max(sources.procedures)]
    words = Words(procedure, next(iter(procedure.plans.values())))
    return FrontPage(
        frame=make_frame(
            title="Evidence of HSM fleets",
            description="Evidence of the HSM fleets behind end-to-end encrypted backups, to read, check and download.",
            root="",
            section="front",
            clock=clock,
            assets=assets,
        ),
        in_use=tuple(card for card in cards if not card.rehearsal and card.superseded_by is None),
        rehearsals=tuple(card for card in cards if card.rehearsal and card.superseded_by is None),
        timeline=cards,
        logs=tuple(log_card(context) for context in logs),
        limits=words.limits(),
        checked=time_text(clock),
        transfer=size_text(assets.transfer) if assets.entry is not None else None,
    )


def _card(checked: Checked, sources: Sources, others: Sequence[Checked]) -> FleetCard:
    announced = checked.source.announcement
    procedure = sources.procedures[checked.report.procedure_version]
    words = Words(procedure, procedure.plan(announced.distribution))
    later = [item.source.announcement for item in others if item.source.announcement.supersedes == announced.id]
    same_kind = [item.title for item in later if item.rehearsal == announced.rehearsal]
    keys = published_keys(checked.source.files)
    parts = (
        count_text(len(announced.members), "HSM"),
        count_text(len(announced.sites), "site"),
        count_text(len(keys), "key"),
    )
    return FleetCard(
        id=announced.id,
        title=announced.title,
        product=product_name(announced),
        rehearsal=checked.report.verdict.scope is Scope.REHEARSAL,
        deployed=date_text(announced.deployed_at),
        deployed_on=announced.deployed_at.date().isoformat(),
        size=", ".join(parts),
        distribution=SHORT_DISTRIBUTIONS[announced.distribution],
        verdict=verdict_view(checked.report, words),
        superseded_by=same_kind[0] if same_kind else None,
    )
