"""Every case and every committed deployment, by the service's interface and by its page: one answer everywhere."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

import vaultproof
from tests import served
from tests.cases import harness
from tests.cases.library import procedures, run
from vaultproof.errors import Unavailable, VaultproofError
from vaultproof.presentation.view import step_view, verdict_view
from vaultproof.presentation.words import Words
from vaultproof.report import Report
from vaultproof.strict.encodings import parse_time
from vaultproof.trust.configuration import TrustSet, read_trust_set
from verifier_web.service.checking import read_pinned
from verifier_web.service.configuration import Configuration
from verifier_web.service.problems import from_error

CASES = {name: harness.load(name) for name in harness.names()}
BY_EVIDENCE = [name for name, case in CASES.items() if case.expected.by == "evidence"]
BY_TRUST = [name for name, case in CASES.items() if case.expected.by == "trust"]
REPORT_LINK = re.compile(rb'href="data:application/json;base64,([A-Za-z0-9+/=]+)"')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return served.make_site(tmp_path_factory.mktemp("service") / "site")


def expected_bytes(files: Mapping[str, bytes], trust: TrustSet, clock: str, digest: str | None) -> bytes:
    """What the command line prints: the same call."""
    return vaultproof.check(
        files, trust=trust, procedures=procedures(), at=parse_time(clock), evidence_digest=digest
    ).to_bytes()


def asked(clock: str, digest: str | None) -> dict[str, str]:
    return {"at": clock, **({} if digest is None else {"evidence_digest": digest})}


def by_interface(app: Flask, archive: bytes, query: Mapping[str, str]) -> TestResponse:
    return app.test_client().post(
        "/api/v1/verify", data=archive, query_string=dict(query), content_type="application/zip"
    )


def by_page(app: Flask, archive: bytes, query: Mapping[str, str]) -> TestResponse:
    body = served.form_of_archive(archive)
    return app.test_client().post("/verify", data=body, query_string=dict(query), content_type=served.FORM)


def words_of(report: Report) -> list[str]:
    """Every sentence that the static page would show of this report, as HTML."""
    procedure = procedures()[report.procedure_version]
    words = Words(procedure, procedure.plan(report.distribution or "over-the-air"))
    verdict = verdict_view(report, words)
    told = [verdict.label, verdict.sentence, verdict.counts, verdict.parties_sentence, *verdict.establishes]
    told += verdict.does_not_establish
    for result in report.steps:
        step = step_view(procedure.steps[result.id], result, words)
        told += [step.question, step.status_label, step.sentence, step.does_not_establish]
        told += [part.sentence for part in step.substeps]
    return told


def text_of(page: bytes) -> str:
    return html.unescape(page.decode("utf-8"))


def assert_page_tells(page: bytes, data: bytes, report: Report) -> None:
    """The page carries these report bytes, has every anchor, and says every sentence."""
    link = REPORT_LINK.search(page)
    assert link is not None
    assert base64.b64decode(link[1], validate=True) == data
    assert re.findall(rb'<li class="step" id="step-([a-z-]+)" data-status="([a-z_]+)"', page) == [
        (step.id.encode(), step.status.value.encode()) for step in report.steps
    ]
    for anchor in ("verdict", "check", "who", "steps", "report", "downloads"):
        assert page.count(f'id="{anchor}"'.encode()) == 1
    assert f'data-outcome="{report.verdict.outcome.value}"'.encode() in page
    text = text_of(page)
    assert [sentence for sentence in words_of(report) if sentence not in text] == []


@pytest.mark.parametrize("name", BY_EVIDENCE)
def test_a_case_comes_out_as_it_must(name: str, site: Path) -> None:
    case = CASES[name]
    app = served.application(Configuration(site=site), case.trust)
    query, archive = asked(case.clock, case.evidence_digest), served.zipped(case.files)
    answer, page = by_interface(app, archive, query), by_page(app, archive, query)
    if case.expected.refused is not None:
        with pytest.raises(VaultproofError) as caught:
            run(case)
        harness.check_refusal(answer.get_json()["code"], case.expected)
        assert answer.status_code == page.status_code == from_error(caught.value).status
        assert answer.mimetype == "application/problem+json"
        assert f">{case.expected.refused}<" in page.text
        assert "Could not check here" in page.text
        return
    data = expected_bytes(case.files, read_trust_set(case.trust), case.clock, case.evidence_digest)
    report = run(case)
    assert answer.status_code == page.status_code == 200
    assert answer.data == data
    harness.check_report(answer.get_json(), case.expected)
    assert answer.get_json()["report_digest"] == report.digest
    assert_page_tells(page.data, data, report)


def test_some_cases_are_about_trust() -> None:
    assert len(BY_EVIDENCE) >= 60
    assert BY_TRUST


@pytest.mark.parametrize("name", BY_TRUST)
def test_a_service_does_not_start_with_trust_that_cannot_be_used(name: str, site: Path, tmp_path: Path) -> None:
    for path, data in CASES[name].trust.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    with pytest.raises(Unavailable) as caught:
        read_pinned(Configuration(site=site, trust=tmp_path))
    assert caught.value.code == "trust-unusable"


@pytest.mark.parametrize("id", served.DEPLOYMENTS)
def test_a_published_deployment_has_one_answer(id: str, site: Path) -> None:
    pinned = read_pinned(Configuration(site=site))
    app = served.application(Configuration(site=site))
    query = {"at": "2026-11-22T12:00:00Z"}
    files = harness.tree(harness.EVIDENCE / "deployments" / id)
    data = expected_bytes(files, pinned.trust, query["at"], None)
    answer = app.test_client().get(f"/api/v1/deployments/{id}/check", query_string=query)
    page = app.test_client().get(f"/verify/{id}", query_string=query)
    assert answer.data == data
    report = vaultproof.check(files, trust=pinned.trust, procedures=procedures(), at=served.CLOCK)
    assert_page_tells(page.data, data, report)
    built = app.test_client().get(f"/api/v1/deployments/{id}/report").get_json()
    assert built["report_digest"] == report.digest
    assert f'href="../deployments/{id}/"'.encode() in page.data


@pytest.mark.parametrize("top", ["", "a-folder/"])
def test_files_one_by_one_give_the_same_report(top: str, site: Path) -> None:
    files = harness.tree(harness.EVIDENCE / "deployments" / served.DEPLOYMENTS[0])
    app = served.application(Configuration(site=site))
    answer = app.test_client().post(
        "/api/v1/verify?at=2026-11-22T12:00:00Z",
        data=served.form_of_files(files, top=top),
        content_type=served.FORM,
    )
    trust = read_pinned(Configuration(site=site)).trust
    assert answer.data == expected_bytes(files, trust, "2026-11-22T12:00:00Z", None)
