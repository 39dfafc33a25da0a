"""The Flask application: no session, no cookie, no database, and no look into what was uploaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import cast

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.sansio.utils import host_is_trusted

from generator.assets import site_assets
from generator.pages.frame import LOG_FOLDER, Assets, log_entry
from generator.rendering import Renderer, make_renderer
from verifier_web.headers import service_headers
from verifier_web.service.catalogue import Catalogue
from verifier_web.service.clients import client_of
from verifier_web.service.configuration import Configuration
from verifier_web.service.metrics import Metrics
from verifier_web.service.pages import ProblemPage, service_frame
from verifier_web.service.pool import Runner
from verifier_web.service.problems import MEDIA_TYPE, Problem, ProblemError, failed, not_found

KEY = "vaultproof-service"
API = "/api/"
OPERATIONS = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by machines of the house, by address: no host name to compare."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What requests are answered with.  ``own_files`` are style sheet and icon, should the site have others."""

    configuration: Configuration
    runner: Runner
    metrics: Metrics
    catalogue: Catalogue
    renderer: Renderer
    assets: Assets
    own_files: dict[str, bytes] = field(repr=False)
    ready: Callable[[], bool]
    clock: Callable[[], datetime] = _now

    def asset_values(self) -> dict[str, str]:
        """The assets of pages that are made elsewhere."""
        values = {"stylesheet": self.assets.stylesheet, "icon": self.assets.icon}
        return values if self.assets.log is None else {**values, "log": self.assets.log}


def _logs(site: Path) -> list[str]:
    """The copies of logs that the site has pages about: its menu leads there, and so does this service's."""
    folder = site / LOG_FOLDER
    return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def service() -> Service:
    """The service that the request at hand belongs to."""
    return cast(Service, current_app.extensions[KEY])


def client() -> str:
    """Who asks, for fairness alone."""
    return client_of(
        request.remote_addr or "", request.headers.get("X-Forwarded-For", ""), service().configuration.trusted_proxies
    )


def create_app(
    configuration: Configuration,
    runner: Runner,
    *,
    templates: Path,
    metrics: Metrics | None = None,
    ready: Callable[[], bool] = lambda: True,
    clock: Callable[[], datetime] = _now,
) -> Flask:
    """An application that has checks run by ``runner``.  Raises ``BuildError`` when templates are missing."""
    from verifier_web.service import api, lookup_page, operations, service_pages, site

    app = Flask("verifier_web.service", static_folder=None, template_folder=None)
    assets, own_files = site_assets(templates, None, None)
    assets = replace(assets, log=log_entry(_logs(configuration.site)))
    app.extensions[KEY] = Service(
        configuration=configuration, runner=runner, metrics=metrics or Metrics(), ready=ready, clock=clock,
        catalogue=Catalogue(configuration.site), renderer=make_renderer(templates), assets=assets, own_files=own_files,
    )  # fmt: skip
    # Flask's own reading of forms would put large parts into files: it is never used, and these caps say so.
    app.config.update(MAX_CONTENT_LENGTH=configuration.upload_bytes, MAX_FORM_MEMORY_SIZE=0, MAX_FORM_PARTS=0)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.before_request(_check_host)
    app.after_request(_methods)
    app.after_request(_count)
    app.register_error_handler(ProblemError, lambda error: problem_answer(error.problem))
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _crash)
    for blueprint in (
        operations.blueprint, service_pages.blueprint, lookup_page.blueprint, api.blueprint, site.blueprint,
    ):  # fmt: skip
        app.register_blueprint(blueprint)
    return app


def _check_host() -> Response | None:
    """Answer for the names that are configured: no other name may be put into links or caches by a request."""
    if request.path in OPERATIONS or host_is_trusted(request.host, service().configuration.hosts):
        return None
    return problem_answer(
        Problem(
            code="host", title="this service does not answer for that host name", status=400, found=request.host[:80]
        )
    )


def _methods(response: Response) -> Response:
    """Flask answers by itself which methods there are: with the headers of every other answer."""
    if request.method == "OPTIONS" and response.status_code == HTTPStatus.OK:
        response.headers.update({**service_headers(data=True), "Content-Type": "text/plain; charset=utf-8"})
    return response


def _count(response: Response) -> Response:
    service().metrics.count("requests", f"{response.status_code // 100}xx")
    return response


def problem_answer(problem: Problem) -> Response:
    """A problem as ``problem+json`` for programs, else as a page."""
    found = service()
    if request.path.startswith(API) or request.path in OPERATIONS:
        response = found_json(problem)
    else:
        root = "../" * (request.path.count("/") - 1)
        frame = service_frame(
            title="Could not check",
            description="There is no verdict.",
            root=root,
            moment=found.clock(),
            assets=found.assets,
        )
        page = ProblemPage(frame=frame, problem=problem, asked=request.path.startswith("/verify"))
        response = Response(found.renderer.render(page), problem.status, mimetype="text/html")
        response.headers.update(service_headers())
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    return response


def found_json(problem: Problem) -> Response:
    """The problem alone, as ``application/problem+json``; readable by scripts of any site, as what it stands for."""
    import json

    body = json.dumps(problem.to_json(), ensure_ascii=False).encode("utf-8")
    response = Response(body, problem.status, content_type=MEDIA_TYPE)
    response.headers.update(service_headers(data=True, shared=request.method in ("GET", "HEAD")))
    return response


def _http_error(error: HTTPException) -> Response:
    """Flask's own refusals in our form."""
    if isinstance(error, NotFound):
        return problem_answer(not_found())
    status = error.code or 500
    code = "-".join(error.name.lower().split())
    response = problem_answer(Problem(code=code, title=error.name.lower(), status=status))
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response


def _crash(error: Exception) -> Response:
    """A fault of ours.  Its kind is logged; its words are not, because they may quote what was sent."""
    current_app.logger.error("a request failed: %s", type(error).__name__)
    return problem_answer(failed("crash"))


def as_values(problem: Problem) -> dict[str, object]:
    """A problem as plain values, for another process."""
    return asdict(problem)
