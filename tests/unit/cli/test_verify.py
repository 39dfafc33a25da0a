"""``vaultproof verify``: genuine deployments, planted faults, and what it prints of them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from generator.rehearsal import RehearsalOptions, rehearse
from tests.unit.cli.conftest import EVIDENCE, Run
from vaultproof._version import __version__
from vaultproof.archive import write_stored_zip
from vaultproof.cli.check import check
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.report_text import MOST_SUBSTEPS, print_report
from vaultproof.cli.sources import load_folder, load_procedures
from vaultproof.report import Fact, Origin, Status, Substep

DEPLOYMENTS = sorted((EVIDENCE / "deployments").iterdir())


def planted(fault: str, folder: Path, **options: object) -> Path:
    """A rehearsal with a fault, on disk."""
    folder.mkdir()
    files = rehearse(RehearsalOptions(seed="cli", id="rehearsal-cli", members=3, sites=1, fault=fault, **options))  # type: ignore[arg-type] # options of any type
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


# --- what holds -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", DEPLOYMENTS, ids=lambda folder: folder.name)
def test_each_committed_deployment_verifies_and_says_what_it_is(run: Run, folder: Path) -> None:
    ran = run("verify", folder)
    assert (ran.code, ran.err) == (ExitCode.VERIFIED, "")
    assert ran.out.startswith(f"REHEARSAL  {folder.name}, procedure 2026-11, checked as of ")
    assert "\nREHEARSAL: Verified\nREHEARSAL: all " in ran.out


def test_folder_archive_and_standard_input_are_one_report(run: Run, over_the_air: Path, tmp_path: Path) -> None:
    archive = write_stored_zip(load_folder(over_the_air))
    (tmp_path / "deployment.zip").write_bytes(archive)
    common = ["--format", "json", "--at", "2026-11-22T12:00:00Z"]
    folder = run("verify", over_the_air, *common)
    assert folder.code == ExitCode.VERIFIED
    assert run("verify", tmp_path / "deployment.zip", *common) == folder
    assert run("verify", "-", *common, stdin=archive) == folder


def test_json_is_the_report_and_nothing_else(run: Run, over_the_air: Path) -> None:
    ran = run("verify", over_the_air, "--format", "json", "--at", "2026-11-22T12:00:00Z")
    value = json.loads(ran.out)
    assert value["clock"] == "2026-11-22T12:00:00Z"
    assert value["engine"].keys() == {"name", "python", "vaultproof", "crypto"}
    assert value["engine"]["vaultproof"] == __version__
    assert value["engine"]["crypto"].startswith("cryptography ")
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert ran.out == canonical + "\n"


def test_text_shows_the_verdict_both_lists_and_the_digests(run: Run, over_the_air: Path) -> None:
    report = check(over_the_air)
    out = run("verify", over_the_air).out
    lines = out.splitlines()
    assert "It establishes:" in lines
    assert "It does not establish:" in lines
    assert "  - That the HSMs' maker or its firmware has no fault." in lines
    assert "For the keys in this verdict to be wrong, one of these would have to lie or be broken:" in out
    assert f"Evidence digest  {report.evidence_digest}" in lines
    assert f"Report digest    {report.digest}" in lines
    words = out.split("  in words")[1].split("Checked on")[0].split()
    assert len(words) == 32


def test_each_step_is_one_line_in_the_procedures_order(run: Run, over_the_air: Path) -> None:
    report = check(over_the_air)
    steps = run("verify", over_the_air).out.split("\n\n")[1].splitlines()
    assert [int(line[:2]) for line in steps] == [step.number for step in report.steps]
    assert steps[0] == " 1  Published files          Matches"
    assert steps[10] == "11  Evidence log             Not published for this deployment.  (not required)"


def test_the_digest_you_were_given_may_be_in_upper_case(run: Run, over_the_air: Path) -> None:
    digest = check(over_the_air).evidence_digest or ""
    assert run("verify", over_the_air, "--evidence-digest", digest.upper()).code == ExitCode.VERIFIED


# --- what does not --------------------------------------------------------------------------------------------------


def test_another_digest_than_the_one_you_were_given_is_a_contradiction(run: Run, over_the_air: Path) -> None:
    ran = run("verify", over_the_air, "--evidence-digest", "00" * 32)
    assert ran.code == ExitCode.CONTRADICTED
    assert "[opened/other-evidence]" in ran.out


@pytest.mark.parametrize(
    ("fault", "code", "step"),
    [
        ("file-changed", ExitCode.CONTRADICTED, 1),
        ("manifest-missing", ExitCode.COULD_NOT_CHECK, 1),
        ("announcement-unreadable", ExitCode.CONTRADICTED, 1),
        ("signer-bad-signature", ExitCode.CONTRADICTED, 3),
        ("counter-signature-missing", ExitCode.COULD_NOT_CHECK, 4),
        ("attestation-debug-enabled", ExitCode.CONTRADICTED, 7),
        ("ceremony-missing", ExitCode.COULD_NOT_CHECK, 10),
    ],
)
def test_a_planted_fault_is_told_at_its_step(run: Run, tmp_path: Path, fault: str, code: int, step: int) -> None:
    folder = planted(fault, tmp_path / "planted")
    ran = run("verify", folder)
    assert (ran.code, ran.err) == (code, "")
    assert f"\nStep {step}: " in ran.out
    assert "Verified" not in ran.out
    assert json.loads(run("verify", folder, "--format", "json").out)["verdict"]["outcome"] != "verified"


def test_the_first_trouble_is_told_with_expected_found_origin_and_file(run: Run, tmp_path: Path) -> None:
    out = run("verify", planted("attestation-debug-enabled", tmp_path / "planted")).out
    trouble = out.split("\nStep 7: ")[1].split("\nREHEARSAL: Contradicted")[0]
    assert "[debug/debug-differs]" in trouble
    assert "(signed by the HSM's maker or device, in attestations/hsm-" in trouble
    assert "        expected  disabled\n        found     enabled\n" in trouble


def test_many_troubles_are_cut_and_counted(run: Run, copied: Path) -> None:
    for number in range(MOST_SUBSTEPS + 5):
        (copied / f"more-{number:02}.txt").write_bytes(b"")
    out = run("verify", copied).out
    told = [line for line in out.splitlines() if "[file/file-not-listed]" in line]
    assert len(told) == MOST_SUBSTEPS
    assert "more like these; --step and --format json show all of them" in out


def test_hidden_files_are_files(run: Run, copied: Path) -> None:
    (copied / ".DS_Store").write_bytes(b"\0")
    ran = run("verify", copied)
    assert ran.code == ExitCode.CONTRADICTED
    assert ".DS_Store" in ran.out


def test_evidence_cannot_steer_the_terminal(over_the_air: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The readers let no such text through; should one ever, it still does not reach the terminal."""
    evil = "\x1b[2J\u202eevil\u009b31m"
    report = check(over_the_air)
    fact = Fact(label=evil, found=evil, expected=evil + "x", origin=Origin.COMPUTED, file=evil)
    part = Substep(id="files", status=Status.MISMATCH, code="differs", subject=evil, facts=(fact,))
    first = replace(report.steps[0], status=Status.MISMATCH, substeps=(part,))
    verdict = replace(report.verdict, first_trouble="files")
    print_report(
        replace(report, deployment=evil, steps=(first, *report.steps[1:]), verdict=verdict),
        load_procedures()["2026-11"],
    )
    out = capsys.readouterr().out
    assert {"\x1b", "\u202e", "\u009b"} & set(out) == set()
    assert "found     \\x1b[2J\\u202eevil\\x9b31m\n" in out


