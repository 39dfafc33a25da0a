"""Two pages for tests: a panel as small as ``verifier_web/browser/README.md`` allows, and a Python prompt."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape
from pathlib import Path

STEP = """
<li id="step-{id}" data-status="match">
 <h3><span data-field="number">{number}</span>. <span data-field="title">{title}</span></h3>
 <p data-field="status_label">rendered by the build</p>
 <p data-field="sentence" data-if="sentence">rendered sentence</p>
 <p data-field="advice" data-if="advice" hidden></p>
 <details data-part="details"><summary>Facts</summary><code data-field="code"></code>
  <ul data-part="substeps"><li>rendered fact</li></ul></details>
</li>"""

CANNOT = ("unsupported", "network", "integrity", "time-limit", "too-large", "refused", "engine", "stopped", "other")

TEXTS = {
    "establishes-nothing": "Nothing: no step matched.",
    "again": "Check again",
    "begun": "The check has begun.",
    "waiting": "Waiting",
    "running": "Checking",
    "absent": "Not part of this check",
    "step-told": "{number}. {title}: {status_label}",
    "loading": "Loading the verifier: {percent} %",
    "starting": "Starting the verifier",
    "testing": "Testing the verifier",
    "fetching": "Fetching the files: {percent} %",
    "verifying": "Checking",
    "checked-site": "Checked in this browser at {time} UTC, with files from this site.",
    "checked-copy": "Checked in this browser at {time} UTC, with your copy {name} ({count} files).",
}

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Panel</title>
<link rel="icon" href="data:,">
{preloads}
<script type="module" src="{entry}" integrity="{integrity}"></script>
</head><body><main><h1>Panel</h1>
<vault-verify {attributes}>
 <button type="button" data-part="start" hidden>Check it now in this browser</button>
 <button type="button" data-part="stop" hidden>Stop</button>
 <p data-part="progress" hidden></p>
 <div data-part="cannot"></div>
 <ol data-part="steps">{steps}</ol>
 <section data-part="verdict" hidden>
  <h2 data-part="heading" data-field="label" tabindex="-1"></h2>
  <p data-field="sentence"></p><p data-field="counts"></p><p data-field="checked"></p>
  <p data-field="advice" data-if="advice"></p>
  <h3>It establishes</h3><ul data-part="establishes"></ul>
  <h3>It does not establish</h3><ul data-part="does-not-establish"></ul>
  <p data-field="parties_sentence"></p><ul data-part="parties"></ul>
  <p>Report digest <code data-field="report_digest"></code> <span data-field="report_words"></span></p>
  <p data-part="digest-equal">The same digest as the build's.</p>
  <p data-part="digest-differs">Another digest than the build's.</p>
  <p data-part="other-deployment">These files are of <span data-field="deployment"></span>.</p>
  <a data-part="save" href="#">Save the report</a>
 </section>
 <div data-part="log" role="log" aria-live="polite"></div>
 <div data-part="own-copy" hidden>
  <input type="file" data-part="pick-zip" accept=".zip"><input type="file" data-part="pick-folder" webkitdirectory>
 </div>
 <template data-part="texts">{texts}</template>
 <template data-template="step">{blank_step}</template>
 <template data-template="substep"><li data-status-from="status"><span data-field="status_label"></span>
  <span data-field="sentence"></span> <code data-field="code"></code><dl data-part="facts"></dl></li></template>
 <template data-template="fact"><div><dt data-field="label"></dt><dd data-field="found"></dd>
  <dd data-if="expected" data-field="expected"></dd><dd data-field="origin_label"></dd>
  <dd data-if="file" data-field="file"></dd><dd data-if="not_compared">shown, not checked</dd></div></template>
 <template data-template="line"><li data-field="text"></li></template>
 {cannot}
</vault-verify></main></body></html>
"""

Entry = tuple[str, str]
"""A script's address and its integrity value."""


