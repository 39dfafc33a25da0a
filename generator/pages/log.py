"""The overview of a copy of the signer's log: verdict, epochs in time, keys, evidence both ways, the copy itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from generator.commands import CommandBlock
from generator.commands.epoch import site_blocks
from generator.formatting import count_text, date_text, time_text
from generator.pages.frame import Frame, make_frame
from generator.pages.log_epoch import STATUS_WORDS
from generator.signer_log.checking import OUTCOMES
from generator.signer_log.epochs import ALL_UP_TO, NEWEST, Epoch, Selection
from generator.signer_log.timeline import Moment, Timeline, draw_timeline
from generator.signer_log.views import (
    Coverage,
    LogContext,
    LogFindingView,
    copy_age,
    epoch_coverage,
    epoch_status,
    evidence_coverage,
    finding_view,
    has_no_directory,
    span_text,
    verdict_label,
    verdict_sentence,
)
from vaultproof.mirror.answer import Resource
from vaultproof.presentation.log_english import (
    AUDIT_DOES_NOT_ESTABLISH,
    AUDIT_ESTABLISHES,
    RECONCILE_DOES_NOT_ESTABLISH,
)
from vaultproof.signer_log.findings import STANDINGS, Conclusion, Standing
from vaultproof.signer_log.paths import NAMESPACES
from vaultproof.signer_log.statements import advertised_keys
from vaultproof.strict.encodings import from_milliseconds

ROOT = "../../"
SHOWN_AT_TOP = 5
"""Findings that the alarm tells; all of them stand below."""
COVERED = "That every epoch in this copy belongs to a deployment published here, and the other way round."


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochRow:
    """One line of the table of epochs: day and time, in UTC; ``key`` is the last byte of the key, in hex."""

    number: int
    href: str
    signed: str
    time: str
    key: str
    digest: str
    coverage: Coverage
    status: str
    status_label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKeyRow:
    """One pinned key of the signer and what it signed; ``advertised`` says whether the signer names it now."""

    anchor: str
    public_key: str
    since: str
    signed: str
    advertised: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """One published deployment, and whether its epoch is in the log."""

    id: str
    title: str
    epoch: int
    announced: str
    status: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """Everything that ``log.html`` shows.

    ``alarm`` is what stands at the top of a log that is published although it does not hold, ``alarm_more`` how many
    findings more there are; ``span`` says which epochs there are, ``partial`` which of them have no page (None: all
    have one); ``origins`` are the places that answers came from.
    """

    TEMPLATE: ClassVar[str] = "log.html"

    frame: Frame
    log_name: str
    rehearsal: bool
    contradicted: bool
    alarm: tuple[LogFindingView, ...]
    alarm_more: int
    outcome: str
    verdict_label: str
    verdict_sentence: str
    counts: str
    checked: str
    establishes: tuple[str, ...]
    does_not_establish: tuple[str, ...]
    signer: str
    span: str
    copied: str
    copied_age: str
    findings: tuple[LogFindingView, ...]
    notes: tuple[LogFindingView, ...]
    not_listed: int
    timeline: Timeline
    rows: tuple[EpochRow, ...]
    partial: str | None
    keys: tuple[LogKeyRow, ...]
    coverage: str
    grace: str
    evidence: tuple[EvidenceRow, ...]
    api: str
    has_root: bool
    origins: tuple[str, ...]
    commands: tuple[CommandBlock, ...]


def log_page(context: LogContext) -> LogPage:
    """The model of the overview."""
    checked = context.checked
    items = checked.findings.items
    told = tuple(finding_view(item, context) for item in items if item.standing is not Standing.NOTE)
    rows = tuple(_row(epoch, context) for epoch in reversed(context.epochs))
    return LogPage(
        frame=make_frame(
            title=f"The signer's log: {checked.namespace}",
            description=f"A copy of the signer's log, {checked.namespace}. {verdict_label(checked)}.",
            root=ROOT,
            section="log",
            clock=context.clock,
            assets=context.assets,
            rehearsal=checked.rehearsal,
        ),
        log_name=checked.namespace,
        rehearsal=checked.rehearsal,
        contradicted=checked.conclusion is Conclusion.CONTRADICTED,
        alarm=_worst_first(told)[:SHOWN_AT_TOP] if checked.failing else (),
        alarm_more=max(0, len(told) - SHOWN_AT_TOP),
        outcome=OUTCOMES[checked.conclusion],
        verdict_label=verdict_label(checked),
        verdict_sentence=verdict_sentence(checked),
        counts=_counts(context),
        checked=time_text(context.clock),
        establishes=tuple(_establishes(context)),
        does_not_establish=(*AUDIT_DOES_NOT_ESTABLISH, *RECONCILE_DOES_NOT_ESTABLISH[:1]),
        signer=checked.signer.name,
        span=span_text(context),
        copied=time_text(checked.log.copied_at),
        copied_age=copy_age(checked),
        findings=_worst_first(told),
        notes=tuple(finding_view(item, context) for item in items if item.standing is Standing.NOTE),
        not_listed=checked.findings.not_kept,
        timeline=_timeline(context),
        rows=rows,
        partial=_partial(context.selection),
        keys=tuple(_keys(context)),
        coverage=_coverage(context),
        grace=count_text(checked.reconciliation.grace.days, "day"),
        evidence=tuple(_evidence(context)),
        api=context.api,
        has_root=not context.api,
        origins=_origins(context),
        commands=site_blocks(
            checked.namespace, pages=context.folder, api=context.api,
            epoch=context.epochs[-1].number if context.epochs else None,
            plexi=has_no_directory(context),
        ),
    )  # fmt: skip


def _worst_first(findings: tuple[LogFindingView, ...]) -> tuple[LogFindingView, ...]:
    return tuple(sorted(findings, key=lambda item: item.status != "mismatch"))


def _counts(context: LogContext) -> str:
    checked = context.checked
    result = checked.audit.result
    counts = checked.findings.counts.items()
    notes = sum(number for code, number in counts if STANDINGS[code] is Standing.NOTE)
    found = sum(number for _, number in counts) - notes
    told = f"{count_text(found, 'finding')}, {count_text(notes, 'note')}"
    return f"{result.held} of {count_text(result.count, 'record')} {'holds' if result.held == 1 else 'hold'}, {told}"


def _establishes(context: LogContext) -> Iterator[str]:
    """Only what was found to hold; a note that evidence is awaited already takes the coverage away."""
    checked = context.checked
    span = checked.audit.span
    if span is not None and checked.audit.findings.conclusion is Conclusion.HOLDS:
        yield from (line.format(first=span.first, last=span.last) for line in AUDIT_ESTABLISHES)
    if span is not None and not checked.reconciliation.findings.counts:
        yield COVERED


def _timeline(context: LogContext) -> Timeline:
    checked = context.checked
    epochs = [
        Moment(name=f"Epoch {epoch.number}", at=from_milliseconds(epoch.record.timestamp),
               status=epoch_status(checked, epoch.number))
        for epoch in context.epochs if epoch.record is not None
    ]  # fmt: skip
    evidence = [
        Moment(name="Evidence", detail=f"epoch {item.epoch}, ", at=item.deployed_at,
               status=evidence_coverage(checked, item.id, item.epoch)[0])
        for item in checked.published
    ]  # fmt: skip
    return draw_timeline(epochs, evidence, checked.log.copied_at)


def _row(epoch: Epoch, context: LogContext) -> EpochRow:
    record = epoch.record
    status = epoch_status(context.checked, epoch.number)
    signed = None if record is None else from_milliseconds(record.timestamp)
    return EpochRow(
        number=epoch.number,
        href=f"epochs/{epoch.number}/",
        signed="not known" if signed is None else date_text(signed),
        time="" if signed is None else f"{signed:%H:%M} UTC, ",
        key="not named" if record is None or record.key_id is None else f"{record.key_id:02x}",
        digest="" if record is None else record.digest.hex(),
        coverage=epoch_coverage(context.checked, epoch.number, context.titles),
        status=status,
        status_label=STATUS_WORDS[status],
    )


def _partial(selection: Selection) -> str | None:
    if selection.everything:
        return None
    return (
        f"This log has more than {ALL_UP_TO} epochs, so {len(selection.epochs)} of its {selection.total} epochs have a"
        f" page and a line here: the newest {NEWEST}, the first one, and every one with evidence, changed keys or"
        " findings (of one kind of finding, the first hundred). The records of all of them are published, and were"
        " looked at."
    )


def _keys(context: LogContext) -> Iterator[LogKeyRow]:
    checked = context.checked
    info = checked.log.store.latest(None, Resource.INFO)
    advertised = advertised_keys(None if info is None else info.body)
    for key in checked.signer.keys:
        use = checked.audit.result.keys.get(key.public_key.hex())
        yield LogKeyRow(
            anchor=f"{checked.trust.kind.value}-{checked.signer.id}-{key.key_id}",
            public_key=key.public_key.hex(),
            since=date_text(from_milliseconds(key.not_before)),
            signed="no record"
            if use is None
            else f"{count_text(use.records, 'record')}, "
            + (f"epochs {use.first} to {use.last}" if use.records > 1 else f"epoch {use.first}"),
            advertised="yes" if key.public_key in advertised else "no" if advertised else "not known",
        )


def _coverage(context: LogContext) -> str:
    matched = context.checked.reconciliation
    explained = len({item.epoch for item in matched.explained})
    logged = sum(1 for item in _evidence(context) if item.status == "match")
    return (
        f"{explained} of {count_text(matched.epochs, 'logged epoch')} "
        f"{'is' if explained == 1 else 'are'} explained by published evidence;"
        f" {logged} of {count_text(matched.deployments, 'published deployment')} {'is' if logged == 1 else 'are'}"
        " found in the log."
    )


def _evidence(context: LogContext) -> Iterator[EvidenceRow]:
    checked = context.checked
    for item in sorted(checked.published, key=lambda item: (item.epoch, item.id), reverse=True):
        status, text = evidence_coverage(checked, item.id, item.epoch)
        yield EvidenceRow(
            id=item.id, title=context.titles.get(item.id, item.id), epoch=item.epoch,
            announced=date_text(item.deployed_at), status=status, text=text,
        )  # fmt: skip


def _origins(context: LogContext) -> tuple[str, ...]:
    """Where the records that have a page came from, each place once, without the paths of the API."""
    found = {epoch.answer.origin.partition(NAMESPACES)[0].rstrip(", ") for epoch in context.epochs}
    return tuple(sorted(found))
