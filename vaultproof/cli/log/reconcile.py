"""``vaultproof log reconcile``: the log against the deployments that were published, both ways."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultproof.cli import voice
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.log.parameters import namespace_value, store_option
from vaultproof.cli.parameters import format_option, trust_option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from vaultproof.cli.log.pinned import Pins
    from vaultproof.mirror.matching import Matched
    from vaultproof.mirror.store import Store

evidence_option = click.option(
    "--evidence",
    metavar="PATH|ZIP",
    multiple=True,
    help="A published deployment, or a folder of several. May be given several times.",
)
grace_option = click.option(
    "--grace", metavar="DAYS", type=click.IntRange(0, 366), help="Grace period in days; by default what logs.json says."
)


@click.command("reconcile", short_help="Match the log with published deployments, both ways.")
@click.argument("namespace", metavar="NAMESPACE", callback=namespace_value)
@evidence_option
@grace_option
@store_option
@trust_option
@format_option
def command(
    namespace: str, evidence: tuple[str, ...], grace: int | None, store: Path, trust: Path | None, format_: str
) -> ExitCode:
    """Match the epochs of NAMESPACE with the deployments published for it, both ways.

    An epoch with no evidence, and evidence whose epoch is not in the log, are told with their age; either may take the
    grace period. Only records that hold count. A published record that is not the log's is told as a fork, if both are
    signed. No network is used.

    Exit codes: 0 holds, 1 contradicted, 2 could not check.
    """
    from vaultproof.cli.log.findings_text import EXIT_CODES
    from vaultproof.cli.log.pinned import load_pins
    from vaultproof.cli.log.published import take_records
    from vaultproof.cli.log.reconcile_text import as_json, print_reconciliation
    from vaultproof.mirror.store import Store

    if not evidence:
        raise click.UsageError("say where published deployments are: --evidence")
    pins = load_pins(namespace, trust)
    now = int(time.time() * 1000)
    with Store.open(store) as mirror:
        take_records(mirror, pins, evidence, now=now)
        matched = run_reconcile(mirror, pins, evidence, grace=grace_period(grace, trust), now=now, forks=True)
    if format_ == "json":
        from vaultproof.strict.json import dumps_canonical

        voice.write(dumps_canonical(as_json(matched, pins, now=now)) + b"\n")
    else:
        print_reconciliation(matched, pins, now=now)
    return EXIT_CODES[matched.findings.conclusion]


def grace_period(days: int | None, trust: Path | None) -> timedelta:
    """The grace period that was asked for, or the configured one."""
    from datetime import timedelta

    from vaultproof.cli.sources import load_logs

    return load_logs(trust).grace if days is None else timedelta(days=days)


def run_reconcile(
    mirror: Store, pins: Pins, evidence: Sequence[str], *, grace: timedelta, now: int, held_through: int | None = None,
    forks: bool = False,
) -> Matched:  # fmt: skip
    """Match what ``evidence`` names with the mirror, with this engine; the rest is as in ``match``."""
    from vaultproof.cli.engine import backend
    from vaultproof.cli.log.published import load_published
    from vaultproof.mirror.matching import match

    published = load_published(evidence, pins)
    return match(mirror, pins.expected, published, engine=backend, grace=grace, now=now, held_through=held_through,
                 forks=forks)  # fmt: skip
