"""For those who run the service: is it alive, may it be asked, and what has it counted."""

from __future__ import annotations

from flask import Blueprint, Response

from verifier_web.headers import service_headers
from verifier_web.service.application import service
from verifier_web.service.metrics import MEDIA_TYPE

blueprint = Blueprint("operations", __name__)
_TEXT = "text/plain; charset=utf-8"


@blueprint.get("/healthz")
def health() -> Response:
    """The process answers."""
    return _answer("alive\n", 200, _TEXT)


@blueprint.get("/readyz")
def readiness() -> Response:
    """Requests are welcome: workers run, the site is there, and nobody has told the service to stop."""
    found = service()
    try:
        ready = found.ready() and bool(found.catalogue.all() is not None)
    except OSError:
        ready = False
    return _answer("ready\n" if ready else "not ready\n", 200 if ready else 503, _TEXT)


@blueprint.get("/metrics")
def metrics() -> Response:
    """Counters in Prometheus' text format: numbers about the service, nothing about anybody."""
    found = service()
    queue = getattr(found.runner, "queue", None)
    gauges = {} if queue is None else {"checks_at_work": float(queue.at_work), "checks_waiting": float(queue.waiting)}
    return _answer(found.metrics.text(gauges), 200, MEDIA_TYPE)


def _answer(text: str, status: int, media: str) -> Response:
    response = Response(text, status, content_type=media)
    response.headers.update(service_headers(data=True))
    return response
