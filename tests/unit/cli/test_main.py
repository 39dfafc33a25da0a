"""The frame of the command line: help, usage, exit codes, and endings that nobody expects."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from tests.unit.cli.conftest import EVIDENCE, ROOT, Run
from vaultproof._version import __version__
from vaultproof.cli import main as module
from vaultproof.cli.exit_codes import ExitCode, for_error, for_outcome, for_status, worst
from vaultproof.cli.main import COMMANDS
from vaultproof.errors import Malformed, Mismatch, Unavailable, Unsupported, Untrusted, VaultproofError
from vaultproof.report import Outcome, Status

DEPLOYMENT = str(EVIDENCE / "deployments/rehearsal-messenger-2025")
PROGRAM = [sys.executable, "-m", "vaultproof.cli"]


def test_the_version_is_that_of_the_project(run: Run) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__
    assert run("--version").out == f"vaultproof {__version__}\n"


def test_help_names_every_command_and_the_exit_codes(run: Run) -> None:
    told = run("--help")
    assert told.code == 0
    assert [line.split()[0] for line in told.out.split("Commands:\n")[1].splitlines()] == list(COMMANDS)
    assert "0 verified, 1 contradicted, 2 could not check, 3" in told.out


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_and_each_of_its_options_too(run: Run, command: str) -> None:
    told = run(command, "-h")
    assert told.code == 0
    assert told.out.startswith(f"Usage: vaultproof {command} ")
    context = click.Context(module.commands, **module.commands.context_settings)
    found = module.commands.get_command(context, command)
    assert found is not None
    assert [option.opts for option in found.params if isinstance(option, click.Option) and not option.help] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("frob",), "vaultproof: no such command 'frob'"),
        (("--frob",), "vaultproof: no such option '--frob'"),
        (("verify",), "vaultproof: missing argument 'PATH|ZIP'"),
        (("verify", "a", "b"), "vaultproof: got unexpected extra argument"),
        (("verify", "--format", "xml", "a"), "vaultproof: invalid value for '--format'"),
        (("verify", "--at", "yesterday", "a"), "vaultproof: invalid value for '--at': 'yesterday' is not a time"),
        (("verify", "--at", "2026-11-22T12:00:00+01:00", "a"), "vaultproof: invalid value for '--at'"),
        (("verify", "--evidence-digest", "abc", "a"), "vaultproof: invalid value for '--evidence-digest'"),
        (("verify", "--step", "nope", DEPLOYMENT), "vaultproof: invalid value for '--step': 'nope' is no step"),
        (("verify", "--step", "app-pin", DEPLOYMENT), "'app-pin' is no step of this procedure"),
        (("epoch",), "vaultproof: missing argument 'FILE'"),
        (("epoch", "--key", "00", "a"), "vaultproof: invalid value for '--key'"),
        (("epoch", "--key", "00" * 32, "--trust", "t", "a"), "vaultproof: --trust and --key are two answers"),
        (("epoch", "--epoch", "0", "a"), "vaultproof: invalid value for '--epoch'"),
        (("explain", "nope"), "vaultproof: invalid value for 'STEP': 'nope' is no step"),
        (("rehearse",), "vaultproof: missing argument 'OUT'"),
        (("serve", "--port", "70000"), "vaultproof: invalid value for '--port'"),
    ],
)
def test_what_is_not_understood_is_usage_and_nothing_else(run: Run, arguments: tuple[str, ...], told: str) -> None:
    ran = run(*arguments)
    assert ran.code == ExitCode.USAGE
    assert ran.out == ""
    assert told in ran.err
    assert "hint: try 'vaultproof" in ran.err


def test_no_command_at_all_shows_the_help_and_is_usage(run: Run) -> None:
    ran = run()
    assert ran.code == ExitCode.USAGE
    assert ran.out == ""
    assert "Commands:" in ran.err


# --- exit codes -----------------------------------------------------------------------------------------------------


def test_every_outcome_and_status_has_an_exit_code_and_only_one_of_each_is_a_pass() -> None:
    assert [for_outcome(outcome) for outcome in Outcome] == [0, 1, 2]
    assert [status for status in Status if for_status(status) == 0] == [Status.MATCH]
    assert [status for status in Status if for_status(status) == 1] == [Status.MISMATCH]


@pytest.mark.parametrize(
    ("error", "code"),
    [(Malformed, 1), (Mismatch, 1), (Untrusted, 1), (Unsupported, 2), (Unavailable, 2), (VaultproofError, 1)],
)
def test_an_error_is_never_a_pass(error: type[VaultproofError], code: int) -> None:
    assert for_error(error("code", "message")) == code


@pytest.mark.parametrize(
    ("codes", "all_in_all"), [([], 2), ([0, 0], 0), ([0, 2], 2), ([2, 1, 0], 1), ([1], 1), ([2], 2)]
)
def test_several_answers_are_as_good_as_the_worst(codes: list[int], all_in_all: int) -> None:
    assert worst([ExitCode(code) for code in codes]) == all_in_all


# --- endings --------------------------------------------------------------------------------------------------------


def _broken(*_: object, **__: object) -> None:
    raise ZeroDivisionError("bad math")


def test_a_fault_of_the_verifier_says_so_and_shows_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaultproof.cli.check.check", _broken)
    ran = run("verify", DEPLOYMENT)
    assert ran.code == ExitCode.COULD_NOT_CHECK
    assert ran.err.startswith("vaultproof: ZeroDivisionError: bad math\n")
    assert "this is a fault of the verifier, not of the evidence" in ran.err
    assert "Traceback" not in ran.out + ran.err


def test_debug_shows_the_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaultproof.cli.check.check", _broken)
    with pytest.raises(ZeroDivisionError):
        run("--debug", "verify", DEPLOYMENT)


@pytest.mark.parametrize(
    "ending", [KeyboardInterrupt, MemoryError, click.Abort, OSError(28, "No space left on device")]
)
def test_whatever_stops_it_is_no_verdict(run: Run, monkeypatch: pytest.MonkeyPatch, ending: BaseException) -> None:
    def stop(*_: object, **__: object) -> None:
        raise ending

    monkeypatch.setattr("vaultproof.cli.check.check", stop)
    ran = run("verify", DEPLOYMENT)
    assert ran.code == ExitCode.COULD_NOT_CHECK
    assert ran.err.startswith("vaultproof: ")


def _process(arguments: list[str], **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*PROGRAM, *arguments], cwd=ROOT, stderr=subprocess.PIPE, **options)  # type: ignore[call-overload,no-any-return] # options of any type


@pytest.mark.skipif(os.name == "nt", reason="pipes end in another way there")
def test_a_reader_that_goes_away_is_no_verdict_and_no_traceback() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    process = _process(["explain"], stdout=write_end)
    os.close(write_end)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (ExitCode.COULD_NOT_CHECK, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is always full")
def test_a_result_that_cannot_be_written_is_no_verdict() -> None:
    with Path("/dev/full").open("wb") as full:
        process = _process(["verify", DEPLOYMENT, "--format", "json"], stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == ExitCode.COULD_NOT_CHECK
    assert err == b"vaultproof: output: No space left on device\n"


def test_a_terminal_with_few_characters_does_not_stop_it() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    process = _process(["verify", "n\u00f6\u6771\u202e"], stdout=subprocess.PIPE, env=environment)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (ExitCode.COULD_NOT_CHECK, b"")
    assert err.startswith(b"vaultproof: n\xf6\\u6771\\u202e: cannot be read")


def test_nothing_slow_is_imported_before_a_command_needs_it() -> None:
    script = (
        "import sys, vaultproof.cli.main, vaultproof.cli.verify\n"
        "slow = {'cryptography', 'jinja2', 'markdown', 'nh3', 'segno', 'importlib.metadata', 'importlib.resources',\n"
        "        'generator', 'verifier_web', 'vaultproof.verification'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, text=True)
    assert ran.stdout == "[]\n"
