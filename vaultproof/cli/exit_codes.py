"""What the command line's exit codes mean, and which one an outcome or an error gets."""

from __future__ import annotations

from enum import IntEnum

from vaultproof.errors import Unavailable, Unsupported, VaultproofError
from vaultproof.report import Outcome, Status


class ExitCode(IntEnum):
    """Part of the public interface: scripts rely on these numbers."""

    VERIFIED = 0
    CONTRADICTED = 1
    COULD_NOT_CHECK = 2
    USAGE = 3


def for_outcome(outcome: Outcome) -> ExitCode:
    """The exit code of a verdict."""
    return {
        Outcome.VERIFIED: ExitCode.VERIFIED,
        Outcome.CONTRADICTED: ExitCode.CONTRADICTED,
        Outcome.INCOMPLETE: ExitCode.COULD_NOT_CHECK,
    }[outcome]


def for_status(status: Status) -> ExitCode:
    """The exit code of one step: only a match is a pass, only a mismatch a contradiction."""
    return {Status.MATCH: ExitCode.VERIFIED, Status.MISMATCH: ExitCode.CONTRADICTED}.get(
        status, ExitCode.COULD_NOT_CHECK
    )


def for_error(error: VaultproofError) -> ExitCode:
    """The exit code of a refusal: what is wrong with the evidence contradicts it, what is wrong here says nothing."""
    if isinstance(error, Unsupported | Unavailable):
        return ExitCode.COULD_NOT_CHECK
    return ExitCode.CONTRADICTED


def worst(codes: list[ExitCode]) -> ExitCode:
    """The exit code of several answers: one contradiction contradicts all, and nothing at all is not a pass."""
    if ExitCode.CONTRADICTED in codes:
        return ExitCode.CONTRADICTED
    if not codes or ExitCode.COULD_NOT_CHECK in codes:
        return ExitCode.COULD_NOT_CHECK
    return ExitCode.VERIFIED
