"""The build: a function of evidence, trust, procedure, templates, a clock and the browser's runtime.

The same inputs give the same bytes, in any folder and on any machine: nothing here asks for the time (``clock``), for
the order of a folder, for a locale or for a name of this computer.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from generator.assets import site_assets
from generator.checking import Checked, build_engine, check_all
from generator.clock import build_clock
from generator.folders import templates_folder
from generator.output import MARKER, write_tree
from generator.pages.frame import LOG_FOLDER, log_entry
from generator.rendering import make_renderer
from generator.signer_log.checking import OUTCOMES, CheckedLog, check_logs
from generator.signer_log.opened import SIGNER_LOG, OpenLog, open_logs
from generator.site import SiteInputs, site_files
from generator.sources import Sources, read_sources
from verifier_web.packing.manifest import RuntimeManifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One deployment of a built site: its page (relative to the site), verdict, report digest, and whether it fails."""

    id: str
    page: str
    outcome: str
    report_digest: str
    failing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedLog:
    """A copy of the signer's log in a built site: its page, the audit's outcome, its epochs, and whether it fails."""

    namespace: str
    page: str
    outcome: str
    epochs: int
    failing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSummary:
    """What a build made: where, as of when, how many files and bytes, and each deployment and copy of a log in it."""

    out: Path
    clock: datetime
    files: int
    size: int
    deployments: tuple[Published, ...]
    logs: tuple[PublishedLog, ...] = ()


def build_site(
    *,
    evidence: Path,
    out: Path,
    templates: Path | None = None,
    clock: datetime | None = None,
    publish_failing: Collection[str] = frozenset(),
    runtime: RuntimeManifest | None = None,
    runtime_folder: Path | None = None,
    engine: Mapping[str, str] | None = None,
    base_path: str = "/",
    service: bool = False,
) -> BuildSummary:
    """Check every deployment and copy of a log under ``evidence`` and write their site to ``out``, all at once.

    ``templates`` is a folder of templates (the project's own when None); ``clock`` the one "now" of the build (by
    default ``SOURCE_DATE_EPOCH`` where it is set, else the newest date in the evidence); ``publish_failing`` names
    deployments, and namespaces of logs, that are published although they do not verify; ``runtime`` is what the browser
    loads, whose files lie in ``runtime_folder`` (None: pages offer no check in the browser); ``engine`` is what reports
    say about what ran; ``base_path`` is where the site will be hosted below its host, for the one page that stands at
    no fixed depth; ``service`` has pages lead to the check of the service that will serve this site.

    Raises ``PublicationRefusedError`` when one of them does not verify and is not named, and ``BuildError`` for
    everything else that stops a build; ``out`` is then as it was.
    """
    sources = read_sources(evidence)
    folder = templates if templates is not None else templates_folder()
    assets, asset_files = site_assets(folder, runtime, runtime_folder)
    with open_logs(evidence / SIGNER_LOG) as opened:
        moment = clock if clock is not None else build_clock(os.environ, _dates(sources, opened))
        namespaces = {log.namespace for log in opened}
        assets = replace(assets, log=log_entry(sorted(namespaces)))
        failing = set(publish_failing)
        checked = check_all(
            sources, clock=moment, engine=build_engine() if engine is None else engine,
            publish_failing=failing - namespaces,
        )  # fmt: skip
        logs = check_logs(opened, sources, checked, clock=moment, publish_failing=failing & namespaces)
        files = site_files(
            SiteInputs(
                sources=sources,
                checked=checked,
                logs=logs,
                clock=moment,
                assets=assets,
                asset_files=asset_files,
                renderer=make_renderer(folder),
                base_path=base_path,
                service=service,
            )
        )
        published_logs = tuple(_published_log(item) for item in logs)
    write_tree(out, files)
    return BuildSummary(
        out=out,
        clock=moment,
        files=len(files),
        size=sum(map(len, files.values())),
        deployments=tuple(_published(item) for item in checked),
        logs=published_logs,
    )


def _dates(sources: Sources, logs: Sequence[OpenLog]) -> tuple[datetime, ...]:
    """The dates that the evidence carries, and those of the copies of logs."""
    return (*sources.dates, *(log.copied_at for log in logs))


def _published_log(checked: CheckedLog) -> PublishedLog:
    return PublishedLog(
        namespace=checked.namespace,
        page=f"{LOG_FOLDER}/{checked.namespace}/index.html",
        outcome=OUTCOMES[checked.conclusion],
        epochs=checked.audit.result.count,
        failing=checked.failing,
    )


def _published(checked: Checked) -> Published:
    return Published(
        id=checked.id,
        page=f"deployments/{checked.id}/index.html",
        outcome=checked.report.verdict.outcome.value,
        report_digest=checked.report.digest,
        failing=checked.failing,
    )


__all__ = ["MARKER", "BuildSummary", "Published", "PublishedLog", "build_site"]
