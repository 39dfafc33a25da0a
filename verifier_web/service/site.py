"""The built site, with the headers of the one table: any address that is nothing else."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from flask import Blueprint, Response, request
from werkzeug.wsgi import wrap_file

from verifier_web.headers import headers_for, service_headers
from verifier_web.preview import NOT_FOUND_PAGE, coded_file, entity_tag, find_file
from verifier_web.service.application import problem_answer, service
from verifier_web.service.problems import not_found

blueprint = Blueprint("site", __name__)


@blueprint.get("/", defaults={"path": ""})
@blueprint.get("/<path:path>")
def file(path: str) -> Response:
    """A file of the site, a folder's own page, or the page for what is not there."""
    found, address = service(), "/" + path
    root = found.configuration.site.resolve()
    place = find_file(root, quote(address))
    if place is not None:
        return file_answer(place, address)
    if path in found.own_files:
        return _own(found.own_files[path], address)
    if path and find_file(root, quote(address) + "/") is not None:
        # Relative, so that it holds behind any proxy; no segment is empty, so it cannot name another host.
        response = Response(status=301)
        response.headers.update({**service_headers(cached=True), "Location": quote(path.rpartition("/")[2]) + "/"})
        return response
    missing = find_file(root, "/" + NOT_FOUND_PAGE)
    if missing is None:
        return problem_answer(not_found())
    return file_answer(missing, "/" + NOT_FOUND_PAGE, status=404)


def file_answer(place: Path, address: str, *, status: int = 200) -> Response:
    """The file at ``place`` as the answer for ``address``; only asked-about copies are confirmed."""
    coding, copy = coded_file(place, request.headers.get("Accept-Encoding", ""))
    tag = entity_tag(copy, coding)
    if status == 200 and tag in request.headers.get("If-None-Match", ""):
        response = Response(status=304)
    else:
        response = Response(wrap_file(request.environ, copy.open("rb")), status, direct_passthrough=True)
        response.content_length = copy.stat().st_size
    response.headers.update(headers_for(address))
    response.headers["Vary"] = "Accept-Encoding"
    if coding is not None:
        response.headers["Content-Encoding"] = coding
    if status == 200:
        response.headers["ETag"] = tag
    return response


def _own(data: bytes, address: str) -> Response:
    """Style sheet or icon of this version, where the site was built by another."""
    response = Response(data)
    response.headers.update(headers_for(address))
    return response
