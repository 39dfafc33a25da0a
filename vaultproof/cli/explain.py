"""``vaultproof explain``: what the published procedure says of its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.voice import say

if TYPE_CHECKING:
    from vaultproof.procedure.document import Plan, Procedure


@click.command("explain", short_help="Say what a step compares, establishes and does not.")
@click.argument("step_id", metavar="[STEP]", required=False)
def command(step_id: str | None) -> ExitCode:
    """Say what a step of the procedure compares, establishes and does not, and what it rests on.

    Without STEP, all of the procedure. The newest version that came along is printed.
    """
    from vaultproof.cli.sources import load_procedures

    procedures = load_procedures()
    procedure = procedures[max(procedures)]
    if step_id is not None and step_id not in procedure.steps:
        known = ", ".join(procedure.steps)
        raise click.BadParameter(f"{step_id!r} is no step of this procedure, which has {known}", param_hint="'STEP'")
    if step_id is not None:
        _print_step(procedure, step_id)
        return ExitCode.VERIFIED
    say(f"Procedure {procedure.version}, published {procedure.published}, SHA-256 {procedure.digest}")
    say()
    say(procedure.introduction)
    for id in procedure.steps:
        say()
        _print_step(procedure, id)
    return ExitCode.VERIFIED


def _print_step(procedure: Procedure, id: str) -> None:
    step = procedure.steps[id]
    say(f"{step.id}: {step.title}. {step.question}")
    say(f"  {_places(procedure, id)}")
    say()
    for label, text in (
        ("Compared", step.compares),
        ("Establishes", step.establishes),
        ("Does not establish", step.does_not_establish),
        ("Rests on", step.rests_on),
        ("Needs first", ", ".join(step.needs) or "nothing"),
    ):
        say(f"  {label}: {text}")
    say()
    say(step.text)


def _places(procedure: Procedure, id: str) -> str:
    """Where a step stands in each kind of distribution."""
    return "; ".join(
        f"step {plan.order.index(id) + 1} of {plan.distribution} ({_asked(plan, id)})"
        for plan in procedure.plans.values()
        if id in plan.order
    )


def _asked(plan: Plan, id: str) -> str:
    if id in plan.required:
        return "required"
    return "required if it was promised" if id in plan.if_promised else "the reader's own, not required"
