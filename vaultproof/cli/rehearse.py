"""``vaultproof rehearse``: make a rehearsal deployment."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from vaultproof.cli import voice
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.parameters import FOLDER, time_value

PREFIX = "rehearsal-"


@click.command("rehearse", short_help="Make a rehearsal deployment.")
@click.argument("out", metavar="OUT", type=FOLDER, required=False)
@click.option("--id", "name", metavar="ID", help="Its name, rehearsal-...; that of OUT by default.")
@click.option("--seed", metavar="TEXT", help="What every key and number derives from; its name by default.")
@click.option("--product", metavar="NAME", default="messenger", help="messenger (the default) or whatsapp.")
@click.option("--distribution", metavar="KIND", help="over-the-air or hardcoded; the product's own by default.")
@click.option("--members", metavar="N", type=int, default=7, help="How many HSMs; 7 by default.")
@click.option("--sites", metavar="N", type=int, default=5, help="In how many places; 5 by default.")
@click.option(
    "--deployed-at", metavar="TIME", callback=time_value, help="When (RFC 3339, UTC); from the seed by default."
)
@click.option("--previous", metavar="DIR", type=FOLDER, help="The rehearsal that this one supersedes.")
@click.option(
    "--two-layers", is_flag=True, help="HSMs whose maker attests a key, with which a program in them signs the rest."
)
@click.option("--fault", metavar="NAME", help="Plant this fault.")
@click.option("--list-faults", is_flag=True, help="List the faults, each with the step that finds it.")
def command(
    out: Path | None,
    name: str | None,
    seed: str | None,
    product: str,
    distribution: str | None,
    members: int,
    sites: int,
    deployed_at: datetime | None,
    previous: Path | None,
    two_layers: bool,
    fault: str | None,
    list_faults: bool,
) -> ExitCode:
    """Make a whole deployment that is made up, in the folder OUT: same options, same bytes.

    No real HSM, key or party is behind it. It says REHEARSAL everywhere, and so does its verdict.
    """
    if list_faults:
        return _list_faults()
    if out is None:
        raise click.UsageError("missing argument 'OUT': the folder to make")
    from generator.rehearsal import FAULTS, RehearsalError, RehearsalOptions, rehearse, write_rehearsal
    from vaultproof.cli.sources import load_folder

    id = name or (out.name if out.name.startswith(PREFIX) else PREFIX + out.name)
    options = RehearsalOptions(
        seed=id if seed is None else seed,
        id=id,
        product=product,
        distribution=distribution,
        members=members,
        sites=sites,
        deployed_at=deployed_at,
        previous=None if previous is None else load_folder(previous),
        two_layers=two_layers,
        fault=fault,
    )
    try:
        files = rehearse(options)
        write_rehearsal(files, out)
    except RehearsalError as error:
        raise click.UsageError(str(error)) from error
    voice.say(f"REHEARSAL  {id}: {len(files)} files in {out}")
    if fault is not None:
        planted = FAULTS[fault]
        voice.say(f"Planted fault: {planted.sentence} The step {planted.step} finds it.")
    voice.say(f"To check it: {voice.PROGRAM} verify {out}")
    return ExitCode.VERIFIED


def _list_faults() -> ExitCode:
    from generator.rehearsal import FAULTS

    width = max(len(name) for name in FAULTS)
    for name, fault in FAULTS.items():
        only = f" ({fault.distribution} only)" if fault.distribution else ""
        voice.say(f"{name.ljust(width)}  {fault.step}: {fault.sentence}{only}")
    return ExitCode.VERIFIED
