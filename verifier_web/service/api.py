"""The interface for programs, version 1, and its description."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from flask import Blueprint, Response, request

from verifier_web.headers import RAW_FOLDER, service_headers
from verifier_web.preview import find_file
from verifier_web.service import openapi
from verifier_web.service.application import problem_answer, service
from verifier_web.service.asking import answers, check_parameters, ending_problem, published_job, upload_job
from verifier_web.service.catalogue import Published
from verifier_web.service.configuration import limits
from verifier_web.service.examples import EXAMPLES
from verifier_web.service.frames import Frame
from verifier_web.service.lookup import LONGEST, look_up
from verifier_web.service.pages import (
    ApiPage,
    ShownAnswer,
    ShownExample,
    ShownOperation,
    ShownParameter,
    service_frame,
)
from verifier_web.service.problems import ProblemError, bad_request, no_deployment, not_found
from verifier_web.service.uploads import ZIP

blueprint = Blueprint("api", __name__, url_prefix=openapi.BASE)
JSON = "application/json"
NONE: frozenset[str] = frozenset()


@blueprint.post("/verify")
def verify() -> Response:
    """The report about what was sent."""
    return _report(upload_job(page=False), shared=False)


@blueprint.get("/deployments/<id>/check")
def check(id: str) -> Response:
    """The report about a published deployment, made now; a HEAD makes none."""
    job = published_job(id, page=False)
    return _report_answer(iter(()), shared=True) if request.method == "HEAD" else _report(job, shared=True)


def _report(job: Frame, *, shared: bool) -> Response:
    *_, last = (Frame("failed", {"reason": "crash"}), *answers(job))  # none at all: the client is gone
    if last.kind != "done":
        raise ProblemError(ending_problem(last))
    return _report_answer(bytes(last.body), shared=shared)


def _report_answer(body: bytes | Iterator[bytes], *, shared: bool) -> Response:
    response = Response(body, content_type=JSON)
    response.headers.update(service_headers(data=True, shared=shared))
    return response


@blueprint.get("/deployments")
def deployments() -> Response:
    """All that are published."""
    check_parameters(NONE)
    return _json({"deployments": [item.to_json() for item in service().catalogue.all().values()]})


@blueprint.get("/deployments/<id>")
def deployment(id: str) -> Response:
    """One of them, with its files."""
    found = _published(id)
    files = [{"path": path, "size": size} for path, size in found.files.items()]
    return _json({**found.to_json(), "files": files})


@blueprint.get("/deployments/<id>/report")
def report(id: str) -> Response:
    """The report of the site's build."""
    return _file(f"deployments/{_published(id).id}/report.json", JSON)


@blueprint.get("/deployments/<id>/archive")
def archive(id: str) -> Response:
    """All files of a deployment."""
    return _file(f"deployments/{_published(id).id}/{id}.zip", ZIP)


@blueprint.get("/deployments/<id>/files/<path:path>")
def raw_file(id: str, path: str) -> Response:
    """One file as it was published."""
    found = _published(id)
    if path not in found.files:
        raise ProblemError(not_found())
    return _file(f"deployments/{found.id}/{RAW_FOLDER}/{path}", "application/octet-stream")


@blueprint.get("/fleet-keys")
def fleet_keys() -> Response:
    """Which deployments have a key."""
    asked = check_parameters(frozenset({"key"})).get("key", "")
    if not asked or len(asked) > LONGEST:
        raise ProblemError(
            bad_request("key", "the parameter key is missing or too long", expected=f"1 to {LONGEST} characters")
        )
    return _json(look_up(asked, service().catalogue.all().values()).to_json())


@blueprint.get("/limits")
def all_limits() -> Response:
    """Every limit, as it is configured."""
    check_parameters(NONE)
    shown = [{"name": item.name, "value": item.value, "unit": item.unit, "about": item.about}
             for item in limits(service().configuration)]  # fmt: skip
    return _json({"limits": shown})


@blueprint.get("/openapi.json")
def description() -> Response:
    """What this interface takes and answers, for programs."""
    return _json(openapi.document(service().configuration))


@blueprint.get("/")
def page() -> Response:
    """The same for people."""
    found = service()
    if not request.path.endswith("/"):
        response = Response(status=308)  # links on the page are relative to its folder
        response.headers.update({**service_headers(), "Location": "v1/"})
        return response
    frame = service_frame(
        title="Interface for programs",
        description=openapi.SUMMARY,
        root="../../",
        moment=found.clock(),
        assets=found.assets,
    )
    shown = ApiPage(
        frame=frame, title="Interface for programs", summary=openapi.SUMMARY, openapi=openapi.VERSION,
        operations=tuple(shown_operations(openapi.document(found.configuration))),
    )  # fmt: skip
    response = Response(found.renderer.render(shown), content_type="text/html; charset=utf-8")
    response.headers.update(service_headers(cached=True))
    return response


@blueprint.route("/<path:_path>", methods=["GET"])
def nothing(_path: str) -> Response:
    """No address of this interface is a file of the site."""
    raise ProblemError(not_found())


def shown_operations(document: dict[str, Any]) -> list[ShownOperation]:
    """The operations of the document as its page shows them."""
    shown = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            shown.append(_shown(method.upper(), path, operation, document))
    return shown


def _shown(method: str, path: str, operation: dict[str, Any], document: dict[str, Any]) -> ShownOperation:
    example = EXAMPLES.get(operation["operationId"])
    told = {"with curl": example.curl, "in Python": example.python} if example else {}
    return ShownOperation(
        id=operation["operationId"],
        method=method,
        path=openapi.BASE + path,
        summary=operation["summary"],
        description=operation["description"],
        parameters=tuple(
            ShownParameter(
                name=item["name"], place=item["in"], required=item["required"], description=item["description"]
            )
            for item in operation["parameters"]
        ),
        bodies=tuple(operation.get("requestBody", {}).get("content", ())),
        answers=tuple(_answer(status, value, document) for status, value in operation["responses"].items()),
        examples=tuple(ShownExample(title=title, text=text) for title, text in told.items()),
    )


def _answer(status: str, value: dict[str, Any], document: dict[str, Any]) -> ShownAnswer:
    if "$ref" in value:
        value = document["components"]["responses"][PurePosixPath(value["$ref"]).name]
    return ShownAnswer(
        status=status, media=", ".join(value.get("content", ())) or None, description=value["description"]
    )


def _published(id: str) -> Published:
    check_parameters(NONE)
    found = service().catalogue.all().get(id)
    if found is None:
        raise ProblemError(no_deployment(id))
    return found


def _json(value: object) -> Response:
    return _tagged(json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8") + b"\n", JSON)


def _file(path: str, media: str) -> Response:
    place = find_file(service().configuration.site.resolve(), "/" + path)
    if place is None:
        return problem_answer(not_found())
    return _tagged(place.read_bytes(), media)


def _tagged(body: bytes, media: str) -> Response:
    """A public answer that may be kept as long as it is asked about: a strong tag (RFC 9110, 8.8.3)."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response = (
        Response(status=304) if tag in request.headers.get("If-None-Match", "") else Response(body, content_type=media)
    )
    response.headers.update(service_headers(data=True, cached=True, shared=True))
    response.headers["ETag"] = tag
    return response
