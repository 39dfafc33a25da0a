// Fetches the verifier's own files, checks each against the hash that its page was published with, and compiles the
// WebAssembly while it arrives.  The worker does it, so that fourteen million bytes never hold up the page; the page does
// it for the worker's first scripts.  Scripts are loaded by address a moment later, from the browser's cache: checking
// them finds a wrong or half-copied file; it cannot bind a server that answers differently twice.

import { fetchBytes } from "./fetching.mjs";
import { percentOf } from "./site-files.mjs";
import { Trouble } from "./trouble.mjs";

/** Taken at the start: Python later finds a `fetch` that refuses. */
const fetch = globalThis.fetch.bind(globalThis);

/** Milliseconds after which a download that moves says so, even if it does not move by one per cent. */
const SIGN_OF_LIFE = 1000;

/**
 * @typedef {object} RuntimeFile
 * @property {string} name
 * @property {string} role
 * @property {number} size
 * @property {string} sha256
 */

/** @typedef {Pick<import("./fetching.mjs").FetchOptions, "signal" | "onBytes" | "onAnswer">} Loading */

/** @param {string} name */
export function addressOfFile(name) {
  return new URL(`./${name}`, import.meta.url);
}

/**
 * @param {RuntimeFile[]} files
 * @param {string} role
 */
export function only(files, role) {
  const file = files.find((candidate) => candidate.role === role);
  if (file === undefined) throw new Trouble("engine", `the runtime has no ${role}`);
  return file;
}

/**
 * The bytes of one file of the runtime, if they are the right ones.
 * @param {RuntimeFile} file
 * @param {Loading} loading
 * @throws {Trouble} `network` or `integrity`
 */
export async function load(file, loading) {
  const address = addressOfFile(file.name);
  const options = { fetch, limit: file.size, exact: true, cache: /** @type {RequestCache} */ ("default"), ...loading };
  const bytes = await fetchBytes(address, options).catch((error) => {
    throw error.reason === "too-large" ? new Trouble("integrity", `${file.name} is too long`) : error;
  });
  if (bytes === null) throw new Trouble("network", `${file.name} is not on this site`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  if (hex(digest) !== file.sha256) throw new Trouble("integrity", `${file.name} has the SHA-256 ${hex(digest)}`);
  return bytes;
}

/** @param {Uint8Array} bytes */
function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The compiled binary.  Compiling begins with the first bytes; the result is given only if all of them were right.
 * @param {RuntimeFile} file
 * @param {Loading} loading
 */
async function loadModule(file, loading) {
  /** @type {Promise<WebAssembly.Module | null>} */
  let compiling = Promise.resolve(null);
  const onAnswer = (/** @type {Response} */ copy) => {
    compiling = WebAssembly.compileStreaming(copy).catch(() => null); // a host may send another media type
  };
  const bytes = await load(file, { ...loading, onAnswer });
  try {
    return (await compiling) ?? (await WebAssembly.compile(bytes));
  } catch (error) {
    throw new Trouble("unsupported", `WebAssembly: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * Begin to load what Python is made of.  `scripts` settles when the interpreter's scripts may be loaded; `parts` are on
 * their way, and `arrived` settles when all of them are here.
 * @param {RuntimeFile[]} files
 * @param {(percent: number) => void} onProgress
 */
export function loadInterpreter(files, onProgress) {
  const scripts = files.filter((file) => file.role === "interpreter-script");
  const [wasm, library, core] = ["wasm", "standard-library", "core"].map((role) => only(files, role));
  const total = [wasm, library, core, ...scripts].reduce((sum, { size }) => sum + size, 0);
  let [done, told, toldAt] = [0, -1, 0];
  const onBytes = (/** @type {Uint8Array<ArrayBuffer>} */ bytes) => {
    const [percent, now] = [percentOf((done += bytes.length), total), performance.now()];
    if (percent === told && now - toldAt < SIGN_OF_LIFE) return;
    [told, toldAt] = [percent, now];
    onProgress(percent);
  };
  const loading = { onBytes };
  // The scripts first: the browser reads and compiles them while the rest still arrives.
  const loadingScripts = Promise.all(scripts.map((file) => load(file, loading)));
  const parts = { module: loadModule(wasm, loading), library: load(library, loading), core: load(core, loading) };
  const arrived = Promise.all(Object.values(parts));
  arrived.catch(() => {}); // heard of when its turn comes, if it does
  return { scripts: loadingScripts, parts, arrived };
}
