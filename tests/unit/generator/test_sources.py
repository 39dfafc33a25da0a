"""Reading evidence from disk."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from generator.errors import BuildError
from generator.sources import read_folder, read_sources
from tests.unit.generator.conftest import EVIDENCE, bare_evidence

ID = "rehearsal-messenger-2025"


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = bare_evidence(tmp_path / "evidence")
    shutil.copytree(EVIDENCE / "deployments" / ID, folder / "deployments" / ID)
    return folder


def test_files_are_taken_byte_for_byte(evidence: Path) -> None:
    (source,) = read_sources(evidence).deployments
    for path, data in source.files.items():
        assert data == (EVIDENCE / "deployments" / ID / path).read_bytes()
    assert len(source.files) == sum(1 for path in (EVIDENCE / "deployments" / ID).rglob("*") if path.is_file())


def test_hidden_files_are_no_evidence(evidence: Path) -> None:
    (evidence / "deployments" / ID / ".DS_Store").write_bytes(b"x")
    (evidence / "deployments" / ".git").mkdir()
    assert ".DS_Store" not in read_sources(evidence).deployments[0].files


def test_links_are_refused(evidence: Path) -> None:
    (evidence / "deployments" / ID / "more.txt").symlink_to(evidence / "trust" / "trust.json")
    with pytest.raises(BuildError, match="symbolic link"):
        read_sources(evidence)


def test_a_folder_has_the_name_of_its_deployment(evidence: Path) -> None:
    (evidence / "deployments" / ID).rename(evidence / "deployments" / "other")
    with pytest.raises(BuildError, match=f"the folder other holds the deployment {ID}"):
        read_sources(evidence)


def test_an_announcement_that_cannot_be_read_stops_the_build(evidence: Path) -> None:
    path = evidence / "deployments" / ID / "deployment.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "colour": "green"}))
    with pytest.raises(BuildError, match="colour"):
        read_sources(evidence)


@pytest.mark.parametrize("missing", ["trust", "procedure"])
def test_trust_and_procedure_must_be_there(evidence: Path, missing: str) -> None:
    shutil.rmtree(evidence / missing)
    with pytest.raises(BuildError, match=missing):
        read_sources(evidence)


def test_evidence_without_deployments_is_evidence(tmp_path: Path) -> None:
    assert read_sources(bare_evidence(tmp_path / "evidence")).deployments == ()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="nowhere"):
        read_folder(tmp_path / "nowhere")
