"""The built pages in a real Chromium: accessible, readable without JavaScript, whole at every width and direction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from generator.build import build_site
from generator.rehearsal.options import RehearsalOptions
from generator.rehearsal.rehearsing import rehearse
from generator.rehearsal.signer import NAMESPACE
from tests.browser.conftest import EVIDENCE, NODE_MODULES
from tests.unit.generator.planted_log import everything, plant_copy
from verifier_web.packing import RuntimeManifest
from verifier_web.preview import preview

AXE = NODE_MODULES / "axe-core/axe.min.js"
PAGES = [
    "",
    "deployments/rehearsal-messenger-2026/",
    "deployments/rehearsal-whatsapp-2025/",
    "procedure/",
    "trust/",
    "404.html",
    f"log/{NAMESPACE}/",
    f"log/{NAMESPACE}/keys/",
    f"log/{NAMESPACE}/epochs/2/",
]
DEPLOYMENT = PAGES[1]
FAULTS = {"rehearsal-failing": "attestation-debug-enabled", "rehearsal-long": "key-not-attested"}
"""Deployments of the failing site; the second one's trouble is named by a digest, which has no place to break."""
FAILING = [*(f"deployments/{id}/" for id in FAULTS), *PAGES[-3:]]
"""Pages of the failing site: its deployments and a log."""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS = [320, 360, 768, 1280]


