"""The README cannot rot: its commands are the program's, its exit codes too, and its example runs."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.main import COMMANDS, commands

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
IN_FULL = ("verify", "epoch")
"""The commands whose options the README lists."""


def section(title: str) -> str:
    """The text below a heading."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def _rows(name: str) -> list[tuple[str, str]]:
    """A command as the README lists it: how it is called and what it does, then the same of each option."""
    context = click.Context(commands, info_name="vaultproof", **commands.context_settings)
    command = commands.get_command(context, name)
    assert command is not None
    pieces = [piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    rows = [(" ".join(("vaultproof", name, *pieces)), command.short_help or "")]
    if name in IN_FULL:
        options = [option for option in command.params if isinstance(option, click.Option)]
        rows += [(f"  {option.opts[0]} {option.make_metavar(context)}", option.help or "") for option in options]
    return rows


def test_the_commands_are_the_programs() -> None:
    rows = [row for name in COMMANDS for row in _rows(name)]
    width = max(len(call) for call, _ in rows)
    listing = "\n".join(f"    {call.ljust(width)}  {does}" for call, does in rows)
    assert listing in section("Command line")
    assert max(len(line) for line in listing.splitlines()) <= 120


def test_the_exit_codes_are_the_programs() -> None:
    told = re.findall(r"^\| (\d) \| ([a-z ]+)", section("Command line"), re.MULTILINE)
    assert [(int(number), meaning.split(" the ")[0]) for number, meaning in told] == [
        (ExitCode.VERIFIED, "verified"),
        (ExitCode.CONTRADICTED, "contradicted"),
        (ExitCode.COULD_NOT_CHECK, "could not check"),
        (ExitCode.USAGE, "usage"),
    ]


def test_the_library_example_runs_as_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", section("As a library"), re.DOTALL)
    (printed,) = re.findall(r"```text\n(.*?)```", section("As a library"), re.DOTALL)
    assert len(example.splitlines()) <= 10
    monkeypatch.chdir(ROOT)
    exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - our own text, which a reader would run
    out = capsys.readouterr().out
    assert out.startswith(printed.split("...")[0])
    assert len(out.splitlines()) > len(printed.splitlines())


def test_every_command_that_the_readme_names_is_one() -> None:
    named = set(re.findall(r"`vaultproof ([a-z]+)", README))
    assert named
    assert named <= set(COMMANDS)