def panel_page(
    entry: Entry, preloads: Iterable[Entry], steps: Iterable[tuple[str, str]], attributes: dict[str, str]
) -> str:
    """The page; ``steps`` are ids and titles, ``attributes`` go on ``<vault-verify>`` (values are escaped)."""
    rendered = "".join(
        STEP.format(id=id, number=n, title=escape(title)) for n, (id, title) in enumerate(steps, start=1)
    )
    return PAGE.format(
        entry=entry[0],
        integrity=entry[1],
        preloads="\n".join(
            f'<link rel="modulepreload" href="{address}" integrity="{integrity}">' for address, integrity in preloads
        ),
        attributes=" ".join(f'{name}="{escape(value)}"' for name, value in attributes.items()),
        steps=rendered,
        blank_step=STEP.format(id="", number="", title=""),
        texts="".join(f'<span data-text="{name}">{escape(text)}</span>' for name, text in TEXTS.items()),
        cannot="".join(
            f'<template data-template="cannot-{reason}"><div data-reason="{reason}"><h2>Could not check here</h2>'
            '<p data-if="message" data-field="message"></p><p data-field="detail"></p></div></template>'
            for reason in CANNOT
        ),
    )


def write_site_list(page: Path, folders: dict[str, tuple[str, Path]]) -> None:
    """The list of files that a page names in ``data-site-files``: for each part its address and its folder."""
    value: dict[str, object] = {"schema": "vaultproof/site-files@1"}
    for part, (base, folder) in folders.items():
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        files = [{"path": path.relative_to(folder).as_posix(), "size": path.stat().st_size} for path in paths]
        value[part] = {"base": base, "files": files}
    page.joinpath("files.json").write_text(json.dumps(value), "utf-8")


PYTHON_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Python</title><link rel="icon" href="data:,">
<script type="module" src="page.mjs"></script></head><body></body></html>
"""

PYTHON_PAGE_SCRIPT = """
import { loadInterpreter } from "RUNTIME:runtime-parts.mjs";
import { files, lock } from "RUNTIME:runtime-files.mjs";

const policy = trustedTypes.createPolicy("verifier-worker", { createScriptURL: (address) => address });
const worker = new Worker(policy.createScriptURL(new URL("worker.mjs", import.meta.url).href), { type: "module" });
const answers = [];
worker.onmessage = ({ data }) => answers.shift()(data);
const ask = (message) => new Promise((resolve) => { answers.push(resolve); worker.postMessage(message); });

const loading = loadInterpreter(files, () => {});
await loading.scripts;
await loading.arrived;
const [module, library, core] = await Promise.all(["module", "library", "core"].map((name) => loading.parts[name]));
await ask({ parts: { module, library, core, lock } });
document.documentElement.dataset.ready = "";

/** Run Python in the runtime as it is packed, with these files beside it; what the code's last line is, as text. */
globalThis.runPython = async (code, files) => {
  const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const entries = Object.entries(files).map(([name, text]) => [name, bytesOf(text)]);
  const { value, error } = await ask({ code, files: entries });
  if (error !== undefined) throw new Error(error);
  return value;
};
"""

PYTHON_WORKER_SCRIPT = """
import { startInterpreter } from "RUNTIME:interpreter.mjs";

let pyodide;
const run = async ({ parts, code, files }) => {
  if (parts) {
    pyodide = await startInterpreter(parts);
    return "started";
  }
  for (const [name, bytes] of files) pyodide.FS.writeFile(name, bytes);
  return String(await pyodide.runPythonAsync(code));
};
globalThis.onmessage = ({ data }) =>
  run(data).then((value) => postMessage({ value }), (error) => postMessage({ error: String(error) }));
"""


def python_page(folder: Path, scripts: dict[str, str]) -> None:
    """Write a page that runs Python given by a test, in the packed runtime and under the same policy as any page.

    ``scripts`` maps the runtime's source names to the addresses of the packed files.
    """
    folder.mkdir()
    folder.joinpath("index.html").write_text(PYTHON_PAGE, "utf-8")
    for name, script in {"page.mjs": PYTHON_PAGE_SCRIPT, "worker.mjs": PYTHON_WORKER_SCRIPT}.items():
        for source, address in scripts.items():
            script = script.replace(f'"RUNTIME:{source}"', f'"{address}"')
        folder.joinpath(name).write_text(script, "utf-8")
