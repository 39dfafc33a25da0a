"""``vaultproof log watch``: fetch, audit, reconcile, and tell what changed."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultproof.cli import voice
from vaultproof.cli.exit_codes import ExitCode, for_error
from vaultproof.cli.log.parameters import namespace_value, store_option
from vaultproof.cli.log.reconcile import evidence_option, grace_option
from vaultproof.cli.parameters import FOLDER, format_option, trust_option
from vaultproof.errors import VaultproofError

if TYPE_CHECKING:
    from types import FrameType

SECONDS = {"m": 60, "h": 3600, "d": 86_400}
_INTERVAL = re.compile(r"([1-9][0-9]{0,3})([mhd])")


def interval_value(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """An interval in seconds, from minutes, hours or days."""
    if value is None:
        return None
    matched = _INTERVAL.fullmatch(value)
    if matched is None:
        raise click.BadParameter(f"{value!r} is not an interval like 30m, 6h or 1d", ctx=ctx, param=param)
    return int(matched[1]) * SECONDS[matched[2]]


def _delivery(name: str) -> Callable[[click.Context, click.Parameter, str | None], object]:
    """A callback of ``delivery.py``, imported when the option is given."""

    def callback(ctx: click.Context, param: click.Parameter, value: str | None) -> object:
        from vaultproof.cli.log import delivery

        return getattr(delivery, name)(ctx, param, value)

    return callback


@click.command("watch", short_help="Fetch, audit, reconcile, and tell what changed.")
@click.argument("namespace", metavar="NAMESPACE", callback=namespace_value)
@click.option("--once", is_flag=True, help="One run, as for cron. This is the default.")
@click.option("--every", metavar="INTERVAL", callback=interval_value, help="Run again and again: 30m, 6h, 1d.")
@click.option("--url", metavar="URL", help="Where the log is; by default where its signer says.")
@click.option("--no-fetch", is_flag=True, help="Ask nobody: look at the copy as it is.")
@click.option("--artifacts", metavar="DIR_OR_URL", multiple=True, help="A second source, as 'log fetch' takes it.")
@evidence_option
@grace_option
@click.option("--full", is_flag=True, help="Walk from the first epoch in every run, not from where everything held.")
@click.option("--no-keys", "no_keys", is_flag=True, help="Leave the key history out: look at records alone.")
@click.option(
    "--on-finding",
    metavar="COMMAND",
    callback=_delivery("command_value"),
    help="Run this for each event, with the event as JSON on its standard input. No shell.",
)
@click.option("--webhook", metavar="URL", callback=_delivery("webhook_value"), help="POST each event there, as JSON.")
@click.option("--feeds", metavar="DIR", type=FOLDER, help="Keep findings.atom and findings.json there.")
@store_option
@trust_option
@format_option
def command(
    namespace: str,
    once: bool,
    every: int | None,
    url: str | None,
    no_fetch: bool,
    artifacts: tuple[str, ...],
    evidence: tuple[str, ...],
    grace: int | None,
    full: bool,
    no_keys: bool,
    on_finding: tuple[str, ...] | None,
    webhook: str | None,
    feeds: Path | None,
    store: Path,
    trust: Path | None,
    format_: str,
) -> ExitCode:
    """Bring the copy of NAMESPACE up to date, audit what is new, match it with --evidence, and tell what changed.

    Each finding is told once, again if it changes, and when it is gone. What was told is remembered beside the copy.
    --format json prints one JSON object a line: events as they come, then a line about the run.

    Exit codes: 0 holds, 1 contradicted, 2 could not check; with --every those of the last run.
    """
    if once and every is not None:
        raise click.UsageError("--once and --every are two answers to one question: give one")
    from vaultproof.cli.log.delivery import Delivery
    from vaultproof.cli.log.watch_run import WatchPlan, run_once

    plan = WatchPlan(
        namespace=namespace, store=store, trust=trust, url=url, fetch=not no_fetch, artifacts=artifacts,
        evidence=evidence, grace=grace, full=full, keys=not no_keys, feeds=feeds, json=format_ == "json",
        delivery=Delivery(command=on_finding, webhook=webhook),
    )  # fmt: skip
    if every is None:
        return run_once(plan)
    return _again_and_again(lambda: run_once(plan), every)


def _again_and_again(run: Callable[[], ExitCode], seconds: int) -> ExitCode:
    """Run until somebody stops it; a run that fails says why, and the next one comes all the same."""
    stop = threading.Event()

    def stopped(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, stopped) for number in (signal.SIGINT, signal.SIGTERM)}
    code = ExitCode.COULD_NOT_CHECK
    try:
        while not stop.is_set():
            begun = time.monotonic()
            try:
                code = run()
            except VaultproofError as error:
                voice.error(str(error), error.hint)
                code = for_error(error)
            stop.wait(max(0.0, begun + seconds - time.monotonic()))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code