def test_a_name_in_an_error_cannot_steer_the_terminal(run: Run) -> None:
    ran = run("verify", "\u202eevil\u009b31m\n")
    assert ran.code == ExitCode.COULD_NOT_CHECK
    assert {"\u202e", "\u009b"} & set(ran.err) == set()


# --- one step -------------------------------------------------------------------------------------------------------


def test_one_step_is_shown_in_full_and_decides_alone(run: Run, tmp_path: Path) -> None:
    folder = planted("ceremony-chain-broken", tmp_path / "planted")
    attestation = run("verify", folder, "--step", "attestation")
    assert attestation.code == ExitCode.VERIFIED
    assert "7  Makers' attestations  Matches" in attestation.out
    assert "Ceremony" not in attestation.out
    assert "REHEARSAL: " not in attestation.out
    assert "the verdict is about all that are required" in attestation.out
    assert run("verify", folder, "--step", "ceremony").code == ExitCode.CONTRADICTED
    assert run("verify", folder).code == ExitCode.CONTRADICTED


def test_one_step_hides_no_part_of_it(run: Run, tmp_path: Path) -> None:
    folder = planted("attestation-debug-enabled", tmp_path / "planted")
    ran = run("verify", folder, "--step", "attestation")
    assert ran.code == ExitCode.CONTRADICTED
    parts = sum(len(step.substeps) for step in check(folder).steps if step.id == "attestation")
    assert sum(line.startswith("  - ") and line.endswith("]") for line in ran.out.splitlines()) == parts
    assert "found     enabled" in ran.out


@pytest.mark.parametrize("step", ["evidence-log", "your-app"])
def test_a_step_that_came_to_nothing_is_no_pass(run: Run, over_the_air: Path, step: str) -> None:
    assert run("verify", over_the_air, "--step", step).code == ExitCode.COULD_NOT_CHECK


