// What the page itself does to load the verifier: it knows the hashes of all files, and checks the scripts that its worker
// starts with.  The worker, once it runs, loads and checks the rest (runtime-parts.mjs).

import { files } from "./runtime-files.mjs";
import { addressOfFile, load, only } from "./runtime-parts.mjs";

/** The address of the worker's first script. */
export function workerAddress() {
  return addressOfFile(only(files, "worker-entry").name);
}

/** The hash of our own code, which names the verifier in reports. */
export function coreDigest() {
  return only(files, "core").sha256;
}

/**
 * Check the scripts that the worker starts with, before it is made.
 * @param {AbortSignal} signal
 * @throws {import("./trouble.mjs").Trouble} `network` or `integrity`
 */
export async function checkWorker(signal) {
  await Promise.all(files.filter((file) => file.role.startsWith("worker-")).map((file) => load(file, { signal })));
}
