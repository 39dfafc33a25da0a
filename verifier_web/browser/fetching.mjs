// Fetching from this site and nowhere else, within a cap on bytes.  Used by the page and by the worker.

import { Trouble } from "./trouble.mjs";

/**
 * @typedef {object} FetchOptions
 * @property {typeof fetch} fetch - the browser's own `fetch`
 * @property {number} limit - bytes that the answer may have, uncompressed
 * @property {boolean} [exact] - whether it should have just so many: then they are put in place as they arrive
 * @property {RequestCache} cache - `no-store` for evidence, so that what is checked is what the site serves now
 * @property {AbortSignal} [signal]
 * @property {(bytes: Uint8Array<ArrayBuffer>) => void} [onBytes] - told of each piece as it arrives
 * @property {(copy: Response) => void} [onAnswer] - given a copy of a good answer, before its body is read
 */

/**
 * The bytes of a file of this site; `null` when the site says that it has no such file (404 or 410).
 * @param {URL} url
 * @param {FetchOptions} options
 * @returns {Promise<Uint8Array<ArrayBuffer> | null>}
 * @throws {Trouble} `network` when the site could not be reached or answered with an error, `too-large` over the limit
 */
export async function fetchBytes(url, options) {
  if (url.origin !== location.origin) throw new Trouble("network", `${url.href} is not on this site`);
  const response = await send(url, options);
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    if (response.status === 404 || response.status === 410) return null;
    throw new Trouble("network", `${url.pathname}: HTTP ${response.status}`);
  }
  options.onAnswer?.(response.clone());
  const whole = options.exact ? new Uint8Array(options.limit) : null;
  const chunks = [];
  let size = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      throw new Trouble("network", `${url.pathname}: ${error.message}`);
    });
    if (done) return whole === null ? joined(chunks, size) : whole.subarray(0, size);
    if (size + value.length > options.limit) {
      await reader.cancel();
      throw new Trouble("too-large", `${url.pathname}: more than ${options.limit} bytes`);
    }
    if (whole === null) chunks.push(value);
    else whole.set(value, size);
    size += value.length;
    options.onBytes?.(value);
  }
}

/**
 * @param {URL} url
 * @param {FetchOptions} options
 */
async function send(url, { fetch, cache, signal }) {
  try {
    return await fetch(url, {
      cache,
      signal,
      mode: "same-origin",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
    });
  } catch (error) {
    throw new Trouble("network", `${url.pathname}: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * @param {Uint8Array<ArrayBuffer>[]} chunks
 * @param {number} size
 */
function joined(chunks, size) {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
