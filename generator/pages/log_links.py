"""A copy of the log as other pages show it: a card on the front page, a line on the page of a deployment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.formatting import date_text
from generator.signer_log.checking import OUTCOMES
from generator.signer_log.views import LogContext, epoch_folder, span_text, verdict_label, verdict_sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCard:
    """A copy of a log in short, for other pages; ``href`` is relative to the site's root."""

    namespace: str
    href: str
    rehearsal: bool
    outcome: str
    label: str
    sentence: str
    span: str
    copied: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLink:
    """From a deployment to its epoch in a copy of the log; addresses are relative to the site's root.

    ``epoch_href`` is None where the copy does not have that epoch.
    """

    epoch: int
    namespace: str
    href: str
    epoch_href: str | None
    outcome: str
    label: str


def log_card(context: LogContext) -> LogCard:
    """The copy in short."""
    checked = context.checked
    return LogCard(
        namespace=checked.namespace,
        href=context.folder,
        rehearsal=checked.rehearsal,
        outcome=OUTCOMES[checked.conclusion],
        label=verdict_label(checked),
        sentence=verdict_sentence(checked),
        span=span_text(context),
        copied=f"Copied {date_text(checked.log.copied_at)}",
    )


def log_link(namespace: str | None, epoch: int | None, rehearsal: bool, logs: Sequence[LogContext]) -> LogLink | None:
    """The link for a deployment; None where its keys are in no log, or there is no copy of it."""
    for context in logs:
        if context.checked.namespace == namespace and epoch is not None and context.checked.rehearsal == rehearsal:
            has_page = epoch in context.selection.epochs
            return LogLink(
                epoch=epoch, namespace=namespace, href=context.folder,
                epoch_href=epoch_folder(namespace, epoch) if has_page else None,
                outcome=OUTCOMES[context.checked.conclusion], label=verdict_label(context.checked),
            )  # fmt: skip
    return None
