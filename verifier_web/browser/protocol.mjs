// What page and worker say to each other.  Types only: nothing of this file runs, and it is not packed.

/**
 * @typedef {import("./interpreter.mjs").Parts} Parts
 * @typedef {import("./site-files.mjs").SiteFolder} SiteFolder
 * @typedef {import("./site-files.mjs").Entry} Entry
 */

/**
 * Where the evidence comes from: this site, files that the reader has (`path` relative to the deployment's folder), or
 * a zip that the reader has.
 * @typedef {({kind: "site"} & SiteFolder) | {kind: "files", entries: Entry[]}
 *   | {kind: "zip", bytes: Uint8Array<ArrayBuffer>}} Source
 */

/**
 * @typedef {object} VerifyRequest
 * @property {Source} source
 * @property {SiteFolder} trust - the trust configuration's files
 * @property {SiteFolder} procedures - the procedure's documents
 * @property {string | null} expectedDigest - the evidence digest (hex) that the reader's page names, if any
 * @property {string | null} expectedFor - the deployment that `expectedDigest` is about; another's files are not held to it
 * @property {string} now - RFC 3339, UTC, with `Z`
 * @property {Record<string, string>} engine - what the report says about what ran
 */

/** @typedef {VerifyRequest & {type: "verify", run: number}} VerifyMessage */
/**
 * Load the interpreter and start it: `files` are the runtime's, `lock` is Pyodide's lock file without packages.
 * @typedef {{type: "warm", files: import("./runtime-parts.mjs").RuntimeFile[], lock: object}} WarmMessage
 */
/**
 * Site files that a check will likely need: `deployment` is `null` where it is large or not asked for; `practise` says
 * whether there is time to carry the check out once, for practice.
 * @typedef {{deployment: SiteFolder | null, trust: SiteFolder, procedures: SiteFolder, practise: boolean}} Likely
 */
/** @typedef {Likely & {type: "fetch-ahead"}} FetchAheadMessage */

/**
 * A fact in words (vaultproof.presentation.view.FactView).
 * @typedef {object} FactView
 * @property {string} label
 * @property {string} found
 * @property {string | null} expected
 * @property {boolean} differs
 * @property {string} origin
 * @property {string} origin_label
 * @property {boolean} compared
 * @property {string | null} file
 */

/**
 * A substep in words (SubstepView).
 * @typedef {object} SubstepView
 * @property {string} id
 * @property {string | null} subject
 * @property {string} status
 * @property {string} status_label
 * @property {string} sentence
 * @property {string} code
 * @property {FactView[]} facts
 */

/**
 * A step in words (StepView).
 * @typedef {object} StepView
 * @property {string} id
 * @property {number} number
 * @property {boolean} required
 * @property {string} title
 * @property {string} question
 * @property {string} doing
 * @property {string} status
 * @property {string} status_label
 * @property {string} sentence
 * @property {string | null} advice
 * @property {string} code
 * @property {SubstepView[]} substeps
 */

/**
 * The verdict in words (VerdictView).
 * @typedef {object} VerdictView
 * @property {string} outcome
 * @property {string} scope
 * @property {string} label
 * @property {string} sentence
 * @property {string | null} advice
 * @property {string} counts
 * @property {string[]} in_short
 * @property {string[]} establishes
 * @property {string[]} does_not_establish
 * @property {string[][]} parties
 * @property {string} parties_sentence
 * @property {string} report_digest
 * @property {string[]} report_words
 * @property {string | null} evidence_digest
 */

/**
 * @typedef {object} ReportEvent
 * @property {"report"} type
 * @property {number} run
 * @property {string} report - the report as canonical JSON, as it is to be saved
 * @property {string} digest - the report digest, lower-case hex
 * @property {string | null} deployment - the deployment that the files say they are of
 * @property {string | null} firstTrouble - the step to look at first
 * @property {VerdictView} verdict
 */

/**
 * @typedef {{type: "stage", run: number | null, stage: "loading" | "starting" | "testing" | "fetching" | "verifying",
 *     done?: number, total?: number, percent?: number}
 *   | {type: "ready", run: null}
 *   | {type: "scope", run: number, scope: "production" | "rehearsal"}
  | {type: "step-started", run: number, step: Pick<StepView, "id" | "number" | "title" | "question" | "doing">}
 *   | {type: "step-finished", run: number, step: StepView}
 *   | ReportEvent
 *   | {type: "failed", run: number | null, reason: import("./trouble.mjs").Reason, detail: string,
 *     fields: Record<string, string | null>}} WorkerEvent
 */

export {};
