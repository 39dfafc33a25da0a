"""Pages of the service: the forms, a check step by step, and the limits."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace

from flask import Blueprint, Response, request, stream_with_context

from generator.formatting import size_text
from verifier_web.headers import service_headers
from verifier_web.service.application import Service, problem_answer, service
from verifier_web.service.asking import answers, ending_problem, published_job, upload_job
from verifier_web.service.configuration import Limit, limits
from verifier_web.service.frames import Frame
from verifier_web.service.pages import CannotPart, LimitRow, LimitsPage, Listed, UploadPage, service_frame

blueprint = Blueprint("pages", __name__)
HTML = "text/html; charset=utf-8"


@blueprint.get("/verify")
def forms() -> Response:
    """The page with the forms, and links to check what is published."""
    found = service()
    listed = tuple(
        Listed(id=item.id, title=item.announced.title, rehearsal=item.announced.rehearsal)
        for item in reversed(tuple(found.catalogue.all().values()))
    )
    frame = service_frame(
        title="Check on this server", description="A check for browsers that cannot run it, and for files at hand.",
        root=_root(), moment=found.clock(), assets=found.assets,
    )  # fmt: skip
    return _page(found.renderer.render(UploadPage(frame=frame, deployments=listed)))


@blueprint.post("/verify")
def upload() -> Response:
    """The check of what was sent, step by step."""
    return streamed(upload_job(page=True))


@blueprint.get("/verify/<id>")
def published(id: str) -> Response:
    """The check of a published deployment, step by step; a HEAD runs none."""
    job = published_job(id, page=True)
    return _page(iter(())) if request.method == "HEAD" else streamed(job)


@blueprint.get("/limits")
def limits_page() -> Response:
    """Every limit, as it is configured."""
    found = service()
    frame = service_frame(
        title="Limits", description="What this service takes, and how much of it.", root=_root(), moment=found.clock(),
        assets=found.assets,
    )  # fmt: skip
    rows = tuple(LimitRow(name=item.name, text=_text(item), about=item.about) for item in limits(found.configuration))
    return _page(found.renderer.render(LimitsPage(frame=frame, limits=rows)))


def _text(limit: Limit) -> str:
    if limit.unit == "bytes":
        return f"{limit.value} bytes ({size_text(limit.value)})" if limit.value >= 1024 else f"{limit.value} bytes"
    return f"{limit.value} {limit.unit}"


def streamed(job: Frame) -> Response:
    """A page that grows while its check runs.

    Nothing is sent before the check has begun, so that whatever keeps it from beginning has a status of its own.
    """
    found = service()
    frames = answers(job)
    first = next(frames, Frame("failed", {"reason": "crash"}))  # none at all: the client is gone
    if first.kind == "done":  # the form asked for the report as a file
        return _report_file(first, frames)
    if first.kind != "opened":
        frames.close()
        return problem_answer(ending_problem(first))
    parts = _parts(first, frames, job, found)
    response = Response(stream_with_context(parts), content_type=HTML)
    response.headers.update(service_headers())
    response.headers["X-Accel-Buffering"] = "no"  # nginx would hold the page back until it is whole
    return response


def _report_file(first: Frame, frames: Generator[Frame]) -> Response:
    for _ in frames:
        pass
    response = Response(bytes(first.body), content_type="application/json")
    response.headers.update(service_headers(data=True))
    response.headers["Content-Disposition"] = 'attachment; filename="report.json"'
    return response


def _parts(first: Frame, frames: Generator[Frame], job: Frame, found: Service) -> Iterator[bytes]:
    """The page in pieces; where the check does not come to its end, the page says so in the verdict's place."""
    left = dict(first.values["plan"])
    try:
        yield bytes(first.body)
        for frame in frames:
            if frame.kind == "step":
                left.pop(frame.values["id"], None)
                yield bytes(frame.body)
            elif frame.kind == "done":
                yield bytes(frame.body)
                return
            else:
                problem = ending_problem(frame)
                part = CannotPart(
                    root=job.values["root"], deployment=job.values.get("deployment"),
                    problem=replace(problem, retry_after=None), left=tuple(left.values()),
                )  # fmt: skip
                yield first.values["middle"].encode("utf-8")
                yield found.renderer.render(part)
                yield first.values["foot"].encode("utf-8")
                return
    finally:
        frames.close()  # a reader who left takes the check along


def _page(body: bytes | Iterator[bytes]) -> Response:
    response = Response(body, content_type=HTML)
    response.headers.update(service_headers())
    return response


def _root() -> str:
    return "../" * (request.path.count("/") - 1)
