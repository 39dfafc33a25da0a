// Starts Python (Pyodide) from parts that the worker loads and checks, and takes the network away from it.

import createPyodideModule from "./pyodide.asm.mjs";
import { loadPyodide } from "./pyodide.mjs";

/** An address that is never asked: the only two requests that Pyodide makes are answered below. */
const NOWHERE = new URL("./in-memory/", import.meta.url).href;
const CORE_ARCHIVE = "/lib/vaultproof-core.zip";

/** What code inside Python could otherwise reach out with. */
const WAYS_OUT = [
  "BroadcastChannel",
  "EventSource",
  "SharedWorker",
  "WebSocket",
  "WebSocketStream",
  "WebTransport",
  "Worker",
  "XMLHttpRequest",
  "importScripts",
];

/**
 * @typedef {object} Parts
 * @property {Promise<WebAssembly.Module>} module - Pyodide's binary, compiled
 * @property {Promise<Uint8Array<ArrayBuffer>>} library - the standard library, a stored zip of bytecode
 * @property {Promise<Uint8Array<ArrayBuffer>>} core - our own code, likewise
 * @property {object} lock - Pyodide's lock file without packages
 */

/**
 * A started interpreter.  It begins before its parts are here, and waits for each where it needs it.  After this the
 * worker's own `fetch` refuses everything.
 * @param {Parts} parts
 * @returns {Promise<any>} Pyodide's API
 * @throws when WebAssembly is not allowed here, the parts do not fit together, or one of them does not come
 */
export async function startInterpreter(parts) {
  closeWaysOut();
  answerFromMemory(parts.library);
  const failed = instantiateFrom(parts.module);
  const starting = loadPyodide({
    createPyodideModule,
    indexURL: NOWHERE,
    packageBaseUrl: NOWHERE,
    stdLibURL: `${NOWHERE}library.zip`,
    lockFileContents: JSON.stringify(parts.lock),
    env: { PYTHONPATH: CORE_ARCHIVE, HOME: "/reader" },
    fsInit: async (/** @type {any} */ FS) => FS.writeFile(CORE_ARCHIVE, await parts.core),
  });
  const pyodide = await Promise.race([starting, failed, oneMissing(parts)]);
  globalThis.fetch = refuse;
  return pyodide;
}

/** @type {typeof fetch} */
const refuse = async (input) => {
  throw new TypeError(`the verifier asks nobody: ${input instanceof Request ? input.url : input}`);
};

function closeWaysOut() {
  for (const name of WAYS_OUT) {
    if (name in globalThis) Object.defineProperty(globalThis, name, { value: undefined, configurable: false });
  }
}

/**
 * Pyodide itself only reports a part that does not come, and goes on without it.
 * @param {Parts} parts
 * @returns {Promise<never>}
 */
function oneMissing({ module, library, core }) {
  return new Promise((_, reject) => Promise.all([module, library, core]).catch(reject));
}

/**
 * Pyodide fetches its binary and its library; both come from here.
 * @param {Promise<Uint8Array<ArrayBuffer>>} library
 */
function answerFromMemory(library) {
  const answers = new Map([
    [`${NOWHERE}pyodide.asm.wasm`, async () => new Response()], // not read: see instantiateFrom
    [`${NOWHERE}library.zip`, async () => new Response(await library)],
  ]);
  globalThis.fetch = async (input) => {
    const answer = answers.get(input instanceof Request ? input.url : String(input));
    return answer ? answer() : refuse(input);
  };
}

/**
 * Hand the compiled module to Pyodide where it would compile its own.  Pyodide only warns on the console when this
 * fails, and then waits for ever; the promise that comes back rejects instead.
 * @param {Promise<WebAssembly.Module>} compiling
 * @returns {Promise<never>}
 */
function instantiateFrom(compiling) {
  return new Promise((_, reject) => {
    WebAssembly.instantiateStreaming = async (_response, imports) => {
      try {
        const module = await compiling;
        return { module, instance: await WebAssembly.instantiate(module, imports) };
      } catch (error) {
        reject(error);
        throw error;
      }
    };
  });
}
