// The list of published files that a deployment's page names: what there is to fetch, for a check of this site's files.

import { fetchBytes } from "./fetching.mjs";
import { Trouble } from "./trouble.mjs";

/** @typedef {import("./site-files.mjs").SiteFolder} SiteFolder */

const SCHEMA = "vaultproof/site-files@1";
const MAX_LIST_BYTES = 4 * 1024 * 1024;

/**
 * @typedef {object} SiteList
 * @property {SiteFolder} deployment
 * @property {SiteFolder} trust
 * @property {SiteFolder} procedures
 */

/**
 * Fetch and read the list.  Addresses in it are relative to the list itself.
 * @param {string} address - relative to the page
 * @returns {Promise<SiteList>}
 * @throws {Trouble} `network` when it cannot be fetched, `engine` when it is not such a list: the site is built wrongly
 */
export async function readSiteFiles(address) {
  const url = new URL(address, document.baseURI);
  const bytes = await fetchBytes(url, { fetch: globalThis.fetch, limit: MAX_LIST_BYTES, cache: "no-store" });
  if (bytes === null) throw new Trouble("network", `${url.pathname} is not on this site`);
  const list = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  if (list.schema !== SCHEMA) throw new Trouble("engine", `${url.pathname} is not ${SCHEMA}`);
  return {
    deployment: folder(list.deployment, url),
    trust: folder(list.trust, url),
    procedures: folder(list.procedures, url),
  };
}

/**
 * @param {any} value
 * @param {URL} list
 * @returns {SiteFolder}
 */
function folder(value, list) {
  const files = value?.files;
  const isFile = (/** @type {any} */ file) => typeof file?.path === "string" && Number.isSafeInteger(file.size);
  if (typeof value?.base !== "string" || !Array.isArray(files) || !files.every(isFile)) {
    throw new Trouble("engine", `${list.pathname} does not name its files`);
  }
  return { base: new URL(value.base, list).href, files };
}
