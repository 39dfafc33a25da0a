"""The verification panel as a reader meets it: their own copies, what is said, where the focus goes, what is late."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Route, expect

from tests.browser.conftest import DEPLOYMENTS, EVIDENCE, LONGEST_WAIT, Visit
from vaultproof.archive import write_stored_zip
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.evidence.files import sha256_hex
from vaultproof.evidence.manifest import make_manifest
from vaultproof.procedure.document import read_procedure
from vaultproof.report import Report
from vaultproof.strict.encodings import parse_time
from vaultproof.trust.configuration import read_trust_set
from vaultproof.verification import verify

if not DEPLOYMENTS:
    pytest.skip("no deployment is committed under evidence/deployments", allow_module_level=True)

ID = DEPLOYMENTS[0]
OTHER_ID = DEPLOYMENTS[-1]
PAGE = f"deployments/{ID}/"


def _files(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _deployment(id: str) -> dict[str, bytes]:
    return _files(EVIDENCE / "deployments" / id)


def _report_by_cpython(files: dict[str, bytes]) -> Report:
    procedures = [read_procedure(data) for data in _files(EVIDENCE / "procedure").values()]
    return run_to_completion(
        verify(
            files,
            trust=read_trust_set(_files(EVIDENCE / "trust")),
            procedures={procedure.version: procedure for procedure in procedures},
            clock=parse_time("2026-11-22T12:00:00Z"),
            backend=OpenSslBackend(),
            engine={},
        )
    )


def _give_zip(visit: Visit, name: str, content: bytes) -> str:
    payload: FilePayload = {"name": name, "mimeType": "application/zip", "buffer": content}
    visit.page.set_input_files("[data-part=pick-zip]", files=[payload])
    return visit.until_settled()


@pytest.mark.parametrize("id", DEPLOYMENTS)
def test_browser_and_cpython_come_to_one_report_digest(visit: Visit, id: str) -> None:
    visit.open(f"deployments/{id}/")
    visit.check()
    report = visit.report()
    ours = _report_by_cpython(_deployment(id))
    assert report["report_digest"] == ours.digest
    assert {name: value for name, value in report.items() if name not in ("clock", "engine", "report_digest")} == (
        ours.body()
    )
    assert report["engine"]["name"] == "vaultproof-browser"


def test_a_dropped_zip_is_checked_and_said_to_be_the_readers(visit: Visit) -> None:
    visit.open(PAGE)
    assert _give_zip(visit, "my-copy.zip", write_stored_zip(_deployment(ID))) == "done"
    assert visit.page.locator("[data-part=verdict]").get_attribute("data-outcome") == "verified"
    assert "your copy my-copy.zip" in visit.text("verdict")
    asked = [request.url for request in visit.requests if f"/{ID}/evidence/" in request.url]
    assert asked == []


def test_a_picked_folder_is_checked(visit: Visit, tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    for path, content in _deployment(ID).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / ".DS_Store").write_bytes(b"left by a file manager")
    visit.open(PAGE)
    visit.page.set_input_files("[data-part=pick-folder]", folder)
    assert visit.until_settled() == "done"
    assert visit.page.locator("[data-part=verdict]").get_attribute("data-outcome") == "verified"
    assert "your copy unpacked" in visit.text("verdict")


def test_something_dropped_is_checked(visit: Visit) -> None:
    visit.open(PAGE)
    content = base64.b64encode(write_stored_zip(_deployment(ID))).decode()
    visit.page.locator("vault-verify").evaluate(
        """(panel, content) => {
          const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([bytes], "dropped.zip"));
          panel.dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true, bubbles: true }));
        }""",
        content,
    )
    assert visit.until_settled() == "done"
    assert "your copy dropped.zip" in visit.text("verdict")


def test_a_copy_of_another_deployment_is_told_apart(visit: Visit) -> None:
    visit.open(PAGE)
    visit.page.locator("vault-verify").evaluate("(panel) => (panel.dataset.reportDigest = '0'.repeat(64))")
    assert _give_zip(visit, "other.zip", write_stored_zip(_deployment(OTHER_ID))) == "done"
    assert visit.page.locator("[data-part=other-deployment]").is_visible()
    assert OTHER_ID in visit.text("other-deployment")
    assert visit.page.locator("[data-part=digest-differs]").is_hidden()
    procedure_steps = _report_by_cpython(_deployment(OTHER_ID)).steps
    for step in procedure_steps:  # those that this page did not know are there too
        assert visit.page.locator(f"#step-{step.id}").get_attribute("data-status") == step.status.value
    known = {step.id for step in procedure_steps}
    for item in visit.page.locator("[data-part=steps] > li").all():
        id = str(item.get_attribute("id")).removeprefix("step-")
        assert (item.get_attribute("data-status") == "absent") == (id not in known)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("not-a.zip", b"these are no bytes of a zip", "not-a-zip"),
        ("empty.zip", write_stored_zip({"readme.txt": b"nothing else"}), "not-a-deployment"),
    ],
)
def test_what_is_no_deployment_is_refused_with_its_code(visit: Visit, name: str, content: bytes, code: str) -> None:
    visit.open(PAGE)
    assert _give_zip(visit, name, content) == "cannot"
    assert visit.page.locator("[data-reason=refused]").is_visible()
    assert f"[{code}]" in visit.text("cannot")
    assert visit.check() == "done"  # the site's own files can be checked all the same


def test_a_changed_copy_is_contradicted_and_its_trouble_opens_itself(visit: Visit) -> None:
    files = _deployment(ID)
    files["statement.md"] += b"\n"
    visit.open(PAGE)
    assert _give_zip(visit, "changed.zip", write_stored_zip(files)) == "done"
    assert visit.page.locator("[data-part=verdict]").get_attribute("data-outcome") == "contradicted"
    assert visit.page.locator("#step-files details").get_attribute("open") is not None
    assert visit.page.locator("#step-files [data-differs=true]").count() >= 1
    assert visit.page.locator("#step-signer").get_attribute("data-status") == "not_evaluated"
    assert visit.page.locator("#step-signer details").get_attribute("open") is None


def test_a_copy_changed_together_with_its_manifest_is_not_what_this_page_publishes(visit: Visit) -> None:
    files = _deployment(ID)
    published = sha256_hex(files["manifest.json"])
    files["ceremony/script.md"] += b"\n"
    files["manifest.json"] = make_manifest(ID, files).to_bytes()
    visit.open(PAGE)
    visit.page.evaluate("digest => document.querySelector('vault-verify').dataset.evidenceDigest = digest", published)
    assert _give_zip(visit, "consistent.zip", write_stored_zip(files)) == "done"
    assert visit.page.locator("[data-part=verdict]").get_attribute("data-outcome") == "contradicted"
    assert visit.report()["steps"][0]["code"] == "other-evidence"


def test_keyboard_and_screen_reader_follow(visit: Visit) -> None:
    visit.open(PAGE)
    visit.page.focus("[data-part=start]")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("[data-part=stop]")).to_be_focused()
    assert visit.until_settled() == "done"
    expect(visit.page.locator("[data-part=heading]")).to_be_focused()
    log = visit.page.locator("[data-part=log] > p").all_inner_texts()
    steps = visit.page.locator("[data-part=steps] > li").count()
    assert len(log) == steps + 1
    assert log[1] == "1. Published files: Matches"
    assert visit.page.locator("[data-part=steps]").get_attribute("aria-busy") is None
    assert visit.text("start") == "Check again"


def test_trouble_takes_the_focus_too(visit: Visit) -> None:
    visit.open(PAGE)
    visit.page.route("**/files.json", lambda route: route.abort())
    visit.check()
    expect(visit.page.locator("[data-reason=network]")).to_be_focused()


def test_a_late_result_never_lands_beside_another_input(visit: Visit) -> None:
    changed = _deployment(ID)
    changed["statement.md"] += b"\n"
    visit.open(PAGE)
    visit.page.route("**/evidence/deployment.json", lambda route: None)  # the first check waits for ever
    visit.page.click("[data-part=start]")
    visit.page.locator("[data-part=progress]", has_text="Fetching").wait_for(timeout=LONGEST_WAIT)
    visit.page.unroute("**/evidence/deployment.json")
    visit.page.locator("vault-verify").evaluate("(panel) => panel.querySelector('[data-part=stop]').click()")
    assert _give_zip(visit, "changed.zip", write_stored_zip(changed)) == "done"
    visit.page.click("[data-part=start]")
    assert _give_zip(visit, "changed.zip", write_stored_zip(changed)) == "done"
    visit.page.wait_for_timeout(1500)
    assert visit.page.locator("[data-part=verdict]").get_attribute("data-outcome") == "contradicted"
    assert "changed.zip" in visit.text("verdict")


def test_the_digest_of_the_build_is_compared(visit: Visit) -> None:
    visit.open(PAGE)
    panel = visit.page.locator("vault-verify")
    panel.evaluate(
        "(panel, digest) => (panel.dataset.reportDigest = digest)", _report_by_cpython(_deployment(ID)).digest
    )
    visit.check()
    assert visit.page.locator("[data-part=digest-equal]").is_visible()
    assert visit.page.locator("[data-part=digest-differs]").is_hidden()
    panel.evaluate("(panel) => (panel.dataset.reportDigest = '0'.repeat(64))")
    visit.check()
    assert visit.page.locator("[data-part=digest-equal]").is_hidden()
    assert visit.page.locator("[data-part=digest-differs]").is_visible()


def test_the_evidence_digest_that_the_page_names_is_checked(visit: Visit) -> None:
    visit.open(PAGE)
    visit.page.locator("vault-verify").evaluate("(panel) => (panel.dataset.evidenceDigest = '0'.repeat(64))")
    assert visit.check() == "done"
    assert visit.page.locator("#step-files").get_attribute("data-status") == "mismatch"


def test_the_report_has_a_file_name_and_is_canonical(visit: Visit) -> None:
    visit.open(PAGE)
    visit.check()
    with visit.page.expect_download() as download:
        visit.page.click("[data-part=save]")
    assert download.value.suggested_filename == f"vaultproof-report-{ID}.json"
    content = Path(download.value.path()).read_bytes()
    ours = _report_by_cpython(_deployment(ID))
    theirs = json.loads(content)
    assert content.startswith(ours.to_bytes()[:10])
    assert theirs["report_digest"] == ours.digest


def _open_with(visit: Visit, prewarm: str) -> None:
    """Open the page with another ``data-prewarm``, as the server would have written it."""

    def rewrite(route: Route) -> None:
        response = route.fetch()
        route.fulfill(
            response=response, body=response.text().replace('data-prewarm="none"', f'data-prewarm="{prewarm}"')
        )

    visit.page.route(f"**/{PAGE}", rewrite)
    visit.open(PAGE)


def _loads_of_the_binary(visit: Visit) -> int:
    return len([request for request in visit.requests if request.url.endswith(".wasm")])


@pytest.mark.parametrize("prewarm", ["intent", "visible"])
def test_the_verifier_is_loaded_before_it_is_asked_for(visit: Visit, prewarm: str) -> None:
    _open_with(visit, prewarm)
    if prewarm == "intent":
        visit.page.wait_for_timeout(500)
        assert _loads_of_the_binary(visit) == 0
        visit.page.hover("[data-part=start]")
    deadline = time.monotonic() + LONGEST_WAIT / 1000
    while not visit.page.workers and time.monotonic() < deadline:
        visit.page.wait_for_timeout(50)
    assert len(visit.page.workers) == 1
    assert visit.panel == "idle"
    assert visit.check() == "done"
    assert _loads_of_the_binary(visit) == 1


def test_a_practice_run_is_seen_by_nobody(visit: Visit) -> None:
    visit.page.add_init_script("""
      window.told = [];
      window.Worker = class extends Worker {
        constructor(...given) {
          super(...given);
          this.addEventListener("message", ({ data }) => window.told.push(data.type));
        }
      };
    """)
    _open_with(visit, "intent")
    visit.page.hover("[data-part=start]")
    visit.page.wait_for_selector('[data-verifier="ready"]', timeout=LONGEST_WAIT)
    visit.page.wait_for_timeout(2000)
    assert set(visit.page.evaluate("window.told")) == {"stage", "ready"}
    assert visit.panel == "idle"
    assert visit.page.locator("[data-part=verdict]").is_hidden()
    assert visit.page.locator("[data-part=steps]").get_attribute("data-origin") != "browser"
    changed = {**_deployment(ID), "statement.md": b"changed"}
    assert _give_zip(visit, "copy.zip", write_stored_zip(changed)) == "done"
    assert visit.page.locator("[data-part=verdict]").get_attribute("data-outcome") == "contradicted"


def test_nothing_is_loaded_ahead_for_readers_who_save_data(visit: Visit) -> None:
    visit.page.add_init_script(
        'Object.defineProperty(Navigator.prototype, "connection", { get: () => ({ saveData: true }) });'
    )
    _open_with(visit, "visible")
    visit.page.wait_for_timeout(1000)
    assert _loads_of_the_binary(visit) == 0
    assert visit.check() == "done"
