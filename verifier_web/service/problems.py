"""What is answered when there is no verdict: one value for page and API (RFC 9457), with the codes used everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from vaultproof.errors import Unsupported, VaultproofError

MEDIA_TYPE = "application/problem+json"
NOTHING_WRONG = "Nothing was found wrong with the evidence."

TOO_LARGE_CODES = frozenset(
    {"zip-too-large", "zip-members", "zip-ratio", "deployment-too-large", "too-many-files", "attestation-too-large",
     "upload-too-large", "upload-parts", "upload-depth"}
)  # fmt: skip
"""Refusals because of a size or count: they get the status that says so (RFC 9110, 15.5.14)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why there is no verdict.

    ``code`` is stable; ``title`` one line for anyone; ``status`` the HTTP status; ``about_evidence`` whether the cause
    lies in what was sent (otherwise nothing was found wrong); ``retry_after`` is in seconds.  The places are those of
    ``VaultproofError``.
    """

    code: str
    title: str
    status: int
    about_evidence: bool = False
    file: str | None = None
    pointer: str | None = None
    expected: str | None = None
    found: str | None = None
    hint: str | None = None
    retry_after: int | None = None

    @property
    def outcome(self) -> str | None:
        """``could_not_check`` where a check was asked for and none came to an end through no fault of the evidence."""
        return "could_not_check" if self.code in CHECK_CODES else None

    def to_json(self) -> dict[str, Any]:
        """Members of ``application/problem+json``; ``type`` names the code, ``title`` is the same for each code."""
        value = {
            "type": f"urn:vaultproof:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "outcome": self.outcome,
            "file": self.file,
            "pointer": self.pointer,
            "expected": self.expected,
            "found": self.found,
            "hint": self.hint,
            "retry_after": self.retry_after,
        }
        return {name: item for name, item in value.items() if item is not None}


class ProblemError(Exception):
    """Stops a request with a problem as its answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def from_error(error: VaultproofError) -> Problem:
    """An error of the core as a problem: what is wrong with what was sent, or what this verifier does not know."""
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if error.code in TOO_LARGE_CODES else HTTPStatus.UNPROCESSABLE_ENTITY
    return Problem(
        code=error.code, title=error.message, status=int(status), about_evidence=not isinstance(error, Unsupported),
        file=error.file, pointer=error.pointer, expected=error.expected, found=error.found, hint=error.hint,
    )  # fmt: skip


def not_found() -> Problem:
    """There is nothing at this address."""
    return Problem(code="not-found", title="there is nothing at this address", status=404)


def no_deployment(id: str) -> Problem:
    """No deployment of that name is published here."""
    return Problem(code="no-such-deployment", title="no deployment of this name is published here", status=404,
                   found=id[:80], hint="the list of deployments names all that are")  # fmt: skip


def bad_request(code: str, title: str, *, expected: str, found: str | None = None) -> Problem:
    """The request itself cannot be understood."""
    return Problem(code=code, title=title, status=400, expected=expected, found=found)


def too_large(limit: int) -> Problem:
    """The upload is over the cap of a whole request."""
    return Problem(
        code="upload-too-large", title="the upload is too large", status=413, expected=f"<= {limit} B",
        hint="the command line takes larger archives: vaultproof verify",
    )  # fmt: skip


def busy(seconds: int) -> Problem:
    """Everything here is at work."""
    return Problem(
        code="busy", title="this service is busy", status=503, retry_after=seconds,
        hint=f"try again in {seconds} s, or check on your own computer: vaultproof verify",
    )  # fmt: skip


def too_many(seconds: int) -> Problem:
    """This client has as many requests here as one may have."""
    return Problem(
        code="too-many-requests", title="too many requests of yours are being checked or wait", status=429,
        retry_after=seconds, hint=f"try again in {seconds} s",
    )  # fmt: skip


def stopping() -> Problem:
    """This instance is being shut down."""
    return Problem(code="stopping", title="this service is being restarted", status=503, retry_after=5,
                   hint="try again in 5 s")  # fmt: skip


def failed(reason: str) -> Problem:
    """A check did not come to its end; ``reason`` is a key of ``FAILURES``."""
    code, title, status = FAILURES[reason]
    return Problem(code=code, title=title, status=status, hint=NOTHING_WRONG + " The command line may check it.")


FAILURES = {
    "time": ("over-check-time", "the check took longer than a check may take here", 422),
    "memory": ("over-check-memory", "the check needed more memory than a check may use here", 422),
    "crash": ("verifier-failed", "the verifier itself failed: that is a fault of ours, not of the evidence", 500),
}
CHECK_CODES = frozenset(code for code, _, _ in FAILURES.values()) | {"busy", "too-many-requests", "stopping"}
