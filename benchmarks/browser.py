"""Time to a verdict in Chromium, against stock Pyodide doing the same work; main thread, transfer.

``python -m benchmarks browser`` builds two sites in a temporary folder and serves both from this machine with the
production headers: *ours*, and *stock* (Pyodide as npm gives it, on the main thread, with its whole standard library
and our code as source).  Both check the same deployment.  Rounds are interleaved, each with new
profiles; the rows are wall time of

- ``stock, cold``: navigation to verdict, with an empty cache
- ``ours, cold``: the same, the button pressed as soon as there is one
- ``ours, 2nd visit``, ``ours, 3rd visit``: the same again, in a new tab each
- ``ours, restarted``: the same once more, after the browser was closed and opened again
- ``ours, click``: from a click to the verdict, the verifier loaded while the reader hovered over the button
- ``ours, again``: from "check again" to the verdict, the site's files fetched anew

``python -m benchmarks.browser --url http://127.0.0.1:8000/deployments/ID/`` times a page of a site that is being served
(``vaultproof serve``) in place of *ours*; ``--rounds N`` sets the number of rounds (7).

Needs Chromium, node and node_modules.  The first run packs the runtime (half a minute), later ones find it in
``.cache``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Playwright, Request, sync_playwright

from benchmarks.measuring import ROUNDS, Sample, ratio
from tests.browser.panel_page import panel_page, write_site_list
from vaultproof.archive import write_stored_zip
from verifier_web.packing import RuntimeManifest, build_runtime
from verifier_web.packing.compression import Compressor
from verifier_web.packing.modules import own_code
from verifier_web.preview import preview

ROOT = Path(__file__).parents[1]
EVIDENCE = ROOT / "evidence"
DEPLOYMENT = "rehearsal-messenger-2026"
CHROMIUM = "/usr/bin/chromium"
CACHE = ROOT / ".cache/browser-runtime"
PYODIDE = ROOT / "node_modules/pyodide"
STOCK_FILES = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
LONGEST_WAIT = 120_000
ARGUMENTS = ["--no-sandbox"]
SETTLE = 1000  # milliseconds that a browser is given after its start
BETWEEN = 2000  # milliseconds after a visit: the browser keeps compiled code a moment after it was made
LATER = ("ours, 2nd visit", "ours, 3rd visit")
HOVER = 500  # milliseconds between a verifier that is ready and the click

STOCK_PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>stock</title>
<link rel="icon" href="data:,"><script type="module" src="stock.mjs"></script></head><body></body></html>"""

STOCK_SCRIPT = """
import { loadPyodide } from "./pyodide/pyodide.mjs";
globalThis.onunhandledrejection = ({ reason }) => (document.documentElement.dataset.outcome = `failed: ${reason}`);
const fetchOne = async (base, path) => {
  const answer = await fetch(new URL(path, new URL(base, location)), { cache: "no-store" });
  return { path, bytes: new Uint8Array(await answer.arrayBuffer()) };
};
const fetchAll = ({ base, files }) => Promise.all(files.map(({ path }) => fetchOne(base, path)));
const list = await (await fetch("files.json")).json();
const [pyodide, code, files, trust, procedures] = await Promise.all([
  loadPyodide(), (await fetch("code.zip")).arrayBuffer(),
  fetchAll(list.deployment), fetchAll(list.trust), fetchAll(list.procedures),
]);
pyodide.unpackArchive(new Uint8Array(code), "zip");
const verifier = pyodide.pyimport("vaultproof_browser").Verifier();
const now = `${new Date().toISOString().slice(0, 19)}Z`;
const expected = { expectedDigest: undefined, expectedFor: undefined };
const request = { files, zip: undefined, trust, procedures, now, ...expected };
await verifier.run(request, { name: "stock" }, (json) => {
  const event = JSON.parse(json);
  if (event.type === "report") document.documentElement.dataset.outcome = event.verdict.outcome;
});
"""

WATCH = """
  window.longest = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
  }).observe({ type: "longtask", buffered: true });
"""

PRESS = """
  new MutationObserver((_, observer) => {
    const panel = document.querySelector('vault-verify[data-state="idle"]');
    const start = panel?.querySelector("[data-part=start]:not([hidden])");
    if (start) { observer.disconnect(); start.click(); }
  }).observe(document, { subtree: true, childList: true, attributes: true });
"""

TIME_OF_VERDICT = """
  new MutationObserver((_, observer) => {
    if (!document.querySelector('html[data-outcome], [data-state="done"], [data-state="cannot"]')) return;
    window.verdictAt = performance.now();
    observer.disconnect();
  }).observe(document, { subtree: true, childList: true, attributes: true });
"""

