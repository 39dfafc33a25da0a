// The verifier's worker: Python in a module Worker, so that the page stays responsive and can always stop it.
//
// It is told {type: "prepare"} and {type: "warm", parts} once, {type: "verify", run, ...} any number of times (one runs after the other), and
// {type: "fetch-ahead", ...} when a check of these files is likely.  It tells events, each with the run it belongs to
// (`null` for the start), as protocol.mjs lists them.

import { FetchedAhead } from "./fetched-ahead.mjs";
import { Trouble, asTrouble } from "./trouble.mjs";

/** @typedef {import("./protocol.mjs").WorkerEvent} WorkerEvent */
/** @typedef {import("./protocol.mjs").VerifyMessage} VerifyMessage */
/** @typedef {import("./protocol.mjs").Source} Source */
/** @typedef {import("./site-files.mjs").FetchProgress} FetchProgress */

/** The way to this site's files, kept here: Python finds a `fetch` that refuses. */
const site = new FetchedAhead(globalThis.fetch.bind(globalThis));

/** @type {Promise<typeof import("./interpreter.mjs")> | null} the interpreter's script, which is large */
let interpreter = null;
/** @type {Promise<any> | null} the Python object `vaultproof_browser.Verifier`, once it is ready */
let verifier = null;
let runs = Promise.resolve();

/** @param {WorkerEvent} event */
function tell(event) {
  globalThis.postMessage(event);
}

/**
 * @param {number | null} run
 * @param {unknown} error
 */
function tellTrouble(run, error) {
  const { reason, detail, fields } = asTrouble(error);
  tell({ type: "failed", run, reason, detail, fields });
}

async function prepare() {
  return await import("./interpreter.mjs");
}

/** @param {import("./protocol.mjs").Parts} parts */
async function start(parts) {
  tell({ type: "stage", run: null, stage: "starting" });
  const { startInterpreter } = await (interpreter ??= prepare());
  const pyodide = await startInterpreter(parts);
  tell({ type: "stage", run: null, stage: "testing" });
  pyodide.pyimport("vaultproof_start"); // first: it makes the import of everything else faster
  const started = pyodide.pyimport("vaultproof_browser").Verifier();
  await started.self_test();
  tell({ type: "ready", run: null });
  return started;
}

/**
 * @param {Source} source
 * @param {(progress: FetchProgress) => void} onProgress
 */
async function gather(source, onProgress) {
  // `undefined` and not `null`: Python sees None.
  if (source.kind === "site") return { files: await site.take(source, onProgress), zip: undefined };
  if (source.kind === "files") return { files: source.entries, zip: undefined };
  return { files: undefined, zip: source.bytes };
}

/** @param {import("./protocol.mjs").FetchAheadMessage} message */
async function prepareFor({ deployment, trust, procedures }) {
  if (deployment !== null) site.begin(deployment);
  const [trustFiles, documents] = await Promise.all([site.begin(trust), site.begin(procedures)]);
  (await verifier)?.read_site(trustFiles, documents).destroy();
}

/** @param {VerifyMessage} message */
async function verify(message) {
  const { run } = message;
  if (verifier === null) throw new Trouble("engine", "asked to verify before the start");
  const started = await verifier;
  const onProgress = (/** @type {FetchProgress} */ progress) =>
    tell({ type: "stage", run, stage: "fetching", ...progress });
  const silent = () => {};
  const [evidence, trust, procedures] = await Promise.all([
    gather(message.source, onProgress),
    site.take(message.trust, silent),
    site.take(message.procedures, silent),
  ]);
  tell({ type: "stage", run, stage: "verifying" });
  const expectedDigest = message.expectedDigest ?? undefined;
  const expectedFor = message.expectedFor ?? undefined;
  const request = { ...evidence, trust, procedures, now: message.now, expectedDigest, expectedFor };
  await started.run(request, message.engine, (/** @type {string} */ json) => tell({ run, ...JSON.parse(json) }));
}

globalThis.addEventListener("message", ({ data }) => {
  if (data.type === "prepare") {
    interpreter = prepare();
    interpreter.catch(() => {}); // the start tells of it
  } else if (data.type === "warm") {
    verifier = start(data.parts);
    verifier.catch((error) => tellTrouble(null, error));
  } else if (data.type === "fetch-ahead") {
    prepareFor(data).catch(() => {}); // the check itself asks again, and says what is wrong
  } else if (data.type === "verify") {
    runs = runs.then(() => verify(data)).catch((error) => tellTrouble(data.run, error));
  }
});
