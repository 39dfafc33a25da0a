"""What the generator's tests share: the committed evidence, a site built from it, and one of deployments that fail."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from generator.build import BuildSummary, build_site
from generator.checking import Checked, check_all
from generator.clock import build_clock
from generator.rehearsal.options import RehearsalOptions
from generator.rehearsal.rehearsing import rehearse
from generator.rehearsal.signer import NAMESPACE
from generator.signer_log.checking import CheckedLog, check_logs
from generator.signer_log.opened import open_logs
from generator.sources import Sources, read_sources
from tests.unit.generator.planted_log import everything, log_evidence, plant_copy
from verifier_web.headers import is_log_api

ROOT = Path(__file__).parents[3]
EVIDENCE = ROOT / "evidence"
TEMPLATES = ROOT / "templates"
ENGINE = {"name": "vaultproof build", "version": "0"}
FAILING = {"rehearsal-debug": "attestation-debug-enabled", "rehearsal-unconfirmed": "counter-signature-missing"}
"""Deployments of the failing site: one that is contradicted, one that is incomplete."""


@dataclass(frozen=True)
class Site:
    """A built site: its folder, what the build said of it, and its pages as text."""

    folder: Path
    summary: BuildSummary

    @cached_property
    def pages(self) -> dict[str, str]:
        """Path of every page to its HTML; answers of the log are none, whatever their files are called."""
        found = {path.relative_to(self.folder).as_posix(): path for path in sorted(self.folder.rglob("*.html"))}
        return {name: path.read_text("utf-8") for name, path in found.items() if not is_log_api(f"/{name}")}

    @property
    def deployment_pages(self) -> dict[str, str]:
        """Id of every deployment to the HTML of its page."""
        return {item.id: self.pages[item.page] for item in self.summary.deployments}


def plant(evidence: Path, id: str, fault: str | None) -> None:
    """Make a rehearsal in a folder of evidence; ``fault`` is planted in it."""
    made = rehearse(RehearsalOptions(seed=id, id=id, fault=fault))
    for path, data in made.items():
        place = evidence / "deployments" / id / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def bare_evidence(folder: Path) -> Path:
    """A folder of evidence with trust configuration and procedure, and no deployment yet."""
    for name in ("trust", "procedure"):
        shutil.copytree(EVIDENCE / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def sources() -> Sources:
    """The committed evidence."""
    return read_sources(EVIDENCE)


@pytest.fixture(scope="session")
def checked(sources: Sources) -> dict[str, Checked]:
    """Every committed deployment with its report, by id."""
    clock = build_clock({}, sources.dates)
    return {item.id: item for item in check_all(sources, clock=clock, engine=ENGINE, publish_failing=())}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The committed evidence as a site, without the browser's runtime."""
    folder = tmp_path_factory.mktemp("site") / "out"
    return Site(folder, build_site(evidence=EVIDENCE, out=folder, engine=ENGINE))


@pytest.fixture(scope="session")
def failing_evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Evidence of deployments that do not verify."""
    evidence = bare_evidence(tmp_path_factory.mktemp("failing") / "evidence")
    for id, fault in FAILING.items():
        plant(evidence, id, fault)
    return evidence


@pytest.fixture(scope="session")
def failing_site(failing_evidence: Path) -> Site:
    """Deployments that do not verify, published as failing."""
    folder = failing_evidence.parent / "out"
    return Site(folder, build_site(evidence=failing_evidence, out=folder, publish_failing=FAILING, engine=ENGINE))


@pytest.fixture(scope="session")
def log_site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A copy of the log with one of everything planted in it, published as failing, with its deployments."""
    folder = tmp_path_factory.mktemp("log")
    evidence = plant_copy(log_evidence(folder / "evidence"), everything())
    summary = build_site(evidence=evidence, out=folder / "out", publish_failing={NAMESPACE}, engine=ENGINE)
    return Site(folder / "out", summary)


@pytest.fixture(scope="session")
def checked_log(sources: Sources, checked: dict[str, Checked]) -> Iterator[CheckedLog]:
    """The committed copy of the rehearsals' log, audited."""
    with open_logs(EVIDENCE / "signer-log") as logs:
        clock = build_clock({}, sources.dates)
        (found,) = check_logs(logs, sources, list(checked.values()), clock=clock, publish_failing=())
        yield found
