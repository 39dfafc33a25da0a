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
 * @param {AbortSignal} signal
 * @param {(bytes: Uint8Array<ArrayBuffer>) => void} onBytes
 * @throws {Trouble} `network` or `integrity`
 */
async function load(file, signal, onBytes) {
  const address = addressOfFile(file.name);
  const options = { fetch, limit: file.size, exact: true, cache: /** @type {RequestCache} */ ("default"), signal, onBytes };
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
 * @param {AbortSignal} signal
 * @param {(bytes: Uint8Array<ArrayBuffer>) => void} onBytes
 */
async function loadModule(file, signal, onBytes) {
  /** @type {ReadableStreamDefaultController<Uint8Array>} */
  let controller;
  const stream = new ReadableStream({ start: (given) => void (controller = given) });
  const answer = new Response(stream, { headers: { "content-type": "application/wasm" } });
  const compiling = WebAssembly.compileStreaming(answer).catch((error) => {
    throw new Trouble("unsupported", `WebAssembly: ${error.message}`);
  });
  const loading = load(file, signal, (bytes) => {
    controller.enqueue(bytes);
    onBytes(bytes);
  }).then(
    () => controller.close(),
    (error) => {
      controller.error(error);
      throw error;
    },
  );
  const [settled, compiled] = await Promise.allSettled([loading, compiling]);
  if (settled.status === "rejected" && settled.reason.reason !== "unsupported") throw settled.reason;
  if (compiled.status === "rejected") throw compiled.reason;
  return compiled.value;
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
  const all = (/** @type {(role: string) => boolean} */ wanted) =>
    Promise.all(files.filter((file) => wanted(file.role)).map((file) => load(file, signal, onBytes)));
  const worker = all((role) => role.startsWith("worker-"));
  const interpreter = all((role) => role === "interpreter-script");
  const parts = Promise.all([
    loadModule(only("wasm"), signal, onBytes),
    load(only("standard-library"), signal, onBytes),
    load(only("core"), signal, onBytes),
  ]);
  for (const promise of [interpreter, parts]) promise.catch(() => {}); // heard of when their turn comes, if it does
  return { worker, interpreter, parts };
}
