"""All files of a site, by path: pages, raw evidence, downloads, and what web servers need."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import vaultproof
from generator.checking import Checked
from generator.downloads import archive, sha256sums, site_manifest
from generator.output import MARKER
from generator.pages.deployment import DeploymentContext, deployment_page
from generator.pages.frame import Assets
from generator.pages.front import front_page
from generator.pages.member import member_pages
from generator.pages.not_found import not_found_page
from generator.pages.procedure import procedure_page
from generator.pages.trust import trust_page
from generator.rendering import Renderer
from generator.signer_log.checking import CheckedLog
from generator.signer_log.files import log_contexts, log_files
from generator.signer_log.views import LogContext
from generator.sources import Sources
from vaultproof.evidence.files import Files
from vaultproof.procedure.document import Procedure
from verifier_web.headers import RAW_FOLDER, headers_file

TRUST_DATA = "data/trust/"
PROCEDURE_DATA = "data/procedure/"
SCHEMA_DATA = "data/schema/"
SCHEMAS = Path(vaultproof.__file__).parent / "schema"
SITE_FILES_SCHEMA = "vaultproof/site-files@1"
ROBOTS = b"User-agent: *\nAllow: /\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteInputs:
    """Everything a site is made from, already read and checked."""

    sources: Sources
    checked: Sequence[Checked]
    logs: Sequence[CheckedLog]
    clock: datetime
    assets: Assets
    asset_files: Mapping[str, bytes]
    renderer: Renderer
    base_path: str
    service: bool = False


def site_files(inputs: SiteInputs) -> dict[str, bytes]:
    """Path to bytes of the whole site; ``site-manifest.json`` lists every other file."""
    files: dict[str, bytes] = dict(inputs.asset_files)
    files.update(_data(inputs.sources))
    logs = log_contexts(inputs.logs, inputs.checked, clock=inputs.clock, assets=inputs.assets)
    for checked in inputs.checked:
        files.update(_deployment(checked, inputs, logs))
    files.update(_pages(inputs, logs))
    files.update(log_files(logs, inputs.renderer))
    files["_headers"] = headers_file().encode("utf-8")
    files["robots.txt"] = ROBOTS
    files[MARKER] = site_manifest(files)
    return files


def _data(sources: Sources) -> Iterator[tuple[str, bytes]]:
    """Trust configuration and procedures exactly as they are, which the browser's check reads, and our schemas."""
    for path, data in sources.trust_files.items():
        yield TRUST_DATA + path, data
    for path, data in sources.procedure_files.items():
        yield PROCEDURE_DATA + path, data
    for schema in sorted(SCHEMAS.glob("*.schema.json")):
        yield SCHEMA_DATA + schema.name, schema.read_bytes()


def _pages(inputs: SiteInputs, logs: Sequence[LogContext]) -> Iterator[tuple[str, bytes]]:
    render, sources = inputs.renderer.render, inputs.sources
    front = front_page(sources, inputs.checked, logs, clock=inputs.clock, assets=inputs.assets)
    yield "index.html", render(front)
    trust = trust_page(sources.trust, data=f"../{TRUST_DATA}", clock=inputs.clock, assets=inputs.assets)
    yield "trust/index.html", render(trust)
    newest = max(sources.procedures)
    for version, procedure in sources.procedures.items():
        yield f"procedure/{version}/index.html", _procedure(procedure, "../../", inputs)
        if version == newest:
            yield "procedure/index.html", _procedure(procedure, "../", inputs)
    missing = not_found_page(base_path=inputs.base_path, clock=inputs.clock, assets=inputs.assets)
    yield "404.html", render(missing)


def _procedure(procedure: Procedure, root: str, inputs: SiteInputs) -> bytes:
    page = procedure_page(
        procedure,
        versions=tuple(sorted(inputs.sources.procedures, reverse=True)),
        document=f"{PROCEDURE_DATA}{procedure.version}.md",
        root=root,
        clock=inputs.clock,
        assets=inputs.assets,
    )
    return inputs.renderer.render(page)


def _deployment(checked: Checked, inputs: SiteInputs, logs: Sequence[LogContext]) -> Iterator[tuple[str, bytes]]:
    folder = f"deployments/{checked.id}/"
    files = checked.source.files
    downloads = _downloads(checked)
    context = DeploymentContext(
        sources=inputs.sources,
        others={item.id: item.source for item in inputs.checked},
        clock=inputs.clock,
        assets=inputs.assets,
        raw=RAW_FOLDER,
        downloads=downloads,
        logs=logs,
        service=inputs.service,
    )
    yield folder + "index.html", inputs.renderer.render(deployment_page(checked, context))
    for path, made in member_pages(checked, context):
        yield folder + path, made if isinstance(made, bytes) else inputs.renderer.render(made)
    yield folder + "site-files.json", _site_files(files, inputs.sources)
    for name, (data, _) in downloads.items():
        yield folder + name, data
    for path, data in files.items():
        yield f"{folder}{RAW_FOLDER}/{path}", data


def _downloads(checked: Checked) -> dict[str, tuple[bytes, str]]:
    files = checked.source.files
    return {
        f"{checked.id}.zip": (archive(files), "All files of this deployment; vaultproof verify takes it as it is."),
        "SHA256SUMS": (sha256sums(files), "The digest of every file, for sha256sum."),
        "report.json": (
            checked.report.to_bytes(),
            "What this site's build found, for programs; its schema is data/schema/report.schema.json.",
        ),
    }


def _site_files(files: Files, sources: Sources) -> bytes:
    """The list that the browser's check fetches: which files there are, and how large; relative to the list itself."""
    value = {
        "schema": SITE_FILES_SCHEMA,
        "deployment": _listed(f"{RAW_FOLDER}/", files),
        "trust": _listed(f"../../{TRUST_DATA}", sources.trust_files),
        "procedures": _listed(f"../../{PROCEDURE_DATA}", sources.procedure_files),
    }
    return json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8") + b"\n"


def _listed(base: str, files: Files) -> dict[str, object]:
    return {"base": base, "files": [{"path": path, "size": len(files[path])} for path in sorted(files)]}
