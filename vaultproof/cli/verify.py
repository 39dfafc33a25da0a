"""``vaultproof verify``: check a deployment, step by step."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from vaultproof.cli import voice
from vaultproof.cli.exit_codes import ExitCode, for_outcome, for_status
from vaultproof.cli.parameters import format_option, hex_value, time_value, trust_option


@click.command("verify", short_help="Check a deployment, step by step.")
@click.argument("source", metavar="PATH|ZIP")
@trust_option
@click.option(
    "--at", metavar="TIME", callback=time_value, help="Check as of this moment (RFC 3339, UTC); now by default."
)
@click.option(
    "--evidence-digest",
    metavar="HEX",
    callback=hex_value,
    help="The evidence digest you were given elsewhere (SHA-256).",
)
@format_option
@click.option("--step", "step_id", metavar="ID", help="Show this step alone; the exit code is about it alone.")
def command(
    source: str,
    trust: Path | None,
    at: datetime | None,
    evidence_digest: bytes | None,
    format_: str,
    step_id: str | None,
) -> ExitCode:
    """Check a deployment, step by step.

    PATH is the folder of one deployment, ZIP its archive, or - for an archive on standard input. No network is used.
    """
    from vaultproof.cli.check import check
    from vaultproof.cli.progress import Progress
    from vaultproof.cli.sources import load_procedures

    procedures = load_procedures()
    known = {id for procedure in procedures.values() for id in procedure.steps}
    if step_id is not None and step_id not in known:
        raise click.BadParameter(_no_such_step(step_id, known), param_hint="'--step'")
    progress = Progress(procedures)
    try:
        report = check(
            source,
            trust=trust,
            at=at,
            evidence_digest=evidence_digest.hex() if evidence_digest else None,
            procedures=procedures,
            observe=progress,
        )
    finally:
        progress.clear()
    ids = [step.id for step in report.steps]
    if step_id is not None and step_id not in ids:
        raise click.BadParameter(_no_such_step(step_id, ids), param_hint="'--step'")
    if format_ == "json":
        voice.write(report.to_bytes())
    else:
        from vaultproof.cli.report_text import print_report, print_step

        procedure = procedures[report.procedure_version]
        if step_id is None:
            print_report(report, procedure)
        else:
            print_step(report, procedure, step_id)
    return for_outcome(report.verdict.outcome) if step_id is None else for_status(report.step(step_id).status)


def _no_such_step(step_id: str, known: set[str] | list[str]) -> str:
    names = ", ".join(sorted(known) if isinstance(known, set) else known)
    return f"{step_id!r} is no step of this procedure, which has {names}"
