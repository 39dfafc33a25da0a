// Fetches the verifier's own files, checks each against the hash that this page was published with, and compiles the
// WebAssembly while it arrives.  The scripts are checked too: the worker loads them by address a moment later, from the
// browser's cache, so this finds a wrong or half-copied file; it cannot bind a server that answers differently twice.

import { fetchBytes } from "./fetching.mjs";
import { files } from "./runtime-files.mjs";
import { Trouble } from "./trouble.mjs";

/**
 * @typedef {object} RuntimeFile
 * @property {string} name
 * @property {string} role
 * @property {number} size
 * @property {string} sha256
 */

/** @typedef {(done: number, total: number) => void} Progress - in bytes, uncompressed */
/** @typedef {Pick<import("./fetching.mjs").FetchOptions, "signal" | "onBytes" | "onAnswer">} Loading */

/** Bytes that a start loads, uncompressed. */
export const totalSize = files.reduce((sum, file) => sum + file.size, 0);

/** @param {string} name */
export function addressOfFile(name) {
  return new URL(`./${name}`, import.meta.url);
}

/** @param {string} role */
function only(role) {
  const file = files.find((candidate) => candidate.role === role);
  if (file === undefined) throw new Trouble("engine", `the runtime has no ${role}`);
  return file;
}

/** The address of the worker's first script. */
export function workerAddress() {
  return addressOfFile(only("worker-entry").name);
}

/** The hash of our own code, which names the verifier in reports. */
export function coreDigest() {
  return only("core").sha256;
}

/**
 * The bytes of one file of the runtime, if they are the right ones.
 * @param {RuntimeFile} file
 * @param {Loading} loading
 * @throws {Trouble} `network` or `integrity`
 */
async function load(file, loading) {
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
 * Begin to load everything.  `worker` settles when the worker may be made, `interpreter` when it may load the rest of its
 * scripts, `parts` when it may be started.
 * @param {AbortSignal} signal
 * @param {Progress} onProgress
 */
export function loadRuntime(signal, onProgress) {
  let done = 0;
  const onBytes = (/** @type {Uint8Array<ArrayBuffer>} */ bytes) => onProgress((done += bytes.length), totalSize);
  const loading = { signal, onBytes };
  const all = (/** @type {(role: string) => boolean} */ wanted) =>
    Promise.all(files.filter((file) => wanted(file.role)).map((file) => load(file, loading)));
  const worker = all((role) => role.startsWith("worker-"));
  const interpreter = all((role) => role === "interpreter-script");
  const parts = Promise.all([
    loadModule(only("wasm"), loading),
    load(only("standard-library"), loading),
    load(only("core"), loading),
  ]);
  for (const promise of [interpreter, parts]) promise.catch(() => {}); // heard of when their turn comes, if it does
  return { worker, interpreter, parts };
}
