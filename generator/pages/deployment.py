"""The permanent page of one deployment."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from urllib.parse import quote

from markupsafe import Markup

from generator.changes import Changes, changes_since
from generator.checking import Checked
from generator.clock import midnight
from generator.commands import CommandBlock, commands_for, steps_without_commands
from generator.formatting import count_text, date_text, list_text, size_text, time_text
from generator.markup import to_html
from generator.matrix import Matrix, fleet_matrix, key_holders
from generator.pages.failing import Failing, failing_view
from generator.pages.frame import Assets, Frame, make_frame
from generator.pages.log_links import LogLink, log_link
from generator.pages.names import DISTRIBUTIONS, FILE_ORIGINS, operator_name, product_name
from generator.picture import Picture, trust_picture
from generator.qr import qr_svg
from generator.signer_log.views import LogContext
from generator.sources import DeploymentSource, Sources
from vaultproof.errors import VaultproofError
from vaultproof.evidence.deployment import Deployment
from vaultproof.evidence.files import FLEET_KEYS, Files, sha256_hex
from vaultproof.evidence.fleet_keys import FleetKey, read_fleet_keys
from vaultproof.evidence.manifest import describe
from vaultproof.presentation.view import StepView, VerdictView, step_view, verdict_view
from vaultproof.presentation.words import Words
from vaultproof.procedure.document import Plan, Procedure
from vaultproof.report import Report, Scope

STATEMENT = "statement.md"
ROOT = "../../"
READERS_STEPS = frozenset({"your-app"})
"""Steps that no command could repeat: they are the reader's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCard:
    """One fleet key: role, fingerprint (hex) with its words and QR code, the key itself, and the HSMs that attest it.

    ``holders`` is None where the step about keys found none, or was not evaluated.
    """

    role: str
    fingerprint: str
    words: tuple[str, ...]
    base64: str
    holders: str | None
    qr: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One published file; ``href`` is relative to the page, ``size`` text."""

    path: str
    href: str
    size: str
    origin: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """One file made for readers to take away; ``href`` is relative to the page."""

    name: str
    href: str
    size: str
    sha256: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Another deployment that this one is linked with."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentPage:
    """Everything that ``deployment.html`` shows.

    ``verdict`` and ``steps`` are those of the build's own run, ``checked`` its instant and ``engine`` what ran;
    ``open_step`` is the step to open at once (None when all went well); ``transfer`` says how much the browser's check
    downloads (None where this site has none); ``service`` leads to the check on the server that serves the site (None
    where none does); ``commands_missing`` names the steps without commands;
    ``log`` leads to its epoch in a copy of the signer's log, where the site has one.
    """

    TEMPLATE: ClassVar[str] = "deployment.html"

    frame: Frame
    id: str
    title: str
    rehearsal: bool
    failing: Failing | None
    product: str
    operator: str
    members: str
    sites: str
    threshold: int
    deployed: str
    distribution: str
    superseded_by: Neighbour | None
    log: LogLink | None
    verdict: VerdictView
    evidence_words: tuple[str, ...]
    checked: str
    engine: str
    transfer: str | None
    service: str | None
    steps: tuple[StepView, ...]
    open_step: str | None
    procedure_href: str
    procedure_version: str
    procedure_published: str
    picture: Picture
    matrix: Matrix
    keys: tuple[KeyCard, ...]
    changes: Changes | None
    statement: Markup | None
    files: tuple[FileRow, ...]
    files_total: str
    commands: tuple[CommandBlock, ...]
    commands_missing: str | None
    downloads: tuple[Download, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentContext:
    """What the page of a deployment is made from, beside the deployment itself.

    ``others`` are all deployments by id; ``raw`` is the folder of the raw files beside the page, ``downloads`` the
    files to take away by name, with a sentence about each; ``service`` says that the service will serve the site.
    """

    sources: Sources
    others: Mapping[str, DeploymentSource]
    clock: datetime
    assets: Assets
    raw: str
    downloads: Mapping[str, tuple[bytes, str]]
    logs: Sequence[LogContext]
    service: bool = False


def deployment_page(checked: Checked, context: DeploymentContext) -> DeploymentPage:
    """The model of one deployment's page."""
    source, report = checked.source, checked.report
    announced, files = source.announcement, source.files
    procedure = context.sources.procedures[report.procedure_version]
    plan = procedure.plan(announced.distribution)
    words = Words(procedure, plan, rehearsal=announced.rehearsal)
    trust = context.sources.trust.select(rehearsal=announced.rehearsal)
    steps = tuple(step_view(procedure.steps[result.id], result, words) for result in report.steps)
    verdict = verdict_view(report, words)
    rehearsal = report.verdict.scope is Scope.REHEARSAL
    published = published_keys(files)
    commands = commands_for(files, announced, trust)
    return DeploymentPage(
        frame=make_frame(
            title=announced.title,
            description=verdict.sentence,
            root=ROOT,
            section="deployment",
            clock=context.clock,
            assets=context.assets,
            rehearsal=rehearsal,
            scripts=True,
        ),
        id=announced.id,
        title=announced.title,
        rehearsal=rehearsal,
        failing=failing_view(report, verdict, words) if checked.failing else None,
        product=product_name(announced),
        operator=operator_name(announced, trust),
        members=count_text(len(announced.members), "HSM"),
        sites=count_text(len(announced.sites), "site"),
        threshold=announced.threshold,
        deployed=date_text(announced.deployed_at),
        distribution=DISTRIBUTIONS[announced.distribution],
        superseded_by=_superseded_by(announced, context.others),
        log=log_link(announced.namespace, announced.epoch, announced.rehearsal, context.logs),
        verdict=verdict,
        evidence_words=words.digest_words(report.evidence_digest) if report.evidence_digest else (),
        checked=time_text(context.clock),
        engine=engine_text(report.engine),
        transfer=size_text(context.assets.transfer) if context.assets.entry is not None else None,
        service=f"{ROOT}verify/{announced.id}" if context.service else None,
        steps=steps,
        open_step=report.verdict.first_trouble,
        procedure_href=f"{ROOT}procedure/{procedure.version}/",
        procedure_version=procedure.version,
        procedure_published=date_text(midnight(procedure.published)),
        picture=trust_picture(announced, trust, steps, keys=len(published)),
        matrix=fleet_matrix(report, announced, words),
        keys=key_cards(published, report, words),
        changes=_changes(announced, published, context.others),
        statement=_statement(files),
        files=tuple(_file_row(path, files[path], context.raw) for path in sorted(files)),
        files_total=f"{count_text(len(files), 'file')}, {size_text(sum(map(len, files.values())))}",
        commands=commands,
        commands_missing=_missing(procedure, plan, commands),
        downloads=tuple(_download(name, data, about) for name, (data, about) in context.downloads.items()),
    )


