// A copy of a deployment that the reader has: a zip or a folder, dropped or picked.  It is read here and goes nowhere.

import { MAX_FILES, MAX_TOTAL_BYTES } from "./limits.mjs";
import { Trouble } from "./trouble.mjs";

/** @typedef {import("./protocol.mjs").Source} Source */

/** Files that file managers leave in a folder when somebody looks at it; they are no part of what was published. */
const LEFT_BY_FILE_MANAGERS = new Set([".DS_Store", "Thumbs.db", "desktop.ini"]);

/**
 * @typedef {object} Copy
 * @property {string} name - what the reader calls it
 * @property {number} count - files (1 for a zip)
 * @property {() => Promise<Source>} read - reads it; can be asked again for another run
 */

/** @typedef {{path: string, file: File}} Found */

/**
 * Check the caps before anything is read.
 * @param {Found[]} found
 * @throws {Trouble} `too-large`
 */
function checkCaps(found) {
  const total = found.reduce((sum, { file }) => sum + file.size, 0);
  if (found.length > MAX_FILES) throw new Trouble("too-large", `${found.length} files; at most ${MAX_FILES}`);
  if (total > MAX_TOTAL_BYTES) throw new Trouble("too-large", `${total} bytes; at most ${MAX_TOTAL_BYTES}`);
}

/** @param {File} file */
async function bytesOf(file) {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw new Trouble("refused", `${file.name} could not be read: ${error instanceof Error ? error.message : error}`);
  }
}

/**
 * @param {File} file
 * @returns {Copy}
 */
function zipCopy(file) {
  checkCaps([{ path: file.name, file }]);
  return { name: file.name, count: 1, read: async () => ({ kind: "zip", bytes: await bytesOf(file) }) };
}

/**
 * @param {string} name
 * @param {Found[]} all
 * @returns {Copy}
 */
function folderCopy(name, all) {
  const found = all.filter(({ file }) => !LEFT_BY_FILE_MANAGERS.has(file.name));
  checkCaps(found);
  const read = async () => {
    const entries = [];
    for (const { path, file } of found) entries.push({ path, bytes: await bytesOf(file) });
    return /** @type {Source} */ ({ kind: "files", entries });
  };
  return { name, count: found.length, read };
}

/**
 * What was chosen by `<input type="file">`: one zip, or a folder (`webkitdirectory`), whose own name is taken off.
 * @param {FileList} files
 * @returns {Copy | null}
 */
export function pickedCopy(files) {
  const all = [...files];
  if (all.length === 0) return null;
  if (all.length === 1 && !all[0].webkitRelativePath) return zipCopy(all[0]);
  const [folder] = (all[0].webkitRelativePath || all[0].name).split("/");
  return folderCopy(
    folder,
    all.map((file) => ({ path: file.webkitRelativePath.split("/").slice(1).join("/") || file.name, file })),
  );
}

/**
 * What was dropped: one zip, one folder, or the contents of a folder.
 * @param {DataTransfer} transfer
 * @returns {Promise<Copy | null>}
 */
export async function droppedCopy(transfer) {
  // Asked for before the first await: the list is empty afterwards.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return pickedCopy(transfer.files); // dropped from where there are no folders
  const [first] = entries;
  if (entries.length === 1 && first.isFile) return zipCopy(await fileOf(/** @type {FileSystemFileEntry} */ (first)));
  /** @type {Found[]} */
  const found = [];
  if (entries.length > 1) {
    for (const entry of entries) await walk(entry, entry.name, found);
    return folderCopy(first.name, found);
  }
  for (const child of await childrenOf(/** @type {FileSystemDirectoryEntry} */ (first))) {
    await walk(child, child.name, found);
  }
  return folderCopy(first.name, found);
}

/**
 * @param {FileSystemEntry} entry
 * @param {string} path
 * @param {Found[]} found
 */
async function walk(entry, path, found) {
  if (entry.isFile) {
    found.push({ path, file: await fileOf(/** @type {FileSystemFileEntry} */ (entry)) });
    if (found.length > MAX_FILES) checkCaps(found);
    return;
  }
  for (const child of await childrenOf(/** @type {FileSystemDirectoryEntry} */ (entry))) {
    await walk(child, `${path}/${child.name}`, found);
  }
}

/**
 * @param {FileSystemFileEntry} entry
 * @returns {Promise<File>}
 */
function fileOf(entry) {
  return new Promise((resolve, reject) => {
    entry.file(resolve, (error) => reject(new Trouble("refused", `${entry.name}: ${error.message}`)));
  });
}

/**
 * @param {FileSystemDirectoryEntry} entry
 * @returns {Promise<FileSystemEntry[]>}
 */
async function childrenOf(entry) {
  const reader = entry.createReader();
  const children = [];
  for (;;) {
    // A browser gives a hundred at a time, and an empty list at the end.
    const some = await new Promise((resolve, reject) => {
      reader.readEntries(resolve, (error) => reject(new Trouble("refused", `${entry.name}: ${error.message}`)));
    });
    if (some.length === 0) return children;
    children.push(...some);
  }
}