@pytest.fixture(scope="module")
def pages_address(
    runtime_folder: tuple[Path, RuntimeManifest], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The site of the committed evidence with the runtime, served with its headers."""
    folder, manifest = runtime_folder
    out = tmp_path_factory.mktemp("pages") / "site"
    build_site(evidence=EVIDENCE, out=out, runtime=manifest, runtime_folder=folder)
    with preview(out) as server:
        yield server.address


@pytest.fixture(scope="module")
def failing_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site with two deployments and one log that are published as failing."""
    folder = tmp_path_factory.mktemp("failing")
    files: dict[str, bytes] = {}
    for id, fault in FAULTS.items():
        options = RehearsalOptions(seed="pages", id=id, fault=fault)
        files |= {f"deployments/{id}/{path}": data for path, data in rehearse(options).items()}
    for part in ("trust", "procedure"):
        for path in (EVIDENCE / part).rglob("*"):
            if path.is_file():
                files[path.relative_to(EVIDENCE).as_posix()] = path.read_bytes()
    for name, data in files.items():
        (folder / "evidence" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "evidence" / name).write_bytes(data)
    plant_copy(folder / "evidence", everything())
    build_site(evidence=folder / "evidence", out=folder / "site", publish_failing={*FAULTS, NAMESPACE})
    with preview(folder / "site") as server:
        yield server.address


def opened(context: BrowserContext, address: str) -> Page:
    """A page with every detail opened."""
    page = context.new_page()
    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    return page


def violations(page: Page) -> list[str]:
    """What axe finds wrong, each with the first element that it is about."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(f"axe.run(document, {{runOnly: {{type: 'tag', values: {json.dumps(RULES)}}}}})")
    return [f"{item['id']}: {item['nodes'][0]['html'][:200]}" for item in found["violations"]]


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (npm ci)")
@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_axe_finds_nothing(
    chromium: Browser, pages_address: str, failing_address: str, scheme: str, width: int
) -> None:
    with chromium.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 800},
        bypass_csp=True,  # for axe's own code alone; that pages obey their policy is tested below
    ) as context:
        addresses = [pages_address + path for path in PAGES] + [failing_address + path for path in FAILING]
        found = {address: violations(opened(context, address)) for address in addresses}
    assert {address: items for address, items in found.items() if items} == {}


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (npm ci)")
def test_axe_finds_nothing_after_a_check(chromium: Browser, pages_address: str) -> None:
    with chromium.new_context(bypass_csp=True) as context:
        page = context.new_page()
        page.goto(pages_address + DEPLOYMENT)
        page.click("[data-part=start]")
        page.wait_for_selector('vault-verify[data-state="done"]', timeout=120_000)
        page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
        assert violations(page) == []


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_the_screen(
    chromium: Browser, pages_address: str, failing_address: str, width: int, direction: str
) -> None:
    with chromium.new_context(viewport={"width": width, "height": 800}) as context:
        for address in [pages_address + path for path in PAGES] + [failing_address + path for path in FAILING]:
            page = opened(context, address)
            page.evaluate(f"document.documentElement.dir = '{direction}'")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_the_verdict_is_seen_without_scrolling_on_a_phone(chromium: Browser, pages_address: str) -> None:
    with chromium.new_context(viewport={"width": 360, "height": 780}) as context:
        page = context.new_page()
        page.goto(pages_address + DEPLOYMENT)
        box = page.locator("#verdict-label").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 780


def test_everything_can_be_read_without_javascript(chromium: Browser, pages_address: str) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(pages_address + DEPLOYMENT)
        assert page.locator("#verdict-label").inner_text().strip() == "REHEARSAL: Verified"
        assert page.locator("li.step").count() == 12
        assert page.locator("[data-part=start]").is_hidden()
        assert "JavaScript is off" in page.locator("#check").inner_text()
        assert "Nothing about you leaves your device" not in page.locator("#check").inner_text()
        page.locator("#step-signer summary").click()
        assert page.locator("#step-signer .facts").first.is_visible()
        page.locator("#commands summary").first.click()
        assert "mktemp -d" in page.locator("#commands pre").first.inner_text()
        assert page.locator("[data-part=verdict]").is_hidden()


def test_pages_obey_their_own_policy_and_ask_nobody_else(chromium: Browser, pages_address: str) -> None:
    complaints: list[str] = []
    asked: list[str] = []
    with chromium.new_context() as context:
        context.on("console", lambda message: complaints.append(message.text))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("request", lambda request: asked.append(request.url))
        for path in PAGES:
            page = context.new_page()
            page.goto(pages_address + path, wait_until="networkidle")
    assert complaints == []
    assert [url for url in asked if not url.startswith(pages_address)] == []


def test_the_keyboard_reaches_the_content_and_the_button(chromium: Browser, pages_address: str) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(pages_address + DEPLOYMENT)
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert focused.inner_text() == "Skip to the content"
        assert focused.bounding_box() is not None
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.locator(":focus").inner_text() == "Verdict"
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.locator(":focus").get_attribute("data-part") == "start":
                break
        else:
            pytest.fail("the button was not reached by the keyboard")
        style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert style == "solid"


def test_a_state_is_told_by_shape_and_word_not_by_colour_alone(chromium: Browser, pages_address: str) -> None:
    """With forced colours all states have one colour: shape and word are left."""
    with chromium.new_context(forced_colors="active") as context:
        page = context.new_page()
        page.goto(pages_address + DEPLOYMENT)
        told = set()
        for step in page.locator("li.step").all():
            state = step.locator(".step__head .state")
            shape = state.evaluate(
                "(state) => [...state.querySelectorAll('use')]"
                ".filter((use) => getComputedStyle(use).display !== 'none')"
                ".map((use) => use.getAttribute('href')).join()"
            )
            told.add((step.get_attribute("data-status"), shape, state.inner_text()))
        assert told == {
            ("match", "#s-rehearsal", "Matches"),
            ("not_published", "#s-not_published", "Not published"),
            ("not_evaluated", "#s-not_evaluated", "Yours to do"),
        }


def test_print_keeps_what_matters_and_drops_what_does_not(chromium: Browser, pages_address: str) -> None:
    with chromium.new_context(color_scheme="dark") as context:
        page = context.new_page()
        page.goto(pages_address + DEPLOYMENT)
        page.emulate_media(media="print")
        for selector in (".contents", ".masthead", "[data-part=start]"):
            assert page.locator(selector).is_hidden(), selector
        for selector in (".rehearsal", "#verdict-label", "#step-signer h3", "#keys .digest"):
            assert page.locator(selector).first.is_visible(), selector
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
