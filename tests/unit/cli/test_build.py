"""``vaultproof build``: the shell around the build."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.unit.cli.conftest import EVIDENCE, Run
from vaultproof.cli.exit_codes import ExitCode

ID = "rehearsal-whatsapp-2025"


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """Evidence with one deployment, which a test may spoil."""
    place = tmp_path / "evidence"
    for name in ("trust", "procedure", f"deployments/{ID}"):
        shutil.copytree(EVIDENCE / name, place / name)
    return place


def build(run: Run, evidence: Path, *options: object) -> tuple[int, str, str]:
    ran = run("build", "--evidence", evidence, "--out", evidence.parent / "site", "--no-runtime", *options)
    return ran.code, ran.out, ran.err


def test_a_site_is_made_with_the_digest_that_verify_gives(run: Run, evidence: Path) -> None:
    code, out, err = build(run, evidence)
    assert (code, err) == (ExitCode.VERIFIED, "")
    digest = json.loads(run("verify", evidence / "deployments" / ID, "--format", "json").out)["report_digest"]
    assert out.splitlines()[0] == f"{ID}: verified, report digest {digest}"
    assert (evidence.parent / "site" / "index.html").is_file()


def test_the_moment_of_the_check_can_be_given(run: Run, evidence: Path) -> None:
    assert "checked as of 2026-12-01T00:00:00Z" in build(run, evidence, "--at", "2026-12-01T00:00:00Z")[1]


def test_what_is_contradicted_is_not_published(run: Run, evidence: Path) -> None:
    with (evidence / "deployments" / ID / "statement.md").open("ab") as statement:
        statement.write(b"!")
    code, out, err = build(run, evidence)
    assert (code, out) == (ExitCode.CONTRADICTED, "")
    assert err.startswith("vaultproof: not published, because this does not verify:\n")
    assert "vaultproof: hint: mend the evidence" in err
    assert not (evidence.parent / "site").exists()


def test_what_could_not_be_checked_is_not_published(run: Run, evidence: Path) -> None:
    (evidence / "deployments" / ID / "manifest.json").unlink()
    assert build(run, evidence)[0] == ExitCode.COULD_NOT_CHECK
    assert not (evidence.parent / "site").exists()


def test_what_fails_is_published_as_failing_when_it_is_named(run: Run, evidence: Path) -> None:
    with (evidence / "deployments" / ID / "statement.md").open("ab") as statement:
        statement.write(b"!")
    code, out, _ = build(run, evidence, "--publish-failing", ID)
    assert code == ExitCode.VERIFIED
    assert out.splitlines()[0].endswith("PUBLISHED AS FAILING")


@pytest.mark.parametrize(
    ("options", "told"),
    [(("--publish-failing", "nope"), "there is no deployment nope"), (("--publish-failing", ID), "verifies, so it")],
)
def test_what_cannot_be_built_says_why(run: Run, evidence: Path, options: tuple[str, ...], told: str) -> None:
    code, out, err = build(run, evidence, *options)
    assert (code, out) == (ExitCode.COULD_NOT_CHECK, "")
    assert err.startswith("vaultproof: ")
    assert told in err


def test_a_folder_that_is_not_there_says_so(run: Run, tmp_path: Path) -> None:
    assert build(run, tmp_path / "nowhere")[0] == ExitCode.COULD_NOT_CHECK


def test_without_pyodide_the_way_out_is_told(run: Run, evidence: Path) -> None:
    ran = run("build", "--evidence", evidence, "--out", evidence.parent / "site", "--node-modules", evidence)
    assert (ran.code, ran.out) == (ExitCode.COULD_NOT_CHECK, "")
    assert "hint: --no-runtime builds pages without the check in the browser" in ran.err
    assert not (evidence.parent / "site").exists()


def test_a_log_that_does_not_hold_is_not_published_unless_it_is_named(run: Run, evidence: Path) -> None:
    """Without the deployments of its epochs, nothing explains them."""
    shutil.copytree(EVIDENCE / "signer-log", evidence / "signer-log")
    namespace = "rehearsal.encrypted_backups.fleet_keys.v1"
    code, out, err = build(run, evidence)
    assert (code, out) == (ExitCode.COULD_NOT_CHECK, "")
    assert f"{namespace}: incomplete" in err
    assert "epoch-without-evidence: Epoch 1: This epoch was logged" in err
    code, out, err = build(run, evidence, "--publish-failing", namespace)
    assert (code, err) == (ExitCode.VERIFIED, "")
    assert f"{namespace}: incomplete, 3 epochs of the signer's log  PUBLISHED AS FAILING" in out.splitlines()
