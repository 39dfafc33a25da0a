"""The history of the logged keys, as a difference an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from generator.formatting import count_text, date_text
from generator.pages.frame import Frame, make_frame
from generator.signer_log.views import LogContext, LogFindingView, finding_view
from vaultproof.presentation.digest_words import digest_words
from vaultproof.signer_log.findings import Conclusion
from vaultproof.signer_log.key_history import KeyChange
from vaultproof.strict.encodings import from_milliseconds

ROOT = "../../../"
MOST_CHANGES = 200
"""Epochs whose changes are shown, the newest; the key files of all are published."""
MOST_KEYS = 500
"""Keys of one epoch that are shown."""
_ABOUT_KEYS = frozenset(
    {"role-changed-in-log", "key-unattested", "artifact-missing", "artifact-not-logged", "artifact-unreadable",
     "changes-unknown"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMove:
    """What happened to one key: ``kind`` is ``added``, ``removed`` or ``changed``; ``role`` in words."""

    kind: str
    fingerprint: str
    words: tuple[str, ...]
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """What one epoch changed; ``href`` leads to the epoch's page from the log's folder, None where it has none."""

    epoch: int
    date: str | None
    href: str | None
    summary: str
    since: str
    moves: tuple[KeyMove, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKeysPage:
    """Everything that ``log_keys.html`` shows: changes with the newest first, and how many older ones are left out."""

    TEMPLATE: ClassVar[str] = "log_keys.html"

    frame: Frame
    log_name: str
    rehearsal: bool
    failing: bool
    contradicted: bool
    changes: tuple[ChangeView, ...]
    older: int
    findings: tuple[LogFindingView, ...]


def keys_page(context: LogContext) -> LogKeysPage:
    """The model of the page."""
    checked = context.checked
    changes = checked.audit.changes
    return LogKeysPage(
        frame=make_frame(
            title=f"Key history of {checked.namespace}",
            description=f"Which fleet keys each epoch of {checked.namespace} added, removed or gave another role.",
            root=ROOT,
            section="log",
            clock=context.clock,
            assets=context.assets,
            rehearsal=checked.rehearsal,
        ),
        log_name=checked.namespace,
        rehearsal=checked.rehearsal,
        failing=checked.failing,
        contradicted=checked.conclusion is Conclusion.CONTRADICTED,
        changes=tuple(change_view(change, context) for change in changes.newest(MOST_CHANGES)),
        older=max(0, len(changes) - MOST_CHANGES),
        findings=tuple(finding_view(item, context) for item in checked.findings.items if item.code in _ABOUT_KEYS),
    )


def change_view(change: KeyChange, context: LogContext) -> ChangeView:
    """One epoch's changes in words."""
    moves = list(_moves(change))
    dates = {epoch.number: epoch.record.timestamp for epoch in context.epochs if epoch.record is not None}
    signed = dates.get(change.epoch)
    return ChangeView(
        epoch=change.epoch,
        date=None if signed is None else date_text(from_milliseconds(signed)),
        href=f"epochs/{change.epoch}/" if change.epoch in context.selection.epochs else None,
        summary=_summary(change),
        since=_since(change),
        moves=tuple(moves[:MOST_KEYS]),
        more=max(0, len(moves) - MOST_KEYS),
    )


def _moves(change: KeyChange) -> Iterator[KeyMove]:
    for fingerprint, role in change.added.items():
        yield KeyMove(kind="added", fingerprint=fingerprint, words=digest_words(fingerprint), role=role)
    for fingerprint, role in change.removed.items():
        yield KeyMove(kind="removed", fingerprint=fingerprint, words=digest_words(fingerprint), role=role)
    for item in change.changed:
        role = f"{item.after}; before it was {item.before}"
        yield KeyMove(kind="changed", fingerprint=item.fingerprint, words=digest_words(item.fingerprint), role=role)


def _summary(change: KeyChange) -> str:
    total = count_text(len(change.added), "key")
    if change.from_start:
        return f"{total} to begin with"
    parts = [
        f"{len(items)} {word}"
        for items, word in ((change.added, "added"), (change.removed, "removed"), (change.changed, "with another role"))
        if items
    ]
    return f"{', '.join(parts) or 'no change'}; {count_text(change.total, 'key')} in all"


def _since(change: KeyChange) -> str:
    if change.from_start:
        return "The log begins here."
    if change.since is None:
        return "What changed is not known: the keys before this epoch are not known."
    return f"Compared with epoch {change.since}."
