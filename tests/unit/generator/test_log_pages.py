"""Pages about the signer's log: what is told of a copy that holds, of one that does not, and of a large one."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from generator.build import build_site
from generator.errors import BuildError, PublicationRefusedError
from generator.pages.frame import log_entry
from generator.rehearsal.log_copy import COPIED_AT
from generator.rehearsal.signer import NAMESPACE
from generator.signer_log.api import api_roots
from generator.signer_log.checking import CheckedLog
from generator.signer_log.epochs import ALL_UP_TO, NEWEST, select_epochs
from generator.signer_log.opened import open_logs
from tests.unit.generator.conftest import ENGINE, Site
from tests.unit.generator.html_reader import read
from tests.unit.generator.planted_log import (
    COPY,
    LOGGED,
    SEEN,
    answer,
    day,
    everything,
    extra_key,
    key_file,
    log_evidence,
    logged,
    plant_copy,
    signed,
    with_extra_key,
)
from tests.unit.generator.test_pages import NEVER
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.mirror.answer import Resource
from vaultproof.signer_log.findings import Conclusion
from vaultproof.signer_log.fork import check_fork

LOG = f"log/{NAMESPACE}/"
PAGES = [LOG, f"{LOG}keys/", *(f"{LOG}epochs/{epoch}/" for epoch in (1, 2, 3))]


def page(site: Site, path: str) -> str:
    return site.pages[f"{path}index.html"]


def text(site: Site, path: str) -> str:
    """The words of a page, each once apart from the next."""
    return " ".join(read(page(site, path)).text.split())


# --- a copy that holds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_a_rehearsals_log_says_so(site: Site, path: str) -> None:
    html = page(site, path)
    assert read(html).title.startswith("REHEARSAL")
    assert 'data-scope="rehearsal"' in html.split("<head>")[0]
    assert html.index('class="rehearsal"') < html.index('class="masthead"')
    assert '<use href="#s-match"/>' not in html


@pytest.mark.parametrize("path", PAGES)
def test_pages_use_no_word_that_says_too_much(site: Site, log_site: Site, path: str) -> None:
    for built in (site, log_site):
        assert NEVER.findall(read(page(built, path)).text) == []


def test_the_overview_tells_verdict_epochs_coverage_and_age(site: Site) -> None:
    told = text(site, LOG)
    assert "REHEARSAL: Holds" in told
    assert "3 of 3 records hold, 0 findings, 2 notes" in told
    assert "3 of 3 logged epochs are explained by published evidence; 2 of 2 published deployments are found" in told
    assert "for 31 days: the grace period" in told
    assert "20 November 2026, 06:00 UTC, 1 day old at the moment of this check" in told
    assert "That every epoch in this copy belongs to a deployment published here, and the other way round." in told
    assert "2 records, epochs 1 to 2" in told
    assert "None: no fork" in told


def test_the_drawing_has_a_twin_in_words(site: Site) -> None:
    html = page(site, LOG)
    drawn = re.findall(r'<text class="node__title"[^>]*>(Epoch \d+)</text>', html)
    assert sorted(drawn) == ["Epoch 1", "Epoch 2", "Epoch 3"]
    for epoch in (1, 2, 3):
        assert f'<a href="epochs/{epoch}/"><span class="hidden">Epoch </span>{epoch}</a>' in html


def test_an_epochs_page_decodes_the_record_beside_its_bytes(site: Site) -> None:
    record = json.loads((COPY / f"namespaces/{NAMESPACE}/audits/2.json").read_bytes())
    html, told = page(site, f"{LOG}epochs/2/"), text(site, f"{LOG}epochs/2/")
    assert "11 May 2026, 09:00 UTC" in told
    assert "pinned as valid since 15 January 2025" in told
    assert record["digest"] in html.replace("</span><span>", "")
    assert "The signed message" in told
    message = bytes.fromhex(record["serialized_message"])
    assert message[:2].hex(" ") in html  # the ciphersuite
    assert "1778490000710: 11 May 2026, 09:00 UTC" in told
    assert "On the way to it, by its published history" in told
    assert "7 added; 14 keys in all. Compared with epoch 1." in told


def test_the_key_history_is_a_difference_an_epoch(site: Site) -> None:
    html = page(site, f"{LOG}keys/")
    parts = re.split(r'<section class="section" id="epoch-(\d)"', html)
    assert parts[1::2] == ["3", "2", "1"]
    counts = [(part.count("move--added"), part.count("move--removed")) for part in parts[2::2]]
    assert counts == [(0, 7), (7, 0), (7, 0)]
    compact = html.replace("</span><span>", "")
    for key in key_file(3)["keys"]:
        assert hashlib.sha256(base64.b64decode(key["key"])).hexdigest() in compact


def test_front_page_and_deployments_lead_to_the_log_and_back(site: Site) -> None:
    assert f'<a href="{LOG}">' in site.pages["index.html"]
    newest = site.deployment_pages["rehearsal-messenger-2026"]
    assert f'<a href="../../{LOG}epochs/3/">3</a>' in newest
    assert f'<a href="../../{LOG}">' in newest
    assert 'href="../../deployments/rehearsal-messenger-2026/"' in page(site, LOG)
    assert 'href="../../../../deployments/rehearsal-messenger-2025/"' in page(site, f"{LOG}epochs/1/")
    assert "/log/" not in site.deployment_pages["rehearsal-whatsapp-2025"].split("<main")[1]


def test_the_answers_stand_at_the_paths_of_the_api_byte_for_byte(site: Site) -> None:
    own = {
        "info": "info.json",
        "namespaces/index.html": "namespaces.json",
        f"namespaces/{NAMESPACE}/index.html": f"namespaces/{NAMESPACE}/namespace.json",
        **{f"namespaces/{NAMESPACE}/audits/{n}": f"namespaces/{NAMESPACE}/audits/{n}.json" for n in (1, 2, 3)},
        **{f"{LOG}key-files/{n}.json": f"namespaces/{NAMESPACE}/artifacts/{n}.json" for n in (1, 2, 3)},
    }
    for path, source in own.items():
        assert (site.folder / path).read_bytes() == (COPY / source).read_bytes(), path
    files = [path for path in (site.folder / "namespaces").rglob("*") if path.is_file()]
    assert {path.relative_to(site.folder).as_posix() for path in files} == {
        path for path in own if path.startswith("namespaces/")
    }


def test_the_clock_is_not_before_the_copy(site: Site, checked_log: CheckedLog) -> None:
    assert site.summary.clock >= COPIED_AT
    assert checked_log.conclusion is Conclusion.HOLDS
    assert [item.page for item in site.summary.logs] == [f"{LOG}index.html"]


def test_the_menu_leads_to_the_log_from_every_page_and_from_none_without_one(site: Site, failing_site: Site) -> None:
    for path, html in site.pages.items():
        depth = path.count("/")
        (entry,) = re.findall(r'<li><a href="([^"]*)"[^>]*>Log</a></li>', html)
        if path != "404.html":
            assert entry == ("../" * depth or "./") + LOG, path
        current = re.search(r'aria-current="([a-z]+)">Log</a>', html)
        assert (current[1] if current else None) == (
            None if not path.startswith("log/") else "page" if path == f"{LOG}index.html" else "true"
        ), path
    assert not any(">Log</a></li>" in html for html in failing_site.pages.values())


def test_several_logs_are_led_to_by_the_front_page() -> None:
    assert [log_entry(names) for names in ([], ["a"], ["a", "b"])] == [None, "log/a/", "#log"]


# --- a copy that does not hold ----------------------------------------------------------------------------------------


def test_what_does_not_hold_is_not_published(tmp_path: Path) -> None:
    evidence = plant_copy(log_evidence(tmp_path / "evidence"), everything())
    with pytest.raises(PublicationRefusedError) as refused:
        build_site(evidence=evidence, out=tmp_path / "out", engine=ENGINE)
    assert [(item.deployment, item.outcome) for item in refused.value.refusals] == [(NAMESPACE, "contradicted")]
    assert "fork: Epoch 2: The signer signed two different records" in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_what_could_not_be_checked_is_not_published_either(tmp_path: Path) -> None:
    evidence = plant_copy(log_evidence(tmp_path / "evidence", LOGGED[1:]), [], start=COPY)
    with pytest.raises(PublicationRefusedError) as refused:
        build_site(evidence=evidence, out=tmp_path / "out", engine=ENGINE)
    assert [item.outcome for item in refused.value.refusals] == ["incomplete"]
    assert [cast(Any, item).code for item in refused.value.refusals[0].troubles] == ["epoch-without-evidence"]


def test_a_log_that_signed_another_record_than_was_published_is_a_fork(tmp_path: Path) -> None:
    """Each side holds by itself: only side by side do they contradict each other."""
    evidence = log_evidence(tmp_path / "evidence")
    folder = COPY / f"namespaces/{NAMESPACE}"
    other = with_extra_key(key_file(2), "planted")
    answers = [
        answer(Resource.INFO, (COPY / "info.json").read_bytes()),
        answer(Resource.NAMESPACE, (folder / "namespace.json").read_bytes()),
        answer(Resource.AUDIT, (folder / "audits/1.json").read_bytes(), 1),
        *logged(2, other, day(5, 11)),
        answer(Resource.AUDIT, (folder / "audits/3.json").read_bytes(), 3),
        *(answer(Resource.ARTIFACT, (folder / f"artifacts/{epoch}.json").read_bytes(), epoch) for epoch in (1, 3)),
    ]
    plant_copy(evidence, answers, start=None)
    with pytest.raises(PublicationRefusedError) as refused:
        build_site(evidence=evidence, out=tmp_path / "out", engine=ENGINE)
    assert "fork: Epoch 2: The signer signed two different records" in str(refused.value)


def test_a_young_epoch_may_wait_for_its_evidence(tmp_path: Path) -> None:
    young = logged(4, with_extra_key(key_file(3)), day(11, 18))
    evidence = plant_copy(log_evidence(tmp_path / "evidence"), young)
    summary = build_site(evidence=evidence, out=tmp_path / "out", engine=ENGINE)
    assert [item.outcome for item in summary.logs] == ["verified"]
    told = text(Site(tmp_path / "out", summary), LOG)
    assert "Awaited The grace period runs, logged 3 days ago" in told
    assert "belongs to a deployment published here" not in told


def test_a_log_that_holds_cannot_be_published_as_failing(tmp_path: Path) -> None:
    evidence = plant_copy(log_evidence(tmp_path / "evidence"), [])
    with pytest.raises(BuildError, match="holds, so it cannot be published as failing"):
        build_site(evidence=evidence, out=tmp_path / "out", publish_failing={NAMESPACE}, engine=ENGINE)


def test_a_failing_log_says_so_first_on_every_page(log_site: Site) -> None:
    for path in [*PAGES, *(f"{LOG}epochs/{epoch}/" for epoch in (4, 5, 6, 7, 9))]:
        html = page(log_site, path)
        assert html.index('role="alert"') < html.index('class="masthead"')
    assert "REHEARSAL: Contradicted" in text(log_site, LOG)
    assert "Nothing, as long as the findings below stand." in text(log_site, LOG)


@pytest.mark.parametrize(
    ("code", "epoch", "sentence", "detail"),
    [
        ("epoch-without-evidence", 4, "This epoch was logged, and NO published deployment explains it",
         hashlib.sha256(extra_key()).hexdigest()),
        ("fork", 2, "The signer signed two different records for this epoch", "Both signed records in one file"),
        ("record-digest-reused", 6, "The same digest was logged at two epochs", "1, 6"),
        ("role-changed-in-log", 5, "A key that was there before was given another role", "rotation"),
        ("brought-record-fails", 9, "was taken from a copy, and it does NOT hold", "bad-signature"),
    ],
)  # fmt: skip
def test_what_was_planted_is_found_named_and_explained(
    log_site: Site, code: str, epoch: int, sentence: str, detail: str
) -> None:
    for path in (LOG, f"{LOG}epochs/{epoch}/"):
        items = re.findall(r'<li class="substep" id="finding.*?</li>', page(log_site, path), re.DOTALL)
        told = [item for item in items if f">{code}</code>" in item and f">Epoch {epoch}</a>" in item]
        assert len(told) == 1, (path, code)
        assert sentence in told[0]
        assert detail in told[0]


def test_what_is_worst_stands_first(log_site: Site) -> None:
    html = page(log_site, LOG)
    alarm = html.split('role="alert"')[1].split("</ul>")[0]
    codes = re.findall(r'<code class="code">([a-z-]+)</code>', alarm)
    assert codes[:4] == ["fork", "role-changed-in-log", "record-digest-reused", "epoch-without-evidence"]


def test_a_forks_proof_stands_by_itself(log_site: Site) -> None:
    (proof,) = (log_site.folder / LOG / "forks").iterdir()
    fork = run_to_completion(check_fork(proof.read_bytes(), OpenSslBackend()))
    assert (fork.namespace, fork.epoch) == (NAMESPACE, 2)
    assert f'href="../../{LOG}forks/{proof.name}" download' in page(log_site, LOG)


def test_another_answer_is_kept_beside_the_first(log_site: Site) -> None:
    others = {path.name: path.read_bytes() for path in (log_site.folder / LOG / "epochs/2/other").iterdir()}
    assert [hashlib.sha256(data).hexdigest() for data in others.values()] == list(others)
    assert "more than one answer for this epoch" in text(log_site, f"{LOG}epochs/2/")
    first = (log_site.folder / f"namespaces/{NAMESPACE}/audits/2").read_bytes()
    assert first == (COPY / f"namespaces/{NAMESPACE}/audits/2.json").read_bytes()


def test_a_deployments_page_tells_that_its_log_does_not_hold(log_site: Site) -> None:
    assert "REHEARSAL: Contradicted" in log_site.deployment_pages[LOGGED[1]].split('id="check"')[0]


# --- a copy that is none ----------------------------------------------------------------------------------------------


def test_a_damaged_copy_stops_the_build(tmp_path: Path) -> None:
    evidence = plant_copy(log_evidence(tmp_path / "evidence", ()), [])
    record = evidence / "signer-log" / NAMESPACE / f"namespaces/{NAMESPACE}/audits/2.json"
    record.write_bytes(record.read_bytes().replace(b"7636", b"7637"))
    with pytest.raises(BuildError, match="the copy is damaged"):
        build_site(evidence=evidence, out=tmp_path / "out", engine=ENGINE)


def test_a_copy_stands_under_its_own_name(tmp_path: Path) -> None:
    plant_copy(tmp_path, [])
    (tmp_path / "signer-log" / NAMESPACE).rename(tmp_path / "signer-log/another")
    with (
        pytest.raises(BuildError, match=f"the folder another holds a copy of {NAMESPACE}"),
        open_logs(tmp_path / "signer-log"),
    ):
        pytest.fail("it was opened")


def test_a_namespace_that_nobody_pinned_is_refused(tmp_path: Path) -> None:
    evidence = plant_copy(log_evidence(tmp_path / "evidence", ()), [])
    trust = evidence / "trust/rehearsal/trust.json"
    trust.write_bytes(trust.read_bytes().replace(NAMESPACE.encode(), b"rehearsal.another.v1"))
    with pytest.raises(BuildError, match="is not pinned"):
        build_site(evidence=evidence, out=tmp_path / "out", engine=ENGINE)


@pytest.mark.parametrize(("resource", "file"), [(Resource.NAMESPACES, "namespaces"), (Resource.INFO, "info")])
def test_an_answer_that_could_be_taken_for_a_page_is_refused(tmp_path: Path, resource: Resource, file: str) -> None:
    said = json.loads((COPY / f"{file}.json").read_bytes()) | {"_note": "<script>alert(1)</script>"}
    hostile = answer(resource, json.dumps(said).encode(), last_at=SEEN + 1000)
    evidence = plant_copy(log_evidence(tmp_path / "evidence"), [hostile])
    with pytest.raises(BuildError, match="could take for a page"):
        build_site(evidence=evidence, out=tmp_path / "out", engine=ENGINE)


# --- a large one ------------------------------------------------------------------------------------------------------


def test_a_large_log_has_few_pages_and_all_of_its_records(tmp_path: Path) -> None:
    total = 700
    records = (
        answer(Resource.AUDIT, signed(n, {"epoch": n}, day(5, 18) + timedelta(hours=n)), n) for n in range(4, total + 1)
    )
    evidence = plant_copy(log_evidence(tmp_path / "evidence"), records)
    summary = build_site(evidence=evidence, out=tmp_path / "out", publish_failing={NAMESPACE}, engine=ENGINE)
    site = Site(tmp_path / "out", summary)
    pages = [path for path in site.pages if path.startswith(f"{LOG}epochs/")]
    assert NEWEST < len(pages) <= 2 * NEWEST + 10
    assert {f"{LOG}epochs/{n}/index.html" for n in (1, 3, total, total - NEWEST + 1)} <= set(pages)
    assert f"{LOG}epochs/{total - NEWEST - 50}/index.html" not in pages
    assert len(list((site.folder / f"namespaces/{NAMESPACE}/audits").iterdir())) == total
    told = text(site, LOG)
    assert f"{len(pages)} of its {total} epochs have a page" in told
    assert f"more than {ALL_UP_TO} epochs" in told
    assert len(page(site, LOG)) < 1_000_000


def test_a_small_log_has_a_page_for_each_epoch(checked_log: CheckedLog) -> None:
    selection = select_epochs(checked_log)
    assert (selection.epochs, selection.everything) == ((1, 2, 3), True)


@pytest.mark.parametrize(("newest", "epochs"), [(1, (1, 2, 3)), (2, (1, 2, 3))])
def test_evidence_and_changes_keep_an_epochs_page(
    checked_log: CheckedLog, newest: int, epochs: tuple[int, ...]
) -> None:
    assert select_epochs(checked_log, all_up_to=2, newest=newest).epochs == epochs


def test_one_signer_has_the_root_and_a_real_one_goes_before_a_rehearsals() -> None:
    def log(namespace: str, signer: str, *, rehearsal: bool) -> CheckedLog:
        signers = SimpleNamespace(id=signer)
        return cast(CheckedLog, SimpleNamespace(namespace=namespace, signer=signers, rehearsal=rehearsal))

    roots = api_roots([
        log("rehearsal.a", "made-up", rehearsal=True),
        log("b", "signer", rehearsal=False),
        log("c", "signer", rehearsal=False),
        log("d", "third", rehearsal=False),
    ])  # fmt: skip
    assert roots == {"rehearsal.a": "log-api/made-up-rehearsal/", "b": "", "c": "", "d": "log-api/third/"}


def test_evidence_without_a_copy_makes_no_page(failing_site: Site) -> None:
    assert failing_site.summary.logs == ()
    assert not (failing_site.folder / "log").exists()
    assert not (failing_site.folder / "info").exists()
    assert 'id="log"' not in failing_site.pages["index.html"]
