"""What pages about the log share: where things stand, findings in words, ages, and how evidence covers epochs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from generator.formatting import count_text, date_text
from generator.pages.frame import LOG_FOLDER, REHEARSAL, Assets
from generator.signer_log.checking import CheckedLog
from generator.signer_log.epochs import Epoch, Selection
from vaultproof.errors import VaultproofError
from vaultproof.mirror.answer import Resource
from vaultproof.presentation.log_english import TITLES
from vaultproof.presentation.log_words import conclusion_sentence, fact_label, finding_words
from vaultproof.signer_log.findings import LogFinding, Standing
from vaultproof.signer_log.reconcile import age
from vaultproof.strict.json import loads

STATUS = {Standing.CONTRADICTION: "mismatch", Standing.COULD_NOT_CHECK: "could_not_check", Standing.NOTE: "note"}
"""Standings as the states that icons and colours have; a note has one of its own."""
_UNEXPLAINED = ("epoch-without-evidence", "epoch-awaits-evidence", "epoch-left-out")
_UNLOGGED = ("evidence-without-epoch", "evidence-awaits-epoch", "evidence-not-as-logged", "evidence-unreadable")
_SHORT = {
    "epoch-without-evidence": "The grace period is over",
    "epoch-awaits-evidence": "The grace period runs",
    "epoch-left-out": "A published history leaves it out",
    "evidence-not-as-logged": "Another key file is published for it",
}
ABOUT = "About"
_TOLD_ELSEWHERE = frozenset(fact_label(label) for label in ("key-added", "key-removed"))
"""The key history tells them, with roles and in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogContext:
    """What the pages of one copy are made from.

    ``titles`` are those of all published deployments by id; ``api`` is where the API's files stand, below the site.
    """

    checked: CheckedLog
    selection: Selection
    epochs: tuple[Epoch, ...]
    titles: Mapping[str, str]
    api: str
    clock: datetime
    assets: Assets

    @property
    def folder(self) -> str:
        """The folder of the pages of this copy."""
        return log_folder(self.checked.namespace)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFindingView:
    """A finding as a page tells it; ``status`` as an icon has it, ``age`` in words where the finding has one.

    ``href`` leads to the page of the epoch that it is about, ``proof`` to a file that shows it by itself: both
    relative to the site's root, None where there is none.
    """

    id: str
    status: str
    standing: str
    about: str
    sentence: str
    code: str
    facts: tuple[tuple[str, str], ...]
    advice: str | None
    age: str | None
    href: str | None
    proof: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How published evidence covers one epoch: a state, a sentence, and the deployment, if there is one."""

    status: str
    text: str
    deployment: str | None
    title: str | None


def log_folder(namespace: str) -> str:
    """The folder of a namespace's pages, below the site's root."""
    return f"{LOG_FOLDER}/{namespace}/"


def epoch_folder(namespace: str, epoch: int) -> str:
    """The folder of an epoch's page, below the site's root."""
    return f"{log_folder(namespace)}epochs/{epoch}/"


def fork_name(finding_id: str) -> str:
    """The file of a fork's proof, in the folder of the namespace."""
    return f"forks/{finding_id}.json"


def verdict_label(checked: CheckedLog) -> str:
    """The audit's outcome in one or two words; a rehearsal says so."""
    label = TITLES[checked.conclusion]
    return f"{REHEARSAL}: {label}" if checked.rehearsal else label


def verdict_sentence(checked: CheckedLog) -> str:
    """The audit's outcome in one sentence, with how much was looked at where all of it holds."""
    span = checked.audit.span
    first, last, count = (0, 0, 0) if span is None else (span.first, span.last, span.count)
    return conclusion_sentence(checked.conclusion, first=first, last=last, count=count)


def span_text(context: LogContext) -> str:
    """Which epochs the copy holds."""
    span = context.checked.audit.span
    if span is None:
        return "no epoch"
    epochs = count_text(span.count, "epoch")
    return f"{epochs}, {span.first} to {span.last}" if span.count > 1 else f"{epochs}, number {span.first}"


