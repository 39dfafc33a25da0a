"""``vaultproof rehearse``: the shell around the maker of rehearsals."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.rehearsal import FAULTS
from tests.unit.cli.conftest import EVIDENCE, Run
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.sources import load_folder


def test_what_is_made_verifies_and_is_the_same_again(run: Run, tmp_path: Path) -> None:
    options = ("--members", 3, "--sites", 1)
    ran = run("rehearse", tmp_path / "rehearsal-cli", *options)
    assert (ran.code, ran.err) == (ExitCode.VERIFIED, "")
    assert ran.out.startswith("REHEARSAL  rehearsal-cli: ")
    assert run("verify", tmp_path / "rehearsal-cli").code == ExitCode.VERIFIED
    run("rehearse", tmp_path / "again", "--id", "rehearsal-cli", *options)
    assert load_folder(tmp_path / "again") == load_folder(tmp_path / "rehearsal-cli")
    run("rehearse", tmp_path / "cli", "--seed", "another", *options)
    assert load_folder(tmp_path / "cli") != load_folder(tmp_path / "rehearsal-cli")


def test_a_planted_fault_is_told_and_found(run: Run, tmp_path: Path) -> None:
    ran = run("rehearse", tmp_path / "x", "--product", "whatsapp", "--fault", "app-key-absent")
    assert ran.code == ExitCode.VERIFIED
    assert f"Planted fault: {FAULTS['app-key-absent'].sentence} The step app-pin finds it.\n" in ran.out
    assert run("verify", tmp_path / "x").code == ExitCode.CONTRADICTED


def test_one_rehearsal_goes_on_from_another(run: Run, tmp_path: Path) -> None:
    previous = EVIDENCE / "deployments/rehearsal-messenger-2026"
    assert run("rehearse", tmp_path / "next", "--previous", previous).code == ExitCode.VERIFIED
    assert run("verify", tmp_path / "next").code == ExitCode.VERIFIED
    assert (tmp_path / "next/audit/5.json").is_file()


def test_every_fault_is_listed_with_its_step(run: Run) -> None:
    lines = run("rehearse", "--list-faults").out.splitlines()
    assert [line.split()[0] for line in lines] == list(FAULTS)
    assert all(f"{fault.step}: {fault.sentence}" in line for line, fault in zip(lines, FAULTS.values(), strict=True))


@pytest.mark.parametrize(
    "options",
    [("--product", "fax"), ("--members", 0), ("--fault", "nope"), ("--seed", ""), ("--id", "real-fleet"),
     ("--distribution", "by-post")],
)  # fmt: skip
def test_what_cannot_be_rehearsed_is_usage_and_writes_nothing(
    run: Run, tmp_path: Path, options: tuple[object, ...]
) -> None:
    ran = run("rehearse", tmp_path / "out", *options)
    assert (ran.code, ran.out) == (ExitCode.USAGE, "")
    assert ran.err.startswith("vaultproof: ")
    assert not (tmp_path / "out").exists()


def test_what_is_there_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_bytes(b"mine")
    ran = run("rehearse", tmp_path, "--id", "rehearsal-x")
    assert ran.code == ExitCode.USAGE
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
