"""The packed verifier in a real browser: what it finds, what it asks for, and how it ends where it cannot work."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route

from tests.browser.conftest import DEPLOYMENTS, LONGEST_WAIT, Visit
from verifier_web.headers import PAGE_POLICY, headers_for
from verifier_web.packing import RuntimeManifest
from verifier_web.preview import preview

LARGEST_TRANSFER = 4_000_000
PAGE = f"deployments/{DEPLOYMENTS[0]}/" if DEPLOYMENTS else ""


def test_the_transfer_stays_within_its_budget(runtime: RuntimeManifest) -> None:
    assert runtime.transfer <= LARGEST_TRANSFER


@pytest.mark.parametrize("id", DEPLOYMENTS)
def test_a_published_deployment_is_verified(visit: Visit, id: str) -> None:
    visit.open(f"deployments/{id}/")
    assert visit.check() == "done"
    box = visit.page.locator("[data-part=verdict]")
    assert (box.get_attribute("data-outcome"), box.get_attribute("data-scope")) == ("verified", "rehearsal")
    report = visit.report()
    assert report["deployment"] == id
    assert report["report_digest"] in visit.text("verdict")
    assert visit.complaints == []


def test_everything_is_asked_of_this_site_alone(visit: Visit) -> None:
    visit.open(PAGE)
    assert visit.check() == "done"
    assert visit.foreign() == []
    assert any(request.url.endswith("/evidence/manifest.json") for request in visit.requests)
    assert {request.method for request in visit.requests} == {"GET"}


def test_the_policy_of_the_site_is_kept(visit: Visit) -> None:
    violations = (
        "document.addEventListener('securitypolicyviolation', (e) => (window.violations ??= []).push(e.blockedURI))"
    )
    visit.page.add_init_script(violations)
    visit.open(PAGE)
    assert visit.check() == "done"
    assert visit.page.evaluate("window.violations ?? []") == []
    with pytest.raises(Exception, match="TrustedScript"):
        visit.page.evaluate("() => { document.createElement('script').text = '1'; }")


def test_python_has_no_way_out(visit: Visit) -> None:
    visit.open(PAGE)
    assert visit.check() == "done"
    (worker,) = visit.page.workers
    assert worker.evaluate("fetch('/').then(() => 'reached', (error) => error.message)").startswith("the verifier asks")
    assert worker.evaluate("[typeof XMLHttpRequest, typeof WebSocket, typeof EventSource, typeof Worker]") == (
        ["undefined"] * 4
    )


def test_the_main_thread_stays_free(visit: Visit, capsys: pytest.CaptureFixture[str]) -> None:
    visit.page.add_init_script("""
      window.longest = 0;
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
      }).observe({ type: "longtask", buffered: true });
    """)
    visit.open(PAGE)
    assert visit.check() == "done"
    with capsys.disabled():
        longest = visit.page.evaluate("window.longest")
        sys.stdout.write(f"\n  longest task of the main thread: {longest} ms (aim: none over 50)\n")


def test_a_second_check_leaves_nothing_of_the_first(visit: Visit) -> None:
    visit.open(PAGE)
    assert visit.check() == "done"
    first = visit.report()["report_digest"]
    visit.page.route("**/evidence/statement.md", lambda route: route.fulfill(body="changed"))
    assert visit.check() == "done"
    assert visit.page.locator("[data-part=verdict]").get_attribute("data-outcome") == "contradicted"
    assert visit.page.locator("#step-files").get_attribute("data-status") == "mismatch"
    assert visit.page.locator("#step-files details").get_attribute("open") is not None
    assert visit.report()["report_digest"] != first


# --- where it cannot work ---------------------------------------------------------------------------------------------


def _assert_cannot(visit: Visit, reason: str) -> None:
    """The page says why, in words that are no verdict, and shows what the server had rendered."""
    assert visit.panel == "cannot"
    assert visit.page.locator("[data-part=cannot] > *").get_attribute("data-reason") == reason
    assert visit.page.locator("[data-part=verdict]").is_hidden()
    assert visit.page.locator("#step-files [data-field=status_label]").inner_text() == "rendered by the build"
    assert visit.page.locator("[data-part=steps]").get_attribute("data-origin") == "build"


@pytest.fixture
def other_site(site: Path, tmp_path: Path) -> Path:
    """A copy of the site that a test may spoil; compressed copies are left out, so that files are what is served."""
    copy = tmp_path / "site"
    shutil.copytree(site, copy, ignore=shutil.ignore_patterns("*.br", "*.gz"))
    return copy


def _visit_of(chromium: Browser, address: str) -> Visit:
    visit = Visit(page=chromium.new_context().new_page(), origin=address)
    visit.listen()
    return visit


@pytest.mark.parametrize("role", ["wasm", "core", "standard-library", "worker-entry", "interpreter-script"])
def test_a_file_with_another_hash_is_refused(
    chromium: Browser, other_site: Path, runtime: RuntimeManifest, role: str
) -> None:
    file = next(file for file in runtime.files if file.role.value == role)
    path = other_site / "runtime" / file.name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with preview(other_site) as server:
        visit = _visit_of(chromium, server.address)
        visit.open(PAGE)
        visit.check()
        _assert_cannot(visit, "integrity")
        assert file.name in visit.text("cannot")
        visit.page.context.close()


@pytest.mark.parametrize("source", ["verify-panel.mjs", "panel.mjs", "engine.mjs"])
def test_a_script_of_the_page_with_another_hash_does_not_run(
    chromium: Browser, other_site: Path, runtime: RuntimeManifest, source: str
) -> None:
    (file,) = (file for file in runtime.files if file.source == source)
    path = other_site / "runtime" / file.name
    path.write_bytes(path.read_bytes() + b"\n")
    with preview(other_site) as server:
        visit = _visit_of(chromium, server.address)
        visit.open(PAGE)
        assert visit.page.locator("vault-verify").get_attribute("data-state") is None
        assert visit.page.locator("[data-part=start]").is_hidden()
        visit.page.context.close()


@pytest.fixture
def without_wasm(chromium: Browser, site: Path) -> Iterator[Visit]:
    """A visit of the same site, served with a policy that allows no WebAssembly."""

    def table(path: str) -> dict[str, str]:
        return {**headers_for(path), "Content-Security-Policy": PAGE_POLICY.replace(" 'wasm-unsafe-eval'", "")}

    with preview(site, table=table) as server:
        visit = _visit_of(chromium, server.address)
        yield visit
        visit.page.context.close()


def test_a_browser_that_may_not_run_webassembly_is_no_failed_check(without_wasm: Visit) -> None:
    without_wasm.open(PAGE)
    without_wasm.check()
    _assert_cannot(without_wasm, "unsupported")
    assert "WebAssembly" in without_wasm.text("cannot")


def test_a_verifier_that_stays_silent_is_given_up(chromium: Browser, other_site: Path) -> None:
    page = other_site / PAGE / "index.html"
    page.write_text(page.read_text("utf-8").replace("<vault-verify ", '<vault-verify data-time-limit="2" '), "utf-8")

    def silence(route: Route) -> None:
        if route.request.resource_type == "script":
            route.fulfill(body="", headers=headers_for("/runtime/worker.mjs"))
        else:
            route.continue_()

    with preview(other_site) as server:
        visit = _visit_of(chromium, server.address)
        visit.page.context.route("**/runtime/worker.*.mjs", silence)
        visit.open(PAGE)
        visit.check()
        _assert_cannot(visit, "time-limit")
        visit.page.context.close()


def test_a_browser_without_webcrypto_is_no_failed_check(visit: Visit) -> None:
    visit.page.add_init_script("Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined })")
    visit.open(PAGE)
    visit.check()
    _assert_cannot(visit, "unsupported")


@pytest.mark.parametrize("path", ["**/evidence/deployment.json", "**/runtime/pyodide.asm.*.wasm", "**/files.json"])
def test_network_trouble_is_no_failed_check(visit: Visit, path: str) -> None:
    visit.open(PAGE)
    visit.page.route(path, lambda route: route.abort())
    visit.check()
    _assert_cannot(visit, "network")
    visit.page.unroute(path)
    assert visit.check() == "done"  # and it can be tried again


def test_a_server_error_is_no_failed_check(visit: Visit) -> None:
    visit.open(PAGE)
    visit.page.route("**/evidence/manifest.json", lambda route: route.fulfill(status=503))
    visit.check()
    _assert_cannot(visit, "network")
    assert "503" in visit.text("cannot")


def test_a_file_that_the_site_does_not_have_is_found_by_the_procedure(visit: Visit) -> None:
    visit.open(PAGE)
    visit.page.route("**/evidence/statement.md", lambda route: route.fulfill(status=404))
    assert visit.check() == "done"
    assert visit.page.locator("#step-files").get_attribute("data-status") == "mismatch"


def test_a_site_built_wrongly_is_no_failed_check(visit: Visit) -> None:
    visit.open(PAGE)
    visit.page.route("**/files.json", lambda route: route.fulfill(body=json.dumps({"schema": "other"})))
    visit.check()
    _assert_cannot(visit, "engine")


def test_a_path_that_leaves_the_deployment_is_not_asked_for(visit: Visit) -> None:
    visit.open(PAGE)

    def lead_out(route: Route) -> None:
        value = route.fetch().json()
        value["deployment"]["files"].append({"path": "../../../trust/evidence/trust.json", "size": 1})
        route.fulfill(json=value)

    visit.page.route("**/files.json", lead_out)
    visit.check()
    _assert_cannot(visit, "refused")


def test_the_reader_can_stop_it(visit: Visit) -> None:
    visit.open(PAGE)
    visit.page.route("**/evidence/deployment.json", lambda route: None)  # never answered
    visit.page.click("[data-part=start]")
    visit.page.locator("[data-part=progress]", has_text="Fetching").wait_for(timeout=LONGEST_WAIT)
    visit.page.click("[data-part=stop]")
    _assert_cannot(visit, "stopped")
    visit.page.unroute("**/evidence/deployment.json")
    assert visit.check() == "done"