def finding_view(finding: LogFinding, context: LogContext) -> LogFindingView:
    """One finding in words."""
    words = finding_words(finding)
    old = age(finding, context.clock)
    has_page = finding.epoch in context.selection.epochs
    epoch = finding.epoch
    told_elsewhere = _TOLD_ELSEWHERE if finding.code == "keys-changed" else frozenset()
    return LogFindingView(
        id=f"finding-{finding.id[:12]}",
        status=STATUS[finding.standing],
        standing=words.standing,
        about=words.about,
        sentence=words.sentence,
        code=finding.code,
        facts=tuple((label or ABOUT, text) for label, text in words.facts if label not in told_elsewhere),
        advice=None if finding.code == "fork" else words.advice,  # which says how to get the file that stands there
        age=None if old is None else age_text(old),
        href=epoch_folder(finding.namespace, epoch) if has_page and epoch is not None else None,
        proof=context.folder + fork_name(finding.id) if finding.code == "fork" else None,
    )


def age_text(age: timedelta) -> str:
    """An age in whole days; what lies ahead, or is younger than a day, says so."""
    if age < timedelta(0):
        return "in the future"
    return "less than a day" if age.days == 0 else count_text(age.days, "day")


def epoch_status(checked: CheckedLog, epoch: int) -> str:
    """The worst that was found about an epoch; notes do not count."""
    found = {item.standing for item in checked.about(epoch)}
    if Standing.CONTRADICTION in found:
        return "mismatch"
    return "could_not_check" if Standing.COULD_NOT_CHECK in found else "match"


def epoch_coverage(checked: CheckedLog, epoch: int, titles: Mapping[str, str]) -> Coverage:
    """Which published deployment explains an epoch."""
    for item in checked.reconciliation.explained:
        if item.epoch == epoch:
            text = "Its own epoch" if item.own else "On the way to it, by its published history"
            return Coverage(status="match", text=text, deployment=item.deployment,
                            title=titles.get(item.deployment, item.deployment))  # fmt: skip
    for finding in checked.about(epoch):
        if finding.code in (*_UNEXPLAINED, "evidence-not-as-logged"):
            return Coverage(status=STATUS[finding.standing], text=_waited(finding, checked.now), deployment=None,
                            title=None)  # fmt: skip
    return Coverage(status="not_evaluated", text="Its record does not hold", deployment=None, title=None)


def evidence_coverage(checked: CheckedLog, deployment: str, epoch: int) -> tuple[str, str]:
    """The other way round: state and sentence of whether a deployment's own epoch is in the log."""
    for finding in checked.findings.items:
        if finding.subject == deployment and finding.code in _UNLOGGED:
            words = finding_words(finding)
            old = age(finding, checked.now)
            text = words.sentence if old is None else f"{words.sentence} Announced {age_text(old)} ago."
            return STATUS[finding.standing], text
    own = any(item.deployment == deployment and item.own for item in checked.reconciliation.explained)
    return ("match", f"Epoch {epoch} holds its key file") if own else ("could_not_check", "Not known")


def _waited(finding: LogFinding, now: datetime) -> str:
    """Why an epoch has no evidence, in few words: the finding itself says more."""
    old = age(finding, now)
    told = _SHORT[finding.code]
    return told if old is None else f"{told}, logged {age_text(old)} ago"


def copy_age(checked: CheckedLog) -> str:
    """How old the copy was at the build's moment, in words."""
    old = checked.now - checked.log.copied_at
    if old < timedelta(0):
        return f"{date_text(checked.log.copied_at)}, after the moment of this check"
    return f"{age_text(old)} old at the moment of this check"


def has_no_directory(context: LogContext) -> bool:
    """Whether the log names no directory of proofs: the signer's client then checks signatures alone.

    With an empty one, as some namespaces have it, that client stops at every epoch but the first (plexi 0.1.2).
    """
    answer = context.checked.log.store.latest(context.checked.namespace, Resource.NAMESPACE)
    try:
        return answer is not None and loads(answer.body, file="namespace").get("log_directory") is None
    except VaultproofError:
        return False  # the audit has said that it cannot be read
