"""The service's pages in a real Chromium with JavaScript off, and in a text browser: they fill step by step."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from generator.folders import templates_folder
from tests import served
from tests.browser.test_pages import AXE, RULES, WIDTHS
from tests.cases import harness
from tests.unit.generator.html_reader import read
from vaultproof.archive import write_stored_zip
from verifier_web.service.application import create_app
from verifier_web.service.checking import Checker
from verifier_web.service.configuration import Configuration
from verifier_web.service.frames import Frame
from verifier_web.service.pool import Gone, never

DEPLOYMENT = "rehearsal-messenger-2026"
STEPS = 12
KEYS = [
    json.loads((harness.EVIDENCE / f"deployments/{name}/bundle/fleet-keys.json").read_bytes())["keys"][0]["key"]
    for name in (DEPLOYMENT, "rehearsal-messenger-2025")
]
QUESTIONS = [*(quote(key, safe="") for key in KEYS), "00" * 32, "nonsense"]
"""A fleet in use, a retired one, none that is published, and what cannot be read."""
PAGES = [
    "verify", "limits", "api/v1/", f"verify/{DEPLOYMENT}", "fleet-key", *(f"fleet-key?key={key}" for key in QUESTIONS),
    "verify/none",
]  # fmt: skip


@dataclass
class StepByStep:
    """A runner that lets one part of an answer out at a time, when it is told."""

    checker: Checker
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def run(self, job: Frame, client: str, gone: Gone = never) -> Iterator[Frame]:
        """The frames of an answer, each in its turn."""
        frames: list[Frame] = []
        self.checker.run(job, frames.append)
        for frame in frames:
            assert self.turn.acquire(timeout=60)
            yield frame


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return served.make_site(tmp_path_factory.mktemp("service-pages") / "site")


@contextmanager
def serving(site: Path, runner: Any = None) -> Iterator[str]:
    configuration = Configuration(site=site, listen="127.0.0.1:0")
    app = served.application(configuration)
    if runner is not None:
        app = create_app(configuration, runner, templates=templates_folder(), clock=lambda: served.CLOCK)
    with served.running(app, configuration) as server:
        yield server.address


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with serving(site) as found:
        yield found


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment that somebody handed over, with a step that does not match."""
    case = harness.load("log-field-unknown_fail")
    path = tmp_path_factory.mktemp("handed-over") / "deployment.zip"
    path.write_bytes(write_stored_zip(case.files))
    return path


def seen(page: Page) -> list[str]:
    """Ids of the steps that can be seen."""
    return [item.get_attribute("id") or "" for item in page.locator("li.step").all() if item.is_visible()]


def test_the_page_fills_step_by_step_without_javascript(chromium: Browser, site: Path) -> None:
    runner = StepByStep(served.checker(Configuration(site=site)))
    with serving(site, runner) as address, chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        runner.turn.release()
        page.goto(f"{address}verify/{DEPLOYMENT}", wait_until="commit")
        page.wait_for_selector("#where li >> nth=11")
        assert page.locator("#where li").count() == STEPS  # all steps are named before any has run
        assert page.locator(".rehearsal").is_visible()
        assert seen(page) == []
        for number in range(1, STEPS + 1):
            runner.turn.release()
            page.wait_for_selector(f"li.step >> nth={number - 1}")
            assert len(seen(page)) == number
            assert page.locator("#verdict").count() == 0
        runner.turn.release()
        page.wait_for_selector("#verdict-label")
        page.wait_for_load_state("load")
        assert page.locator("#verdict-label").inner_text().strip() == "REHEARSAL: Verified"
        assert "Found by this server" in page.locator("#verdict").inner_text()


def test_a_verdict_link_at_the_top_leads_to_the_end(chromium: Browser, address: str) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}verify/{DEPLOYMENT}")
        page.locator("header.title a[href='#verdict']").click()
        page.wait_for_url("**#verdict")
        expect(page.locator("#verdict-label")).to_be_in_viewport(timeout=30_000)


def test_an_archive_is_checked_through_the_form_and_its_first_trouble_is_open(
    chromium: Browser, address: str, archive: Path
) -> None:
    with chromium.new_context(java_script_enabled=False, accept_downloads=True) as context:
        page = context.new_page()
        page.goto(f"{address}verify")
        page.set_input_files("input[name=archive]", archive)
        page.click("text=Check it on this server >> nth=0")
        page.wait_for_selector("#verdict-label")
        report = link(page)
        first = report["verdict"]["first_trouble"]
        assert first is not None
        assert page.locator(f"#step-{first} details[open]").count() == 1
        assert page.locator("#steps details[open]").count() == 1
        assert page.locator("#verdict").get_attribute("data-outcome") == report["verdict"]["outcome"]
        with page.expect_download() as download:
            page.click("text=report.json")
        assert json.loads(Path(download.value.path()).read_bytes()) == report


def link(page: Page) -> dict[str, Any]:
    """The report that the page carries."""
    import base64

    href = page.locator("#downloads a").first.get_attribute("href") or ""
    value: dict[str, Any] = json.loads(base64.b64decode(href.partition(",")[2]))
    return value


def test_a_folder_is_checked_through_the_form(chromium: Browser, address: str) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}verify")
        page.set_input_files("input[name=files]", harness.EVIDENCE / "deployments" / DEPLOYMENT)
        page.click("#files button")
        page.wait_for_selector("#verdict-label")
        assert page.locator("#verdict-label").inner_text().strip() == "REHEARSAL: Verified"