def test_a_withheld_step_is_no_pass(run: Run, tmp_path: Path) -> None:
    folder = planted("artifact-swapped", tmp_path / "planted")
    ran = run("verify", folder, "--step", "signer")
    assert ran.code == ExitCode.COULD_NOT_CHECK
    assert "Not evaluated, because step 2 (Signed digest) did not match." in ran.out


def test_json_of_one_step_is_the_whole_report(run: Run, over_the_air: Path) -> None:
    at = ["--at", "2026-11-22T12:00:00Z", "--format", "json"]
    one = run("verify", over_the_air, "--step", "evidence-log", *at)
    assert one.code == ExitCode.COULD_NOT_CHECK
    assert one.out == run("verify", over_the_air, *at).out


# --- trust ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def own_trust(tmp_path: Path) -> Path:
    """A copy of the trust configuration that a test may change."""
    return Path(shutil.copytree(EVIDENCE / "trust", tmp_path / "trust"))


def test_the_same_trust_from_elsewhere_is_the_same_report(run: Run, over_the_air: Path, own_trust: Path) -> None:
    at = ["--at", "2026-11-22T12:00:00Z", "--format", "json"]
    assert run("verify", over_the_air, "--trust", own_trust, *at) == run("verify", over_the_air, *at)


def test_without_the_operators_key_it_could_not_be_checked(run: Run, over_the_air: Path, own_trust: Path) -> None:
    place = own_trust / "rehearsal/trust.json"
    value = json.loads(place.read_text())
    value["operators"][0]["keys"] = []
    place.write_text(json.dumps(value))
    ran = run("verify", over_the_air, "--trust", own_trust)
    assert ran.code == ExitCode.COULD_NOT_CHECK
    assert "REHEARSAL: Incomplete" in ran.out


def test_rehearsals_do_not_verify_under_real_roots(run: Run, copied: Path, own_trust: Path) -> None:
    """A rehearsal that leaves out that it is one is judged as a real deployment, and real roots know nothing of it."""
    text = (copied / "deployment.json").read_text()
    (copied / "deployment.json").write_text(text.replace('"rehearsal": true', '"rehearsal": false'))
    ran = run("verify", copied)
    assert ran.code == ExitCode.CONTRADICTED
    assert "REHEARSAL:" not in ran.out


def test_a_trust_configuration_that_cannot_be_used_says_nothing_of_the_evidence(
    run: Run, over_the_air: Path, own_trust: Path
) -> None:
    (own_trust / "trust.json").write_text("{")
    for place, hint in ((own_trust, "trust.json: not JSON"), (own_trust / "nowhere", "cannot be read")):
        ran = run("verify", over_the_air, "--trust", place)
        assert (ran.code, ran.out) == (ExitCode.COULD_NOT_CHECK, "")
        assert ran.err.startswith(f"vaultproof: the trust configuration in {place} cannot be used: ")
        assert hint in ran.err


# --- bad inputs -----------------------------------------------------------------------------------------------------


def test_what_is_no_deployment_could_not_be_checked(run: Run, tmp_path: Path) -> None:
    ran = run("verify", tmp_path)
    assert (ran.code, ran.out) == (ExitCode.COULD_NOT_CHECK, "")
    assert "vaultproof: hint: give the folder or zip of one deployment" in ran.err


def test_an_archive_that_is_damaged_is_refused_with_its_place(run: Run, over_the_air: Path, tmp_path: Path) -> None:
    archive = bytearray(write_stored_zip(load_folder(over_the_air)))
    archive[archive.index(b'"rehearsal"') + 1] ^= 1
    (tmp_path / "damaged.zip").write_bytes(archive)
    ran = run("verify", tmp_path / "damaged.zip")
    assert (ran.code, ran.out) == (ExitCode.CONTRADICTED, "")
    assert f"vaultproof: {tmp_path / 'damaged.zip'}!/deployment.json: a member's checksum does not hold" in ran.err


@pytest.mark.parametrize("content", [b"", b"{}", b"PK\3\4", b"\x1f\x8b"])
def test_what_is_no_archive_is_refused(run: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    for ran in (run("verify", tmp_path / "file"), run("verify", "-", stdin=content)):
        assert (ran.code, ran.out) == (ExitCode.CONTRADICTED, "")
        assert ran.err.startswith("vaultproof: ")


def test_a_procedure_that_is_not_here_could_not_be_followed(run: Run, copied: Path) -> None:
    text = (copied / "deployment.json").read_text()
    (copied / "deployment.json").write_text(text.replace('"2026-11"', '"2031-01"'))
    ran = run("verify", copied)
    assert (ran.code, ran.out) == (ExitCode.COULD_NOT_CHECK, "")
    assert "vaultproof: hint: update the verifier" in ran.err