def engine_text(engine: Mapping[str, str]) -> str:
    """What ran, in one phrase: its name first, then the parts with their versions."""
    parts = [f"{name} {version}" for name, version in engine.items() if name not in ("name", "version")]
    name = f"{engine.get('name', 'an unnamed engine')} {engine.get('version', '')}".strip()
    return f"{name} ({', '.join(parts)})" if parts else name


def published_keys(files: Files) -> tuple[FleetKey, ...]:
    """The keys that the deployment publishes; none where the file is missing or unreadable (a step says which)."""
    try:
        return read_fleet_keys(files[FLEET_KEYS]).keys if FLEET_KEYS in files else ()
    except VaultproofError:
        return ()


def _superseded_by(announced: Deployment, others: Mapping[str, DeploymentSource]) -> Neighbour | None:
    for other in others.values():
        if other.announcement.supersedes == announced.id and other.announcement.rehearsal == announced.rehearsal:
            return Neighbour(id=other.id, title=other.announcement.title)
    return None


def _changes(
    announced: Deployment, keys: tuple[FleetKey, ...], others: Mapping[str, DeploymentSource]
) -> Changes | None:
    """None where nothing is superseded, or the superseded deployment is not published here."""
    previous = others.get(announced.supersedes or "")
    if previous is None:
        return None
    return changes_since(previous.announcement, published_keys(previous.files), announced, keys)


def _statement(files: Files) -> Markup | None:
    if STATEMENT not in files:
        return None
    return to_html(files[STATEMENT].decode("utf-8", errors="replace"), shift=2)


def key_cards(keys: tuple[FleetKey, ...], report: Report, words: Words) -> tuple[KeyCard, ...]:
    """A card for each of the keys, with the HSMs that a report found to hold it."""
    holders = key_holders(report)
    return tuple(_key_card(key, holders.get(key.fingerprint, ()), words) for key in keys)


def _key_card(key: FleetKey, holders: tuple[str, ...], words: Words) -> KeyCard:
    return KeyCard(
        role=key.role,
        fingerprint=key.fingerprint,
        words=words.digest_words(key.fingerprint),
        base64=base64.b64encode(key.key).decode("ascii"),
        holders=list_text(holders) or None,
        qr=qr_svg(key.fingerprint, title=f"QR code of the fingerprint {key.fingerprint}"),
    )


def _file_row(path: str, data: bytes, raw: str) -> FileRow:
    entry = describe(path, data)
    return FileRow(
        path=path,
        href=f"{raw}/{quote(path)}",
        size=size_text(entry.size),
        origin=FILE_ORIGINS.get(entry.origin, entry.origin),
        sha256=entry.sha256,
    )


def _download(name: str, data: bytes, about: str) -> Download:
    return Download(name=name, href=name, size=size_text(len(data)), sha256=sha256_hex(data), about=about)


def _missing(procedure: Procedure, plan: Plan, commands: tuple[CommandBlock, ...]) -> str | None:
    ids = [id for id in steps_without_commands(plan.order, commands) if id not in READERS_STEPS]
    titles = tuple(procedure.steps[id].title for id in ids)
    return f"No commands are printed for {list_text(titles)}: read those files, or use a verifier." if titles else None
