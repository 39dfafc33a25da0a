// Finding the parts of a server-rendered page and filling its templates.  Everything is written as text, never as HTML;
// every word comes from the page or from Python, so that a page in another language needs no other script.

/**
 * The first part with this name inside `root`.
 * @param {ParentNode} root
 * @param {string} name
 * @returns {HTMLElement | null}
 */
export function findPart(root, name) {
  return root.querySelector(`[data-part="${name}"]`);
}

/**
 * The part with this name, which the page must have.
 * @param {ParentNode} root
 * @param {string} name
 * @returns {HTMLElement}
 */
export function part(root, name) {
  const found = findPart(root, name);
  if (found === null) throw new Error(`the page has no part "${name}"`);
  return found;
}

/**
 * Show or hide a part, if the page has it.
 * @param {ParentNode} root
 * @param {string} name
 * @param {boolean} visible
 */
export function show(root, name, visible) {
  const found = findPart(root, name);
  if (found !== null) found.hidden = !visible;
}

/** @typedef {Record<string, unknown>} Values */

/** @type {Intl.NumberFormat | null} */
let numbers = null;

/** @param {unknown} value */
const isAbsent = (value) => value === null || value === undefined || value === "" || value === false;

/**
 * Write values into what is there: `data-field="name"` gets the value as its text; an element with `data-if="name"`
 * is shown only when there is a value; `data-status-from="name"` gets the value as its `data-status`.
 * @param {Element} root - is looked at itself, too
 * @param {Values} values
 */
export function fill(root, values) {
  for (const element of [root, ...root.querySelectorAll("[data-field], [data-if], [data-status-from]")]) {
    if (!(element instanceof HTMLElement)) continue;
    const { field, if: condition, statusFrom } = element.dataset;
    if (field !== undefined && field in values) {
      element.textContent = isAbsent(values[field]) ? "" : String(values[field]);
    }
    if (condition !== undefined && condition in values) element.hidden = isAbsent(values[condition]);
    if (statusFrom !== undefined && statusFrom in values) element.dataset.status = String(values[statusFrom]);
  }
}

/**
 * Templates that were looked up before, by name, for each element that they were looked up in: they do not change.
 * @type {WeakMap<ParentNode, Map<string, Element>>}
 */
const templates = new WeakMap();

/**
 * The root element of `<template data-template="name">`.
 * @param {ParentNode} root
 * @param {string} name
 */
function templateOf(root, name) {
  const known = templates.get(root) ?? new Map();
  templates.set(root, known);
  const template = known.has(name) ? null : root.querySelector(`template[data-template="${name}"]`);
  if (template instanceof HTMLTemplateElement) known.set(name, template.content.firstElementChild);
  const first = known.get(name) ?? null;
  if (first === null) throw new Error(`the page has no template "${name}"`);
  return first;
}

/**
 * A filled copy of `<template data-template="name">`.
 * @param {ParentNode} root
 * @param {string} name
 * @param {Values} values
 * @returns {HTMLElement}
 */
export function copyOf(root, name, values) {
  const copy = /** @type {HTMLElement} */ (document.importNode(templateOf(root, name), true));
  fill(copy, values);
  return copy;
}

/**
 * A text of the page: `<template data-part="texts">` holds elements with `data-text="name"`, in which `{name}` stands
 * for a value.  Numbers are written as the page's language does.
 * @param {ParentNode} root
 * @param {string} name
 * @param {Values} [values]
 */
export function text(root, name, values = {}) {
  const texts = findPart(root, "texts");
  const found = texts instanceof HTMLTemplateElement ? texts.content.querySelector(`[data-text="${name}"]`) : null;
  if (found === null) throw new Error(`the page has no text "${name}"`);
  return (found.textContent ?? "").trim().replace(/\{(\w+)\}/g, (whole, key) => {
    const value = values[key];
    return typeof value === "number" ? number(value) : value === undefined ? whole : String(value);
  });
}

/** @param {number} value */
function number(value) {
  numbers ??= new Intl.NumberFormat(document.documentElement.lang || "en", { maximumFractionDigits: 1 });
  return numbers.format(value);
}
