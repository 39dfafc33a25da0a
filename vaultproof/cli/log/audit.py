"""``vaultproof log audit``: walk the copied log from its first epoch."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultproof.cli import voice
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.log.counting import Counting
from vaultproof.cli.log.parameters import namespace_value, store_option
from vaultproof.cli.parameters import FOLDER, format_option, trust_option

if TYPE_CHECKING:
    from vaultproof.cli.log.pinned import Pins
    from vaultproof.mirror.auditing import Audit
    from vaultproof.mirror.store import Store


@click.command("audit", short_help="Walk the copied log from its first epoch.")
@click.argument("namespace", metavar="NAMESPACE", callback=namespace_value)
@store_option
@trust_option
@click.option("--continue", "continued", is_flag=True, help="Go on where everything held the last time.")
@click.option("--no-keys", "no_keys", is_flag=True, help="Leave the key history out: look at records alone.")
@click.option("--signer", metavar="ID", help="Whose log it is, for a namespace that is not pinned.")
@click.option("--forks", metavar="DIR", type=FOLDER, help="Write each fork there, as a file that stands by itself.")
@click.option("--processes", metavar="N", type=click.IntRange(1, 256), help="As many as there are cores by default.")
@format_option
def command(
    namespace: str,
    store: Path,
    trust: Path | None,
    continued: bool,
    no_keys: bool,
    signer: str | None,
    forks: Path | None,
    processes: int | None,
    format_: str,
) -> ExitCode:
    """Walk the copy of the log of NAMESPACE, from its first epoch.

    Each record's signature under the key that it names, its place, its time, its digest; other answers for the same
    epoch; what the log says of itself; and which fleet keys each epoch added, removed or gave another role. No network
    is used.

    Exit codes: 0 holds, 1 contradicted, 2 could not check.
    """
    from vaultproof.cli.log.audit_text import as_json, print_audit
    from vaultproof.cli.log.findings_text import EXIT_CODES
    from vaultproof.cli.log.pinned import load_pins
    from vaultproof.mirror.store import Store

    pins = load_pins(namespace, trust, signer=signer)
    now = int(time.time() * 1000)
    with Store.open(store) as mirror:
        result = run_audit(mirror, pins, continued=continued, keys=not no_keys, processes=processes, now=now)
        written = [] if forks is None else write_forks(mirror, pins, result, forks)
    if format_ == "json":
        from vaultproof.strict.json import dumps_canonical

        voice.write(dumps_canonical(as_json(result, pins, now=now, keys=not no_keys)) + b"\n")
    else:
        print_audit(result, pins, keys=not no_keys)
        for path in written:
            voice.note(f"wrote {path}")
    return EXIT_CODES[result.findings.conclusion]


def run_audit(
    mirror: Store,
    pins: Pins,
    *,
    continued: bool,
    keys: bool,
    processes: int | None,
    now: int,
    at_most: int | None = None,
) -> Audit:
    """Audit with this engine, and count on a terminal."""
    from vaultproof.cli.engine import backend
    from vaultproof.mirror.auditing import AuditPlan, audit

    plan = AuditPlan(
        expected=pins.expected, pinned=pins.pinned, trust_digest=pins.trust_digest, keys=keys and pins.pinned,
        continued=continued, processes=processes, at_most=at_most,
    )  # fmt: skip
    counting = Counting("epochs walked")
    try:
        return audit(mirror, plan, engine=backend, now=now, progress=counting)
    finally:
        counting.clear()


def write_forks(mirror: Store, pins: Pins, result: Audit, folder: Path) -> list[Path]:
    """Write every fork that was found into ``folder``; the names follow from epoch and content."""
    from vaultproof.cli.engine import backend
    from vaultproof.mirror.beside import fork_files

    written = []
    for fork in fork_files(mirror, pins.expected, backend(), result.findings.items):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"fork-{pins.expected.namespace}-{fork.epoch}-{fork.sha256[:16]}.json"
        path.write_bytes(fork.data + b"\n")
        written.append(path)
    return written
