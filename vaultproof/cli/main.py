"""The command ``vaultproof``: its commands by name, and how every ending becomes an exit code."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

import click

from vaultproof._version import __version__
from vaultproof.cli import voice
from vaultproof.cli.exit_codes import ExitCode, for_error
from vaultproof.errors import VaultproofError

COMMANDS = ("verify", "attestation", "epoch", "log", "explain", "rehearse", "build", "serve")
"""Each stands in the module of its name, in the order of the help text."""


ALLOCATIONS_BEFORE_COLLECTING = 100_000
"""Python's own 700 has it look for cycles dozens of times while modules load: a twentieth of a short run."""


@dataclass(slots=True)
class Settings:
    """What holds for any command."""

    debug: bool = False


class Commands(click.Group):
    """The commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """The command with this name, if there is one."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"vaultproof.cli.{cmd_name}").command
        return command


@click.group(cls=Commands, no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.version_option(__version__, prog_name=voice.PROGRAM, message="%(prog)s %(version)s")
@click.pass_obj
def commands(settings: Settings, debug: bool) -> None:
    """Check the published evidence of an HSM fleet deployment.

    Exit codes: 0 verified, 1 contradicted, 2 could not check, 3 the command was not understood.
    """
    settings.debug = debug


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is the answer.  Never raises for anything that evidence can hold."""
    gc.set_threshold(ALLOCATIONS_BEFORE_COLLECTING)
    voice.prepare_streams()
    settings = Settings()
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments), settings)
        sys.stdout.flush()
    except BrokenPipeError:
        _end_output()
        return ExitCode.COULD_NOT_CHECK
    except OSError as error:
        if settings.debug:
            raise
        voice.error(f"{error.filename or 'output'}: {error.strerror or error}")
        _end_output()
        return ExitCode.COULD_NOT_CHECK
    return code


def _run(arguments: list[str], settings: Settings) -> int:
    try:
        # Not commands.main, which ends the process with code 1 when the reader of its output goes away.
        with commands.make_context(voice.PROGRAM, list(arguments), obj=settings) as context:
            return int(commands.invoke(context))
    except click.exceptions.Exit as done:  # how --help and --version end
        return done.exit_code
    except click.UsageError as error:
        return _usage(error, arguments)
    except click.ClickException as error:
        voice.error(_lower(error.format_message()))
        return ExitCode.COULD_NOT_CHECK
    except (click.Abort, KeyboardInterrupt):
        voice.error("stopped before there was an answer")
        return ExitCode.COULD_NOT_CHECK
    except VaultproofError as error:
        voice.error(str(error), error.hint)
        return for_error(error)
    except OSError:
        raise
    except MemoryError:
        voice.error("there is not enough memory here", "nothing was found wrong with the evidence")
        return ExitCode.COULD_NOT_CHECK
    except Exception as error:
        if settings.debug:
            raise
        voice.error(
            f"{type(error).__name__}: {error}" if str(error) else type(error).__name__,
            "this is a fault of the verifier, not of the evidence",
            f"run it again as 'vaultproof --debug ...' and send what it prints: version {__version__}",
        )
        return ExitCode.COULD_NOT_CHECK


def _usage(error: click.UsageError, arguments: list[str]) -> ExitCode:
    if error.ctx and not arguments:
        click.echo(error.ctx.get_help(), err=True)
    else:
        path = error.ctx.command_path if error.ctx else voice.PROGRAM
        voice.error(_lower(error.format_message()), f"try '{path} --help'")
    return ExitCode.USAGE


def _lower(message: str) -> str:
    """The message in this program's voice: it begins in lower case and has no full stop."""
    text = message.strip().removesuffix(".")
    return text[:1].lower() + text[1:]


def _end_output() -> None:
    """Write what is left; where nothing can be written, drop it, or the interpreter complains as it ends."""
    try:
        sys.stdout.flush()
    except OSError:
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, sys.stdout.fileno())
        os.close(sink)
