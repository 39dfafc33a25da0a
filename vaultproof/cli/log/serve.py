"""``vaultproof log serve``: a log of one's own, for rehearsals."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultproof.cli import voice
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.parameters import FOLDER
from vaultproof.errors import Unavailable

if TYPE_CHECKING:
    from generator.rehearsal.log_server.faults import FaultPlan
    from generator.rehearsal.log_server.ledger import Ledger


@click.command("serve", short_help="Serve a rehearsal log, with faults on request.")
@click.argument("file", metavar="[FILE]", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option(
    "--import",
    "folders",
    metavar="DIR",
    type=FOLDER,
    multiple=True,
    help="Log the epochs of this rehearsal deployment, or of all in this folder.",
)
@click.option(
    "--namespace",
    "names",
    metavar="NAME",
    multiple=True,
    help="Make this namespace, without any epoch; its name begins with 'rehearsal.'.",
)
@click.option(
    "--port", metavar="N", type=click.IntRange(0, 65535), default=8001, show_default=True, help="0 takes any free one."
)
@click.option("--fault", metavar="KIND", help="What to do wrong.")
@click.option("--fault-epoch", metavar="N", type=click.IntRange(1), help="Only to requests for this epoch.")
@click.option("--fault-times", metavar="N", type=click.IntRange(1), help="Only to the first N requests of an address.")
@click.option(
    "--delay",
    metavar="SECONDS",
    type=click.FloatRange(0, 3600),
    default=1,
    show_default=True,
    help="How slow a slow answer is.",
)
@click.option(
    "--last-verified",
    metavar="N",
    type=click.IntRange(1),
    help="The epoch that last-verified-epoch names; 404 by default, as for namespaces without proofs.",
)
@click.option("--list-faults", is_flag=True, help="List the faults.")
@click.option("--verbose", is_flag=True, help="Name each request on standard error.")
def command(
    file: Path | None,
    folders: tuple[Path, ...],
    names: tuple[str, ...],
    port: int,
    fault: str | None,
    fault_epoch: int | None,
    fault_times: int | None,
    delay: float,
    last_verified: int | None,
    list_faults: bool,
    verbose: bool,
) -> ExitCode:
    """Serve a rehearsal of the signer's log on this computer alone, until it is stopped.

    The log is kept in FILE; without one it is forgotten at the end. Its paths, answers and write rules are those of the
    signer's API: an epoch follows the last one, its digest is new, and nothing is published twice. Its keys are the
    rehearsal's, which anybody can make.
    """  # fmt: skip
    from generator.rehearsal.log_server.faults import FAULT_WORDS, FaultKind, FaultPlan
    from generator.rehearsal.log_server.ledger import Ledger, NotALedgerError

    if list_faults:
        width = max(len(kind) for kind in FaultKind)
        for kind, words in FAULT_WORDS.items():
            voice.say(f"{kind:{width}}  {words}")
        return ExitCode.VERIFIED
    if fault is not None and fault not in FAULT_WORDS:
        raise click.UsageError(f"there is no fault {fault!r}: --list-faults names them")
    plan = None if fault is None else FaultPlan(
        kind=FaultKind(fault), epoch=fault_epoch, times=fault_times, delay=delay
    )  # fmt: skip
    try:
        ledger = Ledger(file)
    except NotALedgerError:
        raise Unavailable("not-a-ledger", "this file is not a rehearsal log; it was left as it is",
                          file=str(file)) from None  # fmt: skip
    try:
        _fill(ledger, folders, names)
        return _serve(ledger, port, plan, last_verified, verbose)
    finally:
        ledger.close()


def _fill(ledger: Ledger, folders: tuple[Path, ...], names: tuple[str, ...]) -> None:
    from generator.rehearsal.log_server.importing import REHEARSAL, import_deployments
    from generator.rehearsal.log_server.ledger import RefusedError

    present = {namespace.name for namespace in ledger.namespaces()}
    for name in names:
        if not name.startswith(REHEARSAL):
            raise click.UsageError(f"{name!r} does not begin with {REHEARSAL!r}")
        if name not in present:
            ledger.create(name)
    for folder in folders:
        try:
            taken = import_deployments(ledger, folder)
        except RefusedError as refusal:
            raise Unavailable("not-logged", f"the log did not take it: {refusal}", file=str(folder)) from None
        for name, count in taken.items():
            voice.note(f"{count} epochs of {name} logged")


def _serve(ledger: Ledger, port: int, plan: FaultPlan | None, last_verified: int | None, verbose: bool) -> ExitCode:
    from generator.rehearsal.log_server.server import BANNER, LogServer

    try:
        server = LogServer(ledger, port=port, fault=plan, verified=last_verified, log=voice.note if verbose else None)
    except OSError as error:
        raise Unavailable("port", f"port {port} cannot be used", found=error.strerror or str(error),
                          hint="try another one: --port 0 takes any that is free") from error  # fmt: skip
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)  # a shell's background jobs are started deaf to Ctrl-C
    with server:
        voice.say(f"{server.address} {BANNER}")
        wrong = f", with the fault {plan.kind}" if plan else ""
        voice.note(f"{BANNER}: a log for rehearsals{wrong}; its signatures are worth nothing; stop it with Ctrl-C")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            voice.note("stopped")
    return ExitCode.VERIFIED
