"""The interface for programs: its document, its fuzzing, its examples as they stand, and its answers by hand."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from generator.rehearsal.signer import NAMESPACE
from tests import served
from tests.cases import harness
from vaultproof.archive import write_stored_zip
from verifier_web.service import openapi
from verifier_web.service.api import shown_operations
from verifier_web.service.application import KEY
from verifier_web.service.configuration import Configuration, limits
from verifier_web.service.examples import EXAMPLES, HOST

DEPLOYMENT = "rehearsal-messenger-2026"
FILES = harness.tree(harness.EVIDENCE / "deployments" / DEPLOYMENT)
ARCHIVE = write_stored_zip(FILES)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
ROUNDS = int(os.environ.get("VAULTPROOF_FUZZING", "8"))


@pytest.fixture(scope="module")
def app(site: Path) -> Flask:
    return served.application(Configuration(site=site))


def test_the_document_is_valid_and_complete(app: Flask) -> None:
    document = app.test_client().get("/api/v1/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    rules = {
        rule.rule.removeprefix(openapi.BASE).replace("<path:path>", "{path}").replace("<id>", "{id}")
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(openapi.BASE + "/") and rule.endpoint not in ("api.page", "api.nothing")
    }
    assert rules == {*document["paths"], "/openapi.json"}
    jsonschema.Draft202012Validator.check_schema(document["components"]["schemas"]["Report"])
    ids = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(set(ids)) == len(ids)
    assert set(EXAMPLES) <= set(ids)


def test_the_page_shows_the_whole_document(app: Flask) -> None:
    page = html.unescape(app.test_client().get("/api/v1/").text)
    for operation in shown_operations(openapi.document(app.extensions[KEY].configuration)):
        assert operation.summary in page
        assert f'id="{operation.id}"' in page
    told = html.unescape(app.test_client().get("/limits").text)
    for limit in limits(Configuration()):
        assert limit.about in told
        assert f">{limit.name}<" in told
    shown = app.test_client().get("/api/v1/limits").get_json()["limits"]
    assert [item["name"] for item in shown] == [limit.name for limit in limits(Configuration())]


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # werkzeug's *client* spools large bodies
def test_what_the_document_allows_and_much_that_it_does_not(app: Flask) -> None:
    """Short here; with VAULTPROOF_FUZZING=1250 it is about 17,000 requests."""
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app.wsgi_app)
    document = openapi.document(app.extensions[KEY].configuration)["paths"]
    asked = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        told = document[operation.path][operation.method.lower()]
        modes = [schemathesis.GenerationMode.POSITIVE]
        if told["parameters"]:  # without any, there is nothing to ask wrongly
            modes.append(schemathesis.GenerationMode.NEGATIVE)
        for mode in modes:

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=ROUNDS, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            def ask(case: Any) -> None:
                nonlocal asked
                asked += 1
                response = case.call(base_url="http://localhost/api/v1")
                case.validate_response(response, checks=CHECKS)

            ask()
    assert asked >= 10 * ROUNDS


@given(body=st.binary(max_size=2000), kind=st.sampled_from(["application/zip", served.FORM, "multipart/form-data", ""]))
@settings(max_examples=60, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_bytes_have_an_answer(app: Flask, body: bytes, kind: str) -> None:
    for start in (b"", ARCHIVE[:400], ARCHIVE[-2000:]):
        answer = app.test_client().post("/api/v1/verify", data=start + body, content_type=kind)
        assert 400 <= answer.status_code < 500
        jsonschema.validate(answer.get_json(), openapi.document(Configuration())["components"]["schemas"]["Problem"])


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/verify?at=yesterday", 400, "bad-time"),
        ("/api/v1/verify?at=2026-13-01T00:00:00Z", 400, "bad-time"),
        ("/api/v1/verify?at=2026-11-22T12:00:00Z&at=2026-11-22T12:00:00Z", 400, "parameter-twice"),
        ("/api/v1/verify?evidence_digest=00", 400, "evidence-digest"),
        ("/api/v1/verify?evidence_digest=", 400, "evidence-digest"),
        ("/api/v1/verify?trust=mine", 400, "parameter-unknown"),
        ("/api/v1/none", 405, "method-not-allowed"),
    ],
)
def test_a_question_that_cannot_be_understood(path: str, status: int, code: str, app: Flask) -> None:
    answer = app.test_client().post(path, data=ARCHIVE, content_type="application/zip")
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/v1/deployments/none", "no-such-deployment"),
        ("/api/v1/deployments/none/check", "no-such-deployment"),
        ("/api/v1/deployments/../check", "no-such-deployment"),
        (f"/api/v1/deployments/{DEPLOYMENT}/files/none.json", "not-found"),
        (f"/api/v1/deployments/{DEPLOYMENT}/files/../report.json", "not-found"),
        ("/api/v1/anything", "not-found"),
    ],
)
def test_what_is_not_there(path: str, code: str, app: Flask) -> None:
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.get_json()["code"]) == (404, code)


def test_raw_files_come_byte_for_byte(app: Flask) -> None:
    client = app.test_client()
    listed = client.get(f"/api/v1/deployments/{DEPLOYMENT}").get_json()["files"]
    assert {item["path"]: item["size"] for item in listed} == {path: len(data) for path, data in FILES.items()}
    for path, data in FILES.items():
        answer = client.get(f"/api/v1/deployments/{DEPLOYMENT}/files/{path}")
        assert (answer.data, answer.mimetype) == (data, "application/octet-stream")
    assert client.get(f"/api/v1/deployments/{DEPLOYMENT}/archive").data == ARCHIVE


def test_the_menu_is_that_of_the_site(app: Flask) -> None:
    for path, root in (("/limits", ""), ("/api/v1/", "../../"), (f"/verify/{DEPLOYMENT}", "../")):
        (entry,) = re.findall(r'<li><a href="([^"]*)">Log</a></li>', app.test_client().get(path).text)
        assert entry.removeprefix("./") == f"{root}log/{NAMESPACE}/", path


def test_an_evidence_digest_that_was_given_is_compared(app: Flask) -> None:
    for path in (f"/api/v1/deployments/{DEPLOYMENT}/check", f"/verify/{DEPLOYMENT}"):
        right = app.test_client().get("/api/v1/deployments").get_json()["deployments"]
        digest = next(item["evidence_digest"] for item in right if item["id"] == DEPLOYMENT)
        assert "contradicted" not in app.test_client().get(f"{path}?evidence_digest={digest.upper()}").text
        assert "contradicted" in app.test_client().get(f"{path}?evidence_digest={'00' * 32}").text
    body = served.form_of_archive(ARCHIVE, evidence_digest="00" * 32)
    assert "contradicted" in app.test_client().post("/verify", data=body, content_type=served.FORM).text
    body = served.form_of_archive(ARCHIVE, evidence_digest="zz")
    answer = app.test_client().post("/verify", data=body, content_type=served.FORM)
    assert answer.status_code == 422
    assert ">evidence-digest<" in answer.text


def test_the_form_gives_the_report_as_a_file(app: Flask) -> None:
    body = served.form_of_archive(ARCHIVE, answer="report")
    answer = app.test_client().post("/verify", data=body, content_type=served.FORM)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="report.json"'
    assert answer.get_json()["verdict"]["outcome"] == "verified"


# --- examples as they stand ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(app: Flask, site: Path) -> Iterator[str]:
    configuration = Configuration(site=site, listen="127.0.0.1:0")
    with served.running(app, configuration) as server:
        yield server.address.removesuffix("/")


@pytest.mark.parametrize("form", ["curl", "python"])
@pytest.mark.parametrize("id", EXAMPLES)
def test_an_example_runs_as_it_stands(id: str, form: str, address: str, tmp_path: Path) -> None:
    (tmp_path / "deployment.zip").write_bytes(ARCHIVE)
    text = getattr(EXAMPLES[id], form).replace(HOST, address)
    command = ["sh", "-ec", text] if form == "curl" else [sys.executable, "-c", text]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    told = done.stdout
    if form == "curl" and id != "getArchive":
        value = json.loads(told)
        assert "code" not in value
        assert value
    elif form == "python":
        assert told.strip()
    if id == "getArchive":
        assert (tmp_path / "deployment.zip").read_bytes() == ARCHIVE
    if id == "verifyUpload":
        assert "verified" in told
