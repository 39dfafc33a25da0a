// Why a check could not be carried out.  Every one of these means "nothing was found wrong": none is a verdict.

/**
 * - `unsupported`: this browser lacks something that the verifier needs, or its policy forbids it
 * - `network`: a file could not be fetched
 * - `integrity`: a file of the verifier is not the one that this page was published with
 * - `time-limit`: the verifier did not start, or went silent
 * - `too-large`: more files or bytes than the caps allow
 * - `refused`: the files are no deployment that this verifier can read (the detail says why)
 * - `engine`: the verifier itself failed: a fault of ours
 * - `stopped`: the reader stopped it, or started another check
 * @typedef {"unsupported" | "network" | "integrity" | "time-limit" | "too-large" | "refused" | "engine" | "stopped"} Reason
 */

export class Trouble extends Error {
  /**
   * @param {Reason} reason
   * @param {string} detail - one line for experts: which file, which function, what it said
   * @param {Record<string, string | null>} [fields] - what the core said about files that it refused
   */
  constructor(reason, detail, fields = {}) {
    super(`${reason}: ${detail}`);
    this.name = "Trouble";
    /** @type {Reason} */
    this.reason = reason;
    this.detail = detail;
    this.fields = fields;
  }
}

/**
 * Any thrown value as a `Trouble`: what is not one already is a fault of the verifier.
 * @param {unknown} error
 * @returns {Trouble}
 */
export function asTrouble(error) {
  if (error instanceof Trouble) return error;
  return new Trouble("engine", error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}
