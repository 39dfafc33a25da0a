"""``vaultproof log``: its commands, and what is not understood."""

from __future__ import annotations

from importlib import import_module

import click

from tests.unit.cli.conftest import Run
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.log import COMMANDS


def test_each_command_stands_in_its_module_and_each_of_its_options_has_help() -> None:
    found = {name: import_module(f"vaultproof.cli.log.{module}").command for name, module in COMMANDS.items()}
    assert {name: command.name for name, command in found.items()} == {name: name for name in COMMANDS}
    for command in found.values():
        assert command.short_help
        assert [o.opts for o in command.params if isinstance(o, click.Option) and not o.help] == []


def test_what_is_not_a_command_of_the_log_is_usage(run: Run) -> None:
    for arguments in (("log", "frob"), ("log",)):
        told = run(*arguments)
        assert told.code == ExitCode.USAGE
        assert told.out == ""
        assert "hint: try 'vaultproof log --help'" in told.err
