// Site files that are fetched while the reader is about to ask for a check, so that the answer comes at once.
//
// What was fetched ahead is used once, and only for a few seconds: a check is about what the site serves now.

import { fetchFolder } from "./site-files.mjs";

/** @typedef {import("./site-files.mjs").SiteFolder} SiteFolder */
/** @typedef {import("./site-files.mjs").Entry} Entry */
/** @typedef {import("./site-files.mjs").FetchProgress} FetchProgress */

export const FRESH_FOR = 30_000; // milliseconds

/**
 * A folder that is being fetched, or was.
 * @typedef {object} Ahead
 * @property {number} since - when it was complete
 * @property {Promise<Entry[]>} entries
 * @property {FetchProgress} progress - how far it is
 * @property {(progress: FetchProgress) => void} onProgress - who wants to know
 */

export class FetchedAhead {
  /** @type {Map<string, Ahead>} by base */
  #folders = new Map();
  #fetch;

  /** @param {typeof fetch} fetch */
  constructor(fetch) {
    this.#fetch = fetch;
  }

  /**
   * Fetch a folder, unless that was begun a moment ago.
   * @param {SiteFolder} folder
   * @returns {Promise<Entry[]>} its files, when they are there
   */
  begin(folder) {
    const known = this.#folders.get(folder.base);
    if (known !== undefined && performance.now() - known.since < FRESH_FOR) return known.entries;
    const entries = fetchFolder(folder, this.#fetch, (progress) => {
      ahead.progress = progress;
      ahead.onProgress(progress);
    });
    const progress = { done: 0, total: folder.files.length, percent: 0 };
    /** @type {Ahead} */
    const ahead = { since: Infinity, entries, progress, onProgress: () => {} };
    this.#folders.set(folder.base, ahead);
    entries.then(
      () => (ahead.since = performance.now()),
      () => this.#folders.delete(folder.base), // the check itself asks again, and says what is wrong
    );
    return entries;
  }

  /**
   * The folder's files: those that are being fetched or were fetched ahead, if they are fresh.
   * @param {SiteFolder} folder
   * @param {(progress: FetchProgress) => void} onProgress
   * @returns {Promise<Entry[]>}
   */
  async take(folder, onProgress) {
    const known = this.#folders.get(folder.base);
    this.#folders.delete(folder.base);
    if (known !== undefined && performance.now() - known.since < FRESH_FOR) {
      known.onProgress = onProgress;
      onProgress(known.progress);
      const entries = await known.entries.catch(() => null);
      if (entries !== null) return entries;
    }
    return fetchFolder(folder, this.#fetch, onProgress);
  }
}
