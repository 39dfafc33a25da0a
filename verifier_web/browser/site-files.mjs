// The published files of a deployment, of the trust configuration and of the procedure, fetched from this site.

import { fetchBytes } from "./fetching.mjs";
import { MAX_FILES, MAX_TOTAL_BYTES } from "./limits.mjs";
import { Trouble } from "./trouble.mjs";

/** A server that speaks HTTP/2 answers them all in one go; with HTTP/1.1 the browser itself holds back. */
const AT_A_TIME = 32;

/** Milliseconds after which a download that moves says so, even if it does not move by one per cent. */
const SIGN_OF_LIFE = 1000;

/**
 * Files below one address of this site; `path` is relative to `base`, with `/` between folders.  `size` (bytes) is what
 * the site says: it is used to show progress, and for nothing that matters.
 * @typedef {object} SiteFolder
 * @property {string} base - absolute address, ending in `/`
 * @property {{path: string, size: number}[]} files
 */

/**
 * @param {number} part
 * @param {number} whole
 */
export function percentOf(part, whole) {
  return whole === 0 ? 0 : Math.min(100, Math.floor((100 * part) / whole));
}

/** @param {SiteFolder} folder */
export function sizeOf(folder) {
  return folder.files.reduce((sum, { size }) => sum + size, 0);
}

/** @typedef {{done: number, total: number, percent: number}} FetchProgress - files, and bytes in per cent */

/** @typedef {{path: string, bytes: Uint8Array<ArrayBuffer>}} Entry */

/**
 * The address of a file below `base`.
 * @param {string} base
 * @param {string} path
 * @throws {Trouble} `refused` for a path that would leave `base`
 */
export function addressOf(base, path) {
  const address = new URL(path.split("/").map(encodeURIComponent).join("/"), base);
  if (!address.href.startsWith(base) || /(^|\/)\.{0,2}(\/|$)/.test(path)) {
    throw new Trouble("refused", `${path} is not a path below ${base}`);
  }
  return address;
}

/**
 * Fetch all files of a folder, a few at a time.  A file that the site does not have is left out: what its absence
 * means is for the procedure to say.
 * @param {SiteFolder} folder
 * @param {typeof fetch} fetch
 * @param {(progress: FetchProgress) => void} onProgress
 * @returns {Promise<Entry[]>} in the order of the list
 * @throws {Trouble} `network` or `too-large`
 */
export async function fetchFolder(folder, fetch, onProgress) {
  if (folder.files.length > MAX_FILES) throw new Trouble("too-large", `${folder.files.length} files`);
  /** @type {(Entry | null)[]} */
  const found = new Array(folder.files.length).fill(null);
  const giveUp = new AbortController();
  const { signal } = giveUp;
  const [total, announced] = [folder.files.length, sizeOf(folder)];
  let [next, done, received] = [0, 0, 0];
  let [told, toldAt] = [-1, 0];
  const tell = () => {
    const [percent, now] = [percentOf(received, announced), performance.now()];
    if (percent === told && now - toldAt < SIGN_OF_LIFE) return;
    [told, toldAt] = [percent, now];
    onProgress({ done, total, percent });
  };
  const onBytes = (/** @type {Uint8Array} */ bytes) => {
    received += bytes.length;
    if (received > MAX_TOTAL_BYTES) throw new Trouble("too-large", `more than ${MAX_TOTAL_BYTES} bytes: ${folder.base}`);
    tell();
  };
  const fetchSome = async () => {
    while (next < folder.files.length) {
      const index = next++;
      const { path } = folder.files[index];
      const address = addressOf(folder.base, path);
      const bytes = await fetchBytes(address, { fetch, limit: MAX_TOTAL_BYTES, cache: "no-store", signal, onBytes });
      if (bytes !== null) found[index] = { path, bytes };
      done++;
      tell();
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_A_TIME }, fetchSome));
  } catch (error) {
    giveUp.abort(); // the others would only fetch what nobody reads
    throw error;
  }
  return found.filter((entry) => entry !== null);
}