def test_a_key_is_looked_up_through_the_form(chromium: Browser, address: str) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}verify")
        page.click("text=Is my app using this fleet?")
        for key, answer in zip(KEYS, ("this-fleet", "retired"), strict=True):
            page.fill("textarea", key)
            page.click("text=Look it up")
            page.wait_for_selector(f"#answer[data-answer={answer}]")
            assert page.locator("textarea").input_value() == key
            assert page.locator(".rehearsal").is_visible()
        page.click("text=check this deployment now")
        page.wait_for_selector("#verdict-label")


def pages(chromium: Browser, address: str, archive: Path, **context: Any) -> Iterator[tuple[str, Page]]:
    """Every kind of page of the service, with every detail opened."""
    with chromium.new_context(bypass_csp=True, **context) as opened:
        page = opened.new_page()
        for path in PAGES:
            page.goto(address + path)
            yield path, opened_up(page)
        for name, given in (("upload", archive), ("refused", Path(__file__))):
            page.goto(f"{address}verify")
            page.set_input_files("input[name=archive]", given)
            page.click("text=Check it on this server >> nth=0")
            page.wait_for_load_state("load")
            yield name, opened_up(page)


def opened_up(page: Page) -> Page:
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    return page


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (npm ci)")
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_axe_finds_nothing(chromium: Browser, address: str, archive: Path, scheme: str, width: int) -> None:
    found = {}
    look: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    for name, page in pages(chromium, address, archive, **look):
        page.evaluate(AXE.read_text("utf-8"))
        result = page.evaluate(f"axe.run(document, {{runOnly: {{type: 'tag', values: {json.dumps(RULES)}}}}})")
        found[name] = [f"{item['id']}: {item['nodes'][0]['html'][:200]}" for item in result["violations"]]
    assert {name: items for name, items in found.items() if items} == {}
    assert len(found) == len(PAGES) + 2


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_no_page_is_wider_than_the_screen(chromium: Browser, address: str, archive: Path, direction: str) -> None:
    for name, page in pages(chromium, address, archive):
        page.evaluate(f"document.documentElement.dir = '{direction}'")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)


def test_pages_obey_their_own_policy_and_ask_nobody_else(chromium: Browser, address: str) -> None:
    complaints: list[str] = []
    asked: list[str] = []
    with chromium.new_context() as context:
        context.on("console", lambda message: complaints.append(message.text))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("request", lambda request: asked.append(request.url))
        for path in PAGES[:-1]:  # the last one is not found, which a console tells
            page = context.new_page()
            page.goto(address + path, wait_until="networkidle")
            assert page.evaluate("document.scripts.length") == 0
    assert complaints == []
    assert [url for url in asked if not url.startswith((address, "data:"))] == []


def fetched(address: str, path: str) -> str:
    host, port = address.removeprefix("http://").rstrip("/").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    connection.request("GET", "/" + path)
    text = connection.getresponse().read().decode("utf-8")
    connection.close()
    return text


@pytest.mark.parametrize("path", PAGES)
def test_the_html_is_whole(path: str, address: str) -> None:
    document = read(fetched(address, path))
    assert document.problems == []
    assert len(set(document.ids)) == len(document.ids)
    assert document.language == "en"
    assert document.headings[:2].count(1) == 1
    assert set(document.references) <= set(document.ids)
    inner = [link[1:] for link in document.links if link.startswith("#") and not link.startswith("#s-")]
    assert set(inner) <= set(document.ids)


VNU = Path(__file__).parents[2] / "node_modules/vnu-jar/build/dist/vnu.jar"


@pytest.mark.skipif(not VNU.is_file() or shutil.which("java") is None, reason="the HTML checker needs java and vnu-jar")
def test_the_html_is_valid(address: str, tmp_path: Path) -> None:
    for number, path in enumerate(PAGES):
        (tmp_path / f"{number}.html").write_text(fetched(address, path), "utf-8")
    command = ["java", "-jar", str(VNU), "--errors-only", *map(str, sorted(tmp_path.glob("*.html")))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # `webkitdirectory` comes from another standard than HTML (WICG, File and Directory Entries API), which vnu lacks.
    assert [line for line in done.stderr.splitlines() if "“webkitdirectory”" not in line] == []


@pytest.mark.skipif(shutil.which("w3m") is None, reason="w3m is not installed")
def test_a_text_browser_shows_all_of_it(address: str) -> None:
    done = subprocess.run(
        ["w3m", "-dump", "-cols", "80", f"{address}verify/{DEPLOYMENT}"], capture_output=True, text=True, check=True
    )
    text = re.sub(r"\s+", " ", done.stdout)
    words = ("These steps run, in this order", "published on 22 November", "Found by this server", "report.json")
    places = [text.index(found) for found in words]
    assert places == sorted(places)
    assert "REHEARSAL: Verified" in text
    assert text.count("Does not establish") == STEPS
    assert "required checks match" in text


def test_a_check_that_fails_half_way_says_so_where_the_verdict_would_stand(chromium: Browser, site: Path) -> None:
    checker = served.checker(Configuration(site=site))

    class Failing:
        def run(self, job: Frame, client: str, gone: Gone = never) -> Iterator[Frame]:
            frames: list[Frame] = []
            checker.run(job, frames.append)
            yield from frames[:5]
            yield Frame("failed", {"reason": "crash"})

    with serving(site, Failing()) as address, chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}verify/{DEPLOYMENT}")
        assert len(seen(page)) == 4
        assert "There is no verdict" in page.locator("#verdict").inner_text()
        assert "Nothing was found wrong" in page.locator("#verdict").inner_text()
        assert page.locator("[data-outcome]").count() == 0
