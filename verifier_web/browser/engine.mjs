// The page's side of the verifier: loads it, starts it in a worker, hands it runs, and ends it when it goes silent.

import { checkWorker, coreDigest, workerAddress } from "./runtime-loader.mjs";
import { files, lock, versions } from "./runtime-files.mjs";
import { Trouble, asTrouble } from "./trouble.mjs";
import { Watchdog } from "./watchdog.mjs";

/** @typedef {import("./protocol.mjs").VerifyRequest} VerifyRequest */
/** @typedef {import("./protocol.mjs").WorkerEvent} WorkerEvent */
/** @typedef {import("./protocol.mjs").ReportEvent} ReportEvent */
/** @typedef {import("./protocol.mjs").Likely} Likely */
/** @typedef {{stage: "loading" | "starting" | "testing", percent?: number}} Stage */

/**
 * Trusted Types: the one address that a worker may be made from.
 * @type {{createScriptURL(address: string): any}}
 */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("verifier-worker", {
  createScriptURL: ownWorkerOnly,
}) ?? { createScriptURL: ownWorkerOnly };

/** @param {string} address */
function ownWorkerOnly(address) {
  if (address !== workerAddress().href) throw new TypeError(`not the verifier's worker: ${address}`);
  return address;
}

/** What the report says about what ran: nothing about the reader or their device. */
export function engineName() {
  return { name: "vaultproof-browser", core: coreDigest(), ...versions };
}

/** @returns {Trouble | null} why this browser cannot even try */
export function whyUnsupported() {
  if (typeof WebAssembly !== "object" || typeof WebAssembly.compileStreaming !== "function")
    return new Trouble("unsupported", "no WebAssembly");
  if (typeof Worker !== "function") return new Trouble("unsupported", "no workers");
  if (globalThis.crypto?.subtle === undefined)
    return new Trouble("unsupported", "no WebCrypto: the page was not loaded by https or from localhost");
  return null;
}

export class Engine {
  /** @type {Promise<Worker> | null} */
  #starting = null;
  #giveUp = new AbortController();
  /** @type {Worker | null} */
  #worker = null;
  #runs = 0;
  /** @type {{run: number, onEvent: (event: WorkerEvent) => void, fail: (trouble: Trouble) => void} | null} */
  #current = null;
  /** @type {Watchdog} */
  #watchdog;
  /** @type {Stage | null} */
  #stage = null;
  /** @type {Likely | null} what to fetch once there is a worker */
  #likely = null;

  /**
   * @param {number} limit - milliseconds of silence after which a start or a run is given up
   * @param {(stage: Stage) => void} onStage - told how the start goes on
   */
  constructor(limit, onStage) {
    this.limit = limit;
    this.onStage = onStage;
    this.#watchdog = new Watchdog(limit);
  }

