// Starts Pyodide in node for packing: from the pinned npm package, with nothing to download.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The package's lock file without its packages: Pyodide checks its versions, and then has nothing to ask for. */
export function emptyLock(folder) {
  const { info } = JSON.parse(readFileSync(join(folder, "pyodide-lock.json"), "utf8"));
  return JSON.stringify({ info, packages: {} });
}

/** Pyodide from `folder`, with `options` of its `loadPyodide` beside ours. */
export async function startPyodide(folder, options) {
  const { loadPyodide } = await import(pathToFileURL(join(folder, "pyodide.mjs")).href);
  return loadPyodide({ indexURL: folder, lockFileContents: emptyLock(folder), packageBaseUrl: folder, ...options });
}
