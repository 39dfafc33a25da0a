"""From a request to a job for a worker: what was asked, read strictly, and the body as it came."""

from __future__ import annotations

import time
from collections.abc import Generator

from flask import request

from vaultproof.errors import Malformed
from vaultproof.strict.encodings import parse_time
from verifier_web.service.application import client, service
from verifier_web.service.checking import PAGE, PUBLISHED, REPORT, UPLOAD, read_digest
from verifier_web.service.frames import Frame
from verifier_web.service.pool import never
from verifier_web.service.problems import Problem, ProblemError, bad_request, failed, no_deployment, too_large

ALLOWED = frozenset({"evidence_digest", "at"})
OUTCOME_OF_FAILURE = {"time": "time", "memory": "memory", "crash": "crash"}


def check_parameters(allowed: frozenset[str]) -> dict[str, str]:
    """The parameters of the address, each at most once.  Raises ``ProblemError`` for any other."""
    found: dict[str, str] = {}
    for name, values in request.args.lists():
        if name not in allowed:
            expected = ", ".join(sorted(allowed)) or "none"
            raise ProblemError(
                bad_request("parameter-unknown", "there is no such parameter", expected=expected, found=name[:80])
            )
        if len(values) != 1:
            raise ProblemError(bad_request("parameter-twice", "a parameter stands twice", expected="once", found=name))
        found[name] = values[0]
    return found


def upload_job(*, page: bool) -> Frame:
    """The job for the body of this request.  Raises ``ProblemError``."""
    values = _values(page=page)
    if (request.content_length or 0) > service().configuration.upload_bytes:
        raise ProblemError(too_large(service().configuration.upload_bytes))
    values |= {"source": UPLOAD, "content_type": request.headers.get("Content-Type", "")[:1000]}
    return Frame("check", values, request.get_data(cache=False))


def published_job(id: str, *, page: bool) -> Frame:
    """The job for a published deployment.  Raises ``ProblemError``."""
    if id not in service().catalogue.all():
        raise ProblemError(no_deployment(id))
    return Frame("check", {**_values(page=page), "source": PUBLISHED, "deployment": id})


def _values(*, page: bool) -> dict[str, object]:
    asked = check_parameters(ALLOWED)
    try:
        if "at" in asked:
            parse_time(asked["at"])
        if asked.get("evidence_digest") == "" and page:
            del asked["evidence_digest"]  # an empty field of a form
        elif "evidence_digest" in asked:
            read_digest(asked["evidence_digest"])
    except Malformed as error:
        raise ProblemError(
            bad_request(error.code, error.message, expected=error.expected or "", found=error.found)
        ) from None
    root = "../" * (request.path.count("/") - 1)
    return {"answer": PAGE if page else REPORT, "root": root, "assets": service().asset_values(), **asked}


def answers(job: Frame) -> Generator[Frame]:
    """The frames of a check, counted.  Raises ``ProblemError`` at the first one when it cannot begin."""
    found, start, ended = service(), time.monotonic(), False
    asking = client()
    try:
        for frame in found.runner.run(job, asking, request.environ.get("waitress.client_disconnected", never)):
            if frame.kind in ("done", "refused", "failed"):
                ended = True
                found.metrics.count("checks", _outcome(frame))
                found.metrics.took(time.monotonic() - start)
            yield frame
    except ProblemError as error:
        ended = True
        found.metrics.count("turned_away", {429: "client"}.get(error.problem.status, "busy"))
        raise
    finally:
        if not ended:
            found.metrics.count("checks", "left")


def _outcome(frame: Frame) -> str:
    if frame.kind == "done":
        return str(frame.values["outcome"])
    return "refused" if frame.kind == "refused" else OUTCOME_OF_FAILURE[frame.values["reason"]]


def ending_problem(frame: Frame) -> Problem:
    """Why an answer has no verdict, from the frame that ended it."""
    return Problem(**frame.values) if frame.kind == "refused" else failed(frame.values["reason"])