  /** Load and start, once; a start that failed can be tried again. */
  warm() {
    this.#starting ??= this.#start().catch((error) => {
      this.stop(asTrouble(error));
      throw asTrouble(error);
    });
    return this.#starting;
  }

  /** Where the start stands, for somebody who comes to look only now. */
  get stage() {
    return this.#stage;
  }

  /**
   * Have these files fetched for a check to come, as soon as there is a worker to do it.
   * @param {Likely} likely
   */
  fetchAhead(likely) {
    this.#likely = likely;
    this.#worker?.postMessage({ type: "fetch-ahead", ...likely });
  }

  /**
   * One run.  A run that is still going on is given up first: its events go nowhere from then on.
   * @param {VerifyRequest} request
   * @param {(event: WorkerEvent) => void} onEvent - stages and steps, in order
   * @returns {Promise<ReportEvent>}
   * @throws {Trouble}
   */
  async verify(request, onEvent) {
    const run = ++this.#runs;
    this.#current?.fail(new Trouble("stopped", "another check was started"));
    this.#current = null;
    const worker = await this.warm();
    if (run !== this.#runs) throw new Trouble("stopped", "another check was started");
    const answer = new Promise((resolve, reject) => {
      const onOwnEvent = (/** @type {WorkerEvent} */ event) => {
        if (event.type === "report") resolve(event);
        else if (event.type === "failed") reject(new Trouble(event.reason, event.detail, event.fields));
        else onEvent(event);
      };
      this.#current = { run, onEvent: onOwnEvent, fail: reject };
    });
    this.#watchdog.alive("verifying");
    worker.postMessage({ type: "verify", run, ...request }, transferable(request));
    try {
      return await Promise.race([answer, this.#watchdog.silence]);
    } catch (error) {
      if (run === this.#runs && asTrouble(error).reason === "time-limit") this.stop(asTrouble(error));
      throw error;
    } finally {
      if (run === this.#runs) this.#rest();
    }
  }

  /** @param {Trouble} trouble - what a run that is going on is told */
  stop(trouble = new Trouble("stopped", "stopped by the reader")) {
    this.#runs++;
    this.#giveUp.abort();
    this.#giveUp = new AbortController();
    this.#worker?.terminate();
    this.#worker = null;
    this.#starting = null;
    this.#stage = null;
    this.#current?.fail(trouble);
    this.#rest();
    this.#watchdog = new Watchdog(this.limit);
  }

  #rest() {
    this.#current = null;
    this.#watchdog.rest();
  }

  /** @param {Stage} stage */
  #tellStage(stage) {
    this.#stage = stage;
    this.#watchdog.alive(stage.stage);
    this.onStage(stage);
  }

  async #start() {
    const unsupported = whyUnsupported();
    if (unsupported) throw unsupported;
    const { silence } = this.#watchdog;
    this.#tellStage({ stage: "loading" });
    // The worker loads and starts while its scripts are checked; it is asked for no verdict before they are found right.
    const { worker, ready } = this.#makeWorker();
    ready.catch(() => {}); // heard of below, if the scripts are the right ones
    this.#worker = worker;
    worker.postMessage({ type: "warm", files, lock });
    await Promise.race([checkWorker(this.#giveUp.signal), silence]);
    if (this.#likely !== null) this.fetchAhead(this.#likely);
    await Promise.race([ready, silence]);
    this.#watchdog.rest();
    this.#stage = null;
    return worker;
  }

  #makeWorker() {
    const worker = new Worker(policy.createScriptURL(workerAddress().href), { type: "module" });
    /** @type {Promise<void>} */
    const ready = new Promise((resolve, reject) => {
      worker.addEventListener("error", (event) => {
        const trouble = new Trouble("engine", event.message || "the worker could not be loaded");
        reject(trouble);
        this.#current?.fail(trouble);
      });
      worker.addEventListener("messageerror", () => reject(new Trouble("unsupported", "the worker was sent nothing")));
      worker.addEventListener("message", ({ data }) => {
        const event = /** @type {WorkerEvent} */ (data);
        if (event.type === "ready") resolve();
        else if (event.run === null && event.type === "failed") reject(new Trouble(event.reason, event.detail));
        else if (event.run === null && event.type === "stage") this.#tellStage(/** @type {Stage} */ (event));
        else this.#tellRun(event);
      });
    });
    return { worker, ready };
  }

  /** @param {WorkerEvent} event */
  #tellRun(event) {
    if (this.#current === null || event.run !== this.#current.run) return; // of a run that nobody waits for any more
    this.#watchdog.alive(event.type === "stage" ? event.stage : event.type);
    this.#current.onEvent(event);
  }
}

/**
 * The buffers that can be moved to the worker instead of being copied.
 * @param {VerifyRequest} request
 */
function transferable({ source }) {
  if (source.kind === "zip") return [source.bytes.buffer];
  if (source.kind === "files") return source.entries.map((entry) => entry.bytes.buffer);
  return [];
}
