"""A real Chromium, a packed runtime and a small site with the committed deployments, shared by all browser tests."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, WebError, sync_playwright

from tests.browser.panel_page import panel_page, python_page, write_site_list
from vaultproof.procedure.document import read_procedure
from verifier_web.packing import RuntimeManifest, build_runtime
from verifier_web.preview import preview

ROOT = Path(__file__).parents[2]
EVIDENCE = ROOT / "evidence"
NODE_MODULES = ROOT / "node_modules"
CACHE = ROOT / ".cache" / "browser-runtime"
DEPLOYMENTS = sorted(path.parent.name for path in (EVIDENCE / "deployments").glob("*/manifest.json"))
CHROMIUM = "/usr/bin/chromium"
LONGEST_WAIT = 120_000
"""Milliseconds; machines are shared, and a test that waits in vain says so late rather than wrongly."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a browser test."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def _absent(what: str) -> None:
    """Skip on a developer's machine; where everything must run, an absence is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and with CI=true the browser tests must run", pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="session")
def runtime_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RuntimeManifest]:
    """The packed runtime: a folder of files, and what they are."""
    if not (NODE_MODULES / "pyodide").is_dir():
        _absent("node_modules holds no Pyodide (npm ci)")
    if shutil.which("node") is None:
        _absent("node is not installed")
    folder = tmp_path_factory.mktemp("runtime")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes side by side: the first one packs, the others find it done
        manifest = build_runtime(folder, node_modules=NODE_MODULES, cache_dir=CACHE)
    return folder, manifest


@pytest.fixture(scope="session")
def runtime(runtime_folder: tuple[Path, RuntimeManifest]) -> RuntimeManifest:
    """What the packed runtime consists of."""
    return runtime_folder[1]


@pytest.fixture(scope="session")
def site(runtime_folder: tuple[Path, RuntimeManifest], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with a panel page for each committed deployment, and one that runs Python given by a test."""
    folder, manifest = runtime_folder
    root = tmp_path_factory.mktemp("site")
    shutil.copytree(folder, root / "runtime")
    shutil.copytree(EVIDENCE / "trust", root / "trust/evidence")
    shutil.copytree(EVIDENCE / "procedure", root / "procedure/evidence")
    entry = (f"/runtime/{manifest.entry.name}", manifest.entry.integrity)
    preloads = [(f"/runtime/{file.name}", file.integrity) for file in manifest.preloads]
    for id in DEPLOYMENTS:
        page = root / "deployments" / id
        shutil.copytree(EVIDENCE / "deployments" / id, page / "evidence")
        write_site_list(
            page,
            {
                "deployment": ("evidence/", page / "evidence"),
                "trust": ("/trust/evidence/", root / "trust/evidence"),
                "procedures": ("/procedure/evidence/", root / "procedure/evidence"),
            },
        )
        attributes = {"data-site-files": "files.json", "data-deployment": id, "data-prewarm": "none"}
        page.joinpath("index.html").write_text(panel_page(entry, preloads, _steps(id), attributes), "utf-8")
    python_page(root / "python", {file.source: f"/runtime/{file.name}" for file in manifest.files})
    return root


def _steps(id: str) -> list[tuple[str, str]]:
    """Ids and titles of the steps of a deployment, as its procedure orders them."""
    announced = json.loads((EVIDENCE / "deployments" / id / "deployment.json").read_bytes())
    procedure = read_procedure((EVIDENCE / "procedure" / f"{announced['procedure']}.md").read_bytes())
    return [(step, procedure.steps[step].title) for step in procedure.plan(announced["distribution"]).order]


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where the site is served with the production headers, ending in a slash."""
    with preview(site) as server:
        yield server.address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A running Chromium."""
    if not Path(CHROMIUM).exists():
        _absent(f"there is no {CHROMIUM}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page in a context of its own, and everything it asked for or complained about."""

    page: Page
    origin: str
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Begin to note requests and complaints."""

        def asked(request: Request) -> None:
            self.requests.append(request)

        def said(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                self.complaints.append(message.text)

        def raised(error: WebError) -> None:
            self.complaints.append(str(error.error))

        self.page.context.on("request", asked)
        self.page.context.on("console", said)
        self.page.context.on("weberror", raised)

    @property
    def panel(self) -> str:
        """The state of the verification panel."""
        return str(self.page.locator("vault-verify").get_attribute("data-state"))

    def open(self, path: str) -> None:
        """Go to a page of the site."""
        self.page.goto(self.origin + path)

    def until_settled(self) -> str:
        """Wait until the panel is done or cannot, and say which."""
        settled = 'vault-verify[data-state="done"], vault-verify[data-state="cannot"]'
        self.page.wait_for_selector(settled, timeout=LONGEST_WAIT)
        return self.panel

    def check(self) -> str:
        """Press the button, wait for the end, and say how it ended."""
        self.page.click("[data-part=start]")
        return self.until_settled()

    def text(self, part: str) -> str:
        """The visible text of a part."""
        return self.page.locator(f"[data-part={part}]").inner_text()

    def report(self) -> dict[str, Any]:
        """The report that the page offers for download."""
        with self.page.expect_download() as download:
            self.page.click("[data-part=save]")
        value: dict[str, Any] = json.loads(Path(download.value.path()).read_bytes())
        return value

    def foreign(self) -> list[str]:
        """Addresses of other origins that were asked for."""
        own = ("data:", f"blob:{self.origin}", self.origin)
        return [request.url for request in self.requests if not request.url.startswith(own)]


@pytest.fixture
def visit(chromium: Browser, address: str) -> Iterator[Visit]:
    """A fresh visitor of the site; fails the test when any request left the origin."""
    seen = Visit(page=chromium.new_context().new_page(), origin=address)
    seen.listen()
    yield seen
    foreign = seen.foreign()
    seen.page.context.close()
    assert foreign == []
