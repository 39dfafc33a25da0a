"""The page of the question whether one's app uses a fleet: a form that asks by its address, and the answer."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, request

from verifier_web.headers import service_headers
from verifier_web.service.application import service
from verifier_web.service.asking import check_parameters
from verifier_web.service.catalogue import Published
from verifier_web.service.lookup import LONGEST, Answer, Found, look_up
from verifier_web.service.pages import Listed, LookupPage, Match, service_frame

blueprint = Blueprint("lookup", __name__)
TITLE = "Is my app using this fleet?"
LABELS = {
    Answer.THIS_FLEET: "This key is published here, for a fleet in use",
    Answer.RETIRED: "This key is of a fleet that was replaced",
    Answer.NONE_PUBLISHED: "No deployment published here has this key",
    Answer.NOT_READABLE: "This cannot be read as a key or a fingerprint",
}


@blueprint.get("/fleet-key")
def page() -> Response:
    """The form, and the answer once something was asked."""
    asked = check_parameters(frozenset({"key"})).get("key")
    published = service().catalogue.all()
    found = None if asked is None else look_up(asked, published.values())
    response = Response(_rendered(asked or "", found, published), content_type="text/html; charset=utf-8")
    response.headers.update(service_headers())
    return response


def _rendered(asked: str, found: Found | None, published: Mapping[str, Published]) -> bytes:
    matches = _matches(found, published) if found else ()
    rehearsal = bool(matches) and all(match.rehearsal for match in matches)
    frame = service_frame(
        title=f"{'REHEARSAL: ' if rehearsal else ''}{TITLE}",
        description="Which published deployment has the key that an app shows.",
        root="../" * (request.path.count("/") - 1),
        moment=service().clock(),
        assets=service().assets,
        rehearsal=rehearsal,
    )
    shown = LookupPage(
        frame=frame, longest=LONGEST, asked=asked if len(asked) <= LONGEST else "",
        answer=found.answer.value if found else None, label=LABELS[found.answer] if found else "",
        sentence=found.sentence if found else "", matches=matches,
    )  # fmt: skip
    return service().renderer.render(shown)


def _matches(found: Found, published: Mapping[str, Published]) -> tuple[Match, ...]:
    return tuple(
        Match(
            id=item["deployment"],
            title=item["title"],
            rehearsal=item["rehearsal"],
            role=item["role"],
            fingerprint=item["fingerprint"],
            superseded_by=_newer(published.get(item["superseded_by"] or "")),
        )
        for item in found.matches
    )


def _newer(found: Published | None) -> Listed | None:
    if found is None:
        return None
    return Listed(id=found.id, title=found.announced.title, rehearsal=found.announced.rehearsal)
