"""``vaultproof log import``: plain files into the mirror."""

from __future__ import annotations

import time
from pathlib import Path

import click

from vaultproof.cli import voice
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.log.counting import Counting
from vaultproof.cli.log.parameters import store_option
from vaultproof.cli.parameters import FOLDER

CLOCKS_DIFFER = 300
"""Seconds by which the clock of whoever made a copy may be ahead of this one."""


@click.command("import", short_help="Take plain files into the mirror.")
@click.argument("folder", metavar="DIR", type=FOLDER)
@store_option
def command(folder: Path, store: Path) -> ExitCode:
    """Take every answer of a copy that 'vaultproof log export' wrote: all of them or, if it is damaged, none.

    What the mirror holds already stays; an answer that differs from it is kept beside it. A copy is the word of whoever
    made it: what does not hold in it accuses nobody, and an audit leaves it open until the log itself has answered. A
    copy with answers that are dated ahead of this computer's clock is not taken.
    """
    from vaultproof.mirror.store import Store
    from vaultproof.mirror.transfer import check_copy, import_copy

    check_copy(folder)  # before a mirror is made for it
    counting = Counting("answers read")
    with Store.open(store, create=True) as mirror:
        try:
            not_after = int((time.time() + CLOCKS_DIFFER) * 1000)
            done = import_copy(mirror, folder, not_after=not_after, tell=counting)
        finally:
            counting.clear()
    voice.say(f"{done.answers:,} answers read from {voice.printable(str(folder))}, {done.new:,} of them new")
    voice.say("  but for signatures that hold they are the copy's word; to hear the log itself: vaultproof log fetch")
    return ExitCode.VERIFIED
