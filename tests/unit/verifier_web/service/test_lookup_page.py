"""Is my app using this fleet, as a page: four answers in plain words, and links to what they rest on."""

from __future__ import annotations

import html
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests import served
from tests.unit.generator.html_reader import read
from verifier_web.service.catalogue import Published, read_published
from verifier_web.service.configuration import Configuration
from verifier_web.service.lookup import LONGEST, SENTENCES, Answer, look_up

CURRENT, RETIRED = "rehearsal-messenger-2026", "rehearsal-messenger-2025"


@pytest.fixture(scope="module")
def client(site: Path) -> FlaskClient:
    return served.application(Configuration(site=site)).test_client()


@pytest.fixture(scope="module")
def published(site: Path) -> dict[str, Published]:
    return dict(read_published(site))


def questions(published: dict[str, Published]) -> dict[Answer, str]:
    """A question for each answer."""
    current, old = published[CURRENT].keys, published[RETIRED].keys
    retired = next(key for key in old if key.key not in {item.key for item in current})
    return {
        Answer.THIS_FLEET: current[0].fingerprint, Answer.RETIRED: retired.fingerprint,
        Answer.NONE_PUBLISHED: "00" * 32, Answer.NOT_READABLE: "what is this?",
    }  # fmt: skip


def text_of(page: str) -> str:
    return html.unescape(page)


def test_without_a_question_there_is_a_form_and_no_answer(client: FlaskClient) -> None:
    answer = client.get("/fleet-key")
    assert answer.status_code == 200
    assert '<form class="check" method="get" action="fleet-key"' in answer.text
    assert "data-answer" not in answer.text
    assert "REHEARSAL" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.get("/fleet-key/").status_code == 200


@pytest.mark.parametrize("kind", list(Answer))
def test_each_answer_is_said_in_the_words_of_the_interface(
    kind: Answer, client: FlaskClient, published: dict[str, Published]
) -> None:
    asked = questions(published)[kind]
    page = client.get("/fleet-key", query_string={"key": asked})
    assert page.status_code == 200
    assert page.text.count(f'data-answer="{kind.value}"') == 1
    assert look_up(asked, published.values()).sentence in text_of(page.text)
    assert asked in text_of(page.text)  # what was asked can be corrected
    document = read(page.text)
    assert document.problems == []
    assert len(set(document.ids)) == len(document.ids)


def test_a_match_leads_to_the_deployment_and_to_its_check(client: FlaskClient, published: dict[str, Published]) -> None:
    page = client.get("/fleet-key", query_string={"key": questions(published)[Answer.THIS_FLEET]})
    links = read(page.text).links
    assert f"deployments/{CURRENT}/#keys" in links
    assert f"verify/{CURRENT}" in links
    assert "REHEARSAL" in read(page.text).title
    for link in links:
        if not link.startswith("#"):
            with client.get("/" + link.partition("#")[0].removeprefix("./")) as answer:
                assert answer.status_code in (200, 301), link


def test_a_retired_fleet_leads_to_the_one_that_replaced_it(
    client: FlaskClient, published: dict[str, Published]
) -> None:
    page = client.get("/fleet-key", query_string={"key": questions(published)[Answer.RETIRED]})
    assert f"deployments/{RETIRED}/#keys" in read(page.text).links
    assert f"deployments/{CURRENT}/" in read(page.text).links


def test_all_keys_of_all_deployments_are_found(client: FlaskClient, published: dict[str, Published]) -> None:
    for item in published.values():
        for key in item.keys:
            page = client.get("/fleet-key", query_string={"key": key.fingerprint})
            assert f"deployments/{item.id}/#keys" in read(page.text).links


def test_what_is_asked_is_shown_as_text_alone(client: FlaskClient) -> None:
    page = client.get("/fleet-key", query_string={"key": "</textarea><script>alert(1)</script>"})
    assert "<script" not in page.text
    assert "&lt;/textarea&gt;" in page.text


def test_a_question_that_is_too_long_is_not_readable(client: FlaskClient) -> None:
    page = client.get("/fleet-key?key=" + "A" * (LONGEST + 1))
    assert 'data-answer="not-readable"' in page.text
    assert "A" * 200 not in page.text


def test_other_parameters_are_refused(client: FlaskClient) -> None:
    assert client.get("/fleet-key?fleet=1").status_code == 400
    assert client.get("/fleet-key?key=00&key=11").status_code == 400


def test_an_empty_question_is_not_readable(client: FlaskClient) -> None:
    assert 'data-answer="not-readable"' in client.get("/fleet-key?key=").text


def test_pages_of_the_service_and_of_a_deployment_lead_here(client: FlaskClient) -> None:
    for path in ("/verify", "/api/v1/", f"/deployments/{CURRENT}/"):
        with client.get(path) as page:
            assert "fleet-key" in " ".join(read(page.get_data(as_text=True)).links), path


def test_there_is_a_question_for_every_answer(published: dict[str, Published]) -> None:
    assert set(questions(published)) == set(SENTENCES) == set(Answer)
