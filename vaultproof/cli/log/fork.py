"""``vaultproof log fork``: check a file that shows two answers for one epoch."""

from __future__ import annotations

from pathlib import Path

import click

from vaultproof.cli import voice
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.parameters import format_option, trust_option


@click.command("fork", short_help="Check a file that shows a fork of the log.")
@click.argument("source", metavar="FILE")
@trust_option
@format_option
def command(source: str, trust: Path | None, format_: str) -> ExitCode:
    """Check FILE, which shows that a signer signed two different records for one epoch; - is standard input.

    The file is checked by itself, then its keys are looked up among the pinned ones. No network is used.

    Exit codes: 0 the fork is real, under keys that are pinned for one signer; 1 it shows no fork; 2 the keys are not
    pinned, so whose fork it is could not be checked.
    """
    from vaultproof.cli.engine import backend
    from vaultproof.cli.log.fork_text import Whose, as_json, print_fork
    from vaultproof.cli.sources import load_file, load_trust
    from vaultproof.crypto.port import run_to_completion
    from vaultproof.signer_log.fork import check_fork
    from vaultproof.strict.json import MAX_JSON_BYTES, dumps_canonical

    data = load_file(source, maximum=MAX_JSON_BYTES)
    fork = run_to_completion(check_fork(data, backend(), file=source))
    whose = Whose.find(fork, load_trust(trust))
    if format_ == "json":
        voice.write(dumps_canonical(as_json(fork, whose)) + b"\n")
    else:
        print_fork(fork, whose)
    return ExitCode.COULD_NOT_CHECK if whose is None else ExitCode.VERIFIED
