// The verifier's worker: Python in a module Worker, so that the page stays responsive and can always stop it.
//
// It is told {type: "warm", files, lock} once, {type: "verify", run, ...} any number of times (one runs after the other),
// and {type: "fetch-ahead", ...} when a check of these files is likely.  It tells events, each with the run it belongs to
// (`null` for the start), as protocol.mjs lists them.

import { FetchedAhead } from "./fetched-ahead.mjs";
import { loadInterpreter } from "./runtime-parts.mjs";
import { asTrouble } from "./trouble.mjs";

/** @typedef {import("./protocol.mjs").WorkerEvent} WorkerEvent */
/** @typedef {import("./protocol.mjs").VerifyMessage} VerifyMessage */
/** @typedef {import("./protocol.mjs").Source} Source */
/** @typedef {import("./site-files.mjs").FetchProgress} FetchProgress */

/** The way to this site's files, kept here: Python finds a `fetch` that refuses. */
const site = new FetchedAhead(globalThis.fetch.bind(globalThis));

/** @type {(starting: Promise<any>) => void} */
let begin;
/** The Python object `vaultproof_browser.Verifier`, once it is ready. @type {Promise<any>} */
const verifier = new Promise((resolve) => (begin = resolve));
verifier.catch((error) => tellTrouble(null, error));

/** The runs, one after the other. */
let runs = Promise.resolve();
/** Runs that a reader asked for and that are not over: there is nothing to practise for while there are any. */
let asked = 0;
/** Ends a practice run that is going on. */
let givePracticeUp = () => {};

const ANY_TIME = "2026-01-01T00:00:00Z";

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

/** The interpreter's script, which is large: it is loaded while the rest still arrives. */
async function interpreter() {
  return await import("./interpreter.mjs");
}

/** @param {import("./protocol.mjs").WarmMessage} message */
async function start({ files, lock }) {
  const loading = loadInterpreter(files, (percent) => tell({ type: "stage", run: null, stage: "loading", percent }));
  const arrived = loading.arrived.then(() => tell({ type: "stage", run: null, stage: "starting" }));
  arrived.catch(() => {}); // the start fails with it
  await loading.scripts;
  const { startInterpreter } = await interpreter();
  const pyodide = await startInterpreter({ ...loading.parts, lock });
  tell({ type: "stage", run: null, stage: "testing" });
  const startup = pyodide.pyimport("sys").modules.get("sitecustomize");
  if (startup === undefined) throw new Error("Python did not begin with what was packed for it");
  const started = pyodide.pyimport("vaultproof_browser").Verifier();
  startup.settle();
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
async function prepareFor({ deployment, trust, procedures, practise }) {
  const folders = [trust, procedures, ...(deployment === null ? [] : [deployment])].map((folder) => site.begin(folder));
  const [trustFiles, documents, files] = await Promise.all(folders);
  const started = await verifier;
  if (practise && files !== undefined && asked === 0) await practiseWith(started, files, trustFiles, documents);
}

/**
 * Carry a check out while the reader makes up their mind, and drop what it finds: the browser compiles code when it runs
 * first, so the check that counts takes half the time.  Nobody is told of anything, Python keeps no more than the imported
 * keys, and a check that is asked for ends this at the next signature.
 * @param {any} started
 * @param {import("./site-files.mjs").Entry[]} files
 * @param {import("./site-files.mjs").Entry[]} trust
 * @param {import("./site-files.mjs").Entry[]} procedures
 */
async function practiseWith(started, files, trust, procedures) {
  const expected = { expectedDigest: undefined, expectedFor: undefined };
  const request = { files, zip: undefined, trust, procedures, now: ANY_TIME, ...expected };
  givePracticeUp = () => started.give_practice_up();
  await inTurn(async () => {
    if (asked === 0) await started.practise(request);
  });
}

/** @param {VerifyMessage} message */
async function verify(message) {
  const { run } = message;
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

/**
 * Do this after all that was asked for before.
 * @param {() => Promise<void>} work
 */
function inTurn(work) {
  const done = runs.then(work);
  runs = done.catch(() => {}); // whoever asked for it hears of it; what comes next goes on
  return done;
}

/** @param {VerifyMessage} message */
function verifyInTurn(message) {
  asked++;
  givePracticeUp();
  inTurn(() => verify(message))
    .catch((error) => tellTrouble(message.run, error))
    .finally(() => asked--);
}

globalThis.addEventListener("message", ({ data }) => {
  if (data.type === "warm") begin(start(data));
  else if (data.type === "fetch-ahead") {
    prepareFor(data).catch(() => {}); // the check itself asks again, and says what is wrong
  } else if (data.type === "verify") verifyInTurn(data);
});
