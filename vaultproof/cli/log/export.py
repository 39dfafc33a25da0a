"""``vaultproof log export``: the mirror as plain files."""

from __future__ import annotations

from pathlib import Path

import click

from vaultproof.cli import voice
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.log.counting import Counting
from vaultproof.cli.log.parameters import namespace_value, store_option
from vaultproof.cli.parameters import FOLDER


@click.command("export", short_help="Write the mirror as plain files.")
@click.argument("folder", metavar="DIR", type=FOLDER)
@click.option("--namespace", metavar="NAME", callback=namespace_value, help="Only this one; all by default.")
@store_option
def command(folder: Path, namespace: str | None, store: Path) -> ExitCode:
    """Write every answer of the mirror to a file under DIR, at the paths of the log's API, and an index of them.

    DIR may hold an earlier copy, which is replaced when the new one is complete.
    """
    from vaultproof.mirror.store import Store
    from vaultproof.mirror.transfer import export

    counting = Counting("answers written")
    with Store.open(store) as mirror:
        try:
            done = export(mirror, folder, namespace=namespace, tell=counting)
        finally:
            counting.clear()
    voice.say(f"{done.answers:,} answers written to {voice.printable(str(folder))}")
    return ExitCode.VERIFIED
