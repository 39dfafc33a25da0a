"""``vaultproof log``: read the signer's public log, keep a copy, walk it, and keep watching.

One module a command, imported when the command is asked for.
"""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS: dict[str, str] = {
    "fetch": "fetch",
    "audit": "audit",
    "reconcile": "reconcile",
    "watch": "watch",
    "fork": "fork",
    "export": "export",
    "import": "import_",
    "serve": "serve",
}
"""Name of each command and the module that holds it (as ``command``), in the order of the help text."""


class LogCommands(click.Group):
    """The commands about the log, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """The command with this name, if there is one."""
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"vaultproof.cli.log.{COMMANDS[cmd_name]}").command
        return found


@click.group(
    "log",
    cls=LogCommands,
    no_args_is_help=False,
    subcommand_metavar="COMMAND ...",
    short_help="Copy, walk and watch the signer's public log.",
)
def command() -> None:
    """Read the independent signer's public log: copy it, walk it from its first epoch, and keep watching.

    Exit codes: 0 holds, 1 contradicted, 2 could not check, 3 the command was not understood.
    """