CLICK = """(panel) => new Promise((resolve, reject) => {
  const start = performance.now();
  new MutationObserver(() => {
    if (panel.dataset.state === "done") resolve(performance.now() - start);
    if (panel.dataset.state === "cannot") reject(new Error(panel.querySelector("[data-part=cannot]").textContent));
  }).observe(panel, { attributes: true });
  panel.querySelector("[data-part=start]").click();
})"""


@dataclass
class _Times:
    """What the rounds gave."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    longest: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    transfer: list[int] = field(default_factory=list)

    def add(self, name: str, milliseconds: float) -> None:
        self.seconds.setdefault(name, []).append(milliseconds / 1000)

    def samples(self) -> dict[str, Sample]:
        return {name: Sample(name=name, seconds=tuple(times)) for name, times in self.seconds.items()}


def _site(folder: Path) -> RuntimeManifest:
    """Both sites: ``ours/`` and ``stock/``, over the same evidence."""
    manifest = build_runtime(folder / "runtime", node_modules=ROOT / "node_modules", cache_dir=CACHE)
    shutil.copytree(EVIDENCE / "trust", folder / "trust/evidence")
    shutil.copytree(EVIDENCE / "procedure", folder / "procedure/evidence")
    shutil.copytree(EVIDENCE / "deployments" / DEPLOYMENT, folder / "deployment/evidence")
    folders = {
        "deployment": ("/deployment/evidence/", folder / "deployment/evidence"),
        "trust": ("/trust/evidence/", folder / "trust/evidence"),
        "procedures": ("/procedure/evidence/", folder / "procedure/evidence"),
    }
    for name in ("ours", "stock"):
        (folder / name).mkdir()
        write_site_list(folder / name, folders)
    entry = (f"/runtime/{manifest.entry.name}", manifest.entry.integrity)
    preloads = [(f"/runtime/{file.name}", file.integrity) for file in manifest.preloads]
    attributes = {"data-site-files": "files.json", "data-deployment": DEPLOYMENT, "data-prewarm": "intent"}
    (folder / "ours/index.html").write_text(panel_page(entry, preloads, [("files", "Files")], attributes), "utf-8")
    _stock_site(folder / "stock")
    return manifest


def _stock_site(folder: Path) -> None:
    """Pyodide as it is, with the same compression on the wire."""
    (folder / "pyodide").mkdir()
    (folder / "index.html").write_text(STOCK_PAGE, "utf-8")
    (folder / "stock.mjs").write_text(STOCK_SCRIPT, "utf-8")
    (folder / "code.zip").write_bytes(write_stored_zip({source.file: source.content for source in own_code()}))
    with Compressor(CACHE) as compressor:
        for path in [folder / "code.zip", *(PYODIDE / name for name in STOCK_FILES)]:
            target = folder / "code.zip" if path.parent == folder else folder / "pyodide" / path.name
            target.write_bytes(path.read_bytes())
            target.with_name(f"{target.name}.br").write_bytes(compressor.result(path.read_bytes()).br)


@contextmanager
def _reader(playwright: Playwright, profile: Path, url: str, *scripts: str) -> Iterator[BrowserContext]:
    """A browser with a profile on disk, as readers have it, that has shown something of this site.

    A private window keeps no compiled code, and so comes back more slowly than a reader's browser does.
    """
    context = playwright.chromium.launch_persistent_context(profile, executable_path=CHROMIUM, args=ARGUMENTS)
    try:
        for script in scripts:
            context.add_init_script(script)
        context.pages[0].goto(f"{url}files.json")
        context.pages[0].wait_for_timeout(SETTLE)
        yield context
    finally:
        context.close()


@contextmanager
def _profile() -> Iterator[Path]:
    """A new profile: of somebody who was never here."""
    with tempfile.TemporaryDirectory(prefix="vaultproof-browser-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _until_verdict(page: Page, url: str) -> float:
    """Milliseconds from navigation to verdict."""
    page.goto(url)
    settled = 'html[data-outcome], [data-state="done"], [data-state="cannot"]'
    page.wait_for_selector(settled, state="attached", timeout=LONGEST_WAIT)
    if page.locator('[data-state="cannot"]').count():
        raise SystemExit(f"could not check: {page.locator('[data-part=cannot]').inner_text()}")
    outcome = page.locator("html").get_attribute("data-outcome") or "verified"
    if outcome != "verified":
        raise SystemExit(f"stock Pyodide came to another answer: {outcome}")
    return float(page.evaluate("window.verdictAt"))


def _round(playwright: Playwright, stock: str, ours: str, times: _Times) -> None:
    with _profile() as profile, _reader(playwright, profile, stock, TIME_OF_VERDICT) as browser:
        times.add("stock, cold", _until_verdict(browser.new_page(), stock))

    with _profile() as profile:
        with _reader(playwright, profile, ours, TIME_OF_VERDICT, PRESS, WATCH) as browser:
            for name in ("ours, cold", *LATER):
                page, sizes = browser.new_page(), list[int]()
                page.on("requestfinished", lambda request, sizes=sizes: sizes.append(_transferred(request)))
                times.add(name, _until_verdict(page, ours))
                if name not in LATER:
                    times.longest.append(float(page.evaluate("window.longest")))
                    times.transfer.append(sum(sizes))
                page.wait_for_timeout(BETWEEN)
                page.close()
        with _reader(playwright, profile, ours, TIME_OF_VERDICT, PRESS) as browser:
            times.add("ours, restarted", _until_verdict(browser.new_page(), ours))

    with _profile() as profile, _reader(playwright, profile, ours) as browser:
        page = browser.new_page()
        page.goto(ours)
        page.wait_for_selector('vault-verify[data-state="idle"]')
        page.hover("[data-part=start]")
        page.wait_for_selector('vault-verify[data-verifier="ready"]', timeout=LONGEST_WAIT)
        page.wait_for_timeout(HOVER)
        panel = page.locator("vault-verify")
        times.add("ours, click", float(panel.evaluate(CLICK)))
        page.mouse.move(0, 0)
        times.add("ours, again", float(panel.evaluate(CLICK)))


def _transferred(request: Request) -> int:
    return request.sizes()["responseBodySize"]


def _longest_processor_time(playwright: Playwright, url: str) -> float:
    """Milliseconds of processor time that the longest task of the page's thread took, in a cold visit of its own.

    The wall time of a task counts what else runs on the machine; Chromium's trace tells both (``dur`` and ``tdur``).
    """
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    try:
        page = browser.new_page()
        for script in (TIME_OF_VERDICT, PRESS):
            page.add_init_script(script)
        browser.start_tracing(page=page, categories=["toplevel"])
        _until_verdict(page, url)
        page.wait_for_timeout(HOVER)
        events = json.loads(browser.stop_tracing())["traceEvents"]
    finally:
        browser.close()
    pages = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return max(event["tdur"] / 1000 for event in events if (event["pid"], event["tid"]) in pages and "tdur" in event)


def _print(times: _Times, manifest: RuntimeManifest) -> None:
    samples = times.samples()
    print(f"checking {DEPLOYMENT}, {len(times.longest)} rounds, median (min-max)")
    for name, sample in samples.items():
        low, high = min(sample.seconds) * 1e3, max(sample.seconds) * 1e3
        print(f"  {name:<14} {sample.median * 1e3:7.0f} ms ({low:.0f}-{high:.0f})")
    print(f"cold, ours / stock: {ratio(samples, 'ours, cold', 'stock, cold')}  (bar: <= 0.45)")
    for visit in ("2nd", "3rd"):
        print(
            f"{visit} visit, ours / stock cold: {ratio(samples, f'ours, {visit} visit', 'stock, cold')}  (bar: <= 0.3)"
        )
    print(f"prewarmed click: {samples['ours, click'].median * 1e3:.0f} ms  (bar: <= 150)")
    processor = f"median {statistics.median(times.processor):.0f}, most {max(times.processor):.0f} ms of processor time"
    wall = f"median {statistics.median(times.longest):.0f}, most {max(times.longest):.0f} ms of wall time"
    print(f"longest task of the page's thread, cold: {wall} (0: none over 50); {processor}  (bar: none over 50)")
    print(f"runtime, brotli: {manifest.transfer / 1e6:.2f} MB  (bar: <= 4.0)")
    print(f"whole first visit, as transferred: {times.transfer[-1] / 1e6:.2f} MB")


def main(arguments: Sequence[str] = ()) -> None:
    """Build, serve, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.browser", description="Time to a verdict in Chromium.")
    parser.add_argument("--url", help="a deployment's page of a site that is being served, in place of our small one")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how many ({ROUNDS})")
    options = parser.parse_args(arguments)
    times = _Times()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vaultproof-browser-")))
        manifest = _site(folder)
        server = stack.enter_context(preview(folder))
        playwright = stack.enter_context(sync_playwright())
        ours = options.url or f"{server.address}ours/"
        for _ in range(options.rounds):
            _round(playwright, f"{server.address}stock/", ours, times)
            times.processor.append(_longest_processor_time(playwright, ours))
    _print(times, manifest)


if __name__ == "__main__":
    main(sys.argv[1:])
