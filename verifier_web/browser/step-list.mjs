// The list of steps on the page: reset before a run, one step after another while it runs, as it was if it cannot.

import { copyOf, fill, findPart, part } from "./page-parts.mjs";

/** @typedef {import("./protocol.mjs").StepView} StepView */
/** @typedef {import("./protocol.mjs").SubstepView} SubstepView */

const SLICE = 8; // milliseconds of work before others get their turn

/** Lets the browser draw and react before there is more work. */
function breath() {
  return /** @type {any} */ (globalThis).scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve));
}

/** Statuses that a reader should look into without having to search. */
const TROUBLE = new Set(["mismatch", "could_not_check"]);

export class StepList {
  /** @type {Element[]} what the server rendered */
  #rendered;
  /** @type {Element[] | null} copies of it without the facts, of which a page has hundreds */
  #bare = null;
  #troubleShown = false;
  /**
   * What is still to be written: a closed step's facts are written when it is opened, or when nothing else is to be done.
   * @type {Map<HTMLElement, SubstepView[]>}
   */
  #unwritten = new Map();
  #runs = 0;

  /**
   * @param {HTMLElement} panel
   * @param {(name: string) => string} text
   */
  constructor(panel, text) {
    this.panel = panel;
    this.list = part(panel, "steps");
    this.text = text;
    this.#rendered = [...this.list.children];
    (globalThis.requestIdleCallback ?? setTimeout)(() => this.#prepare()); // so that a click has less to do
    // "toggle" does not bubble, and comes only after the step is open.
    this.list.addEventListener("toggle", (event) => this.#writeAll(event.target), { capture: true });
  }

  /** Nothing of an earlier run is left: every step waits. */
  reset() {
    this.#forget();
    this.list.replaceChildren(...this.#prepare().map((item) => item.cloneNode(true)));
    this.#troubleShown = false;
    this.list.dataset.origin = "browser";
    this.list.setAttribute("aria-busy", "true");
    for (const item of this.#items()) this.#setPending(item, "waiting", this.text("waiting"));
  }

  /** Back to what the server rendered: the verdict of the build, which says so itself. */
  restore() {
    this.#forget();
    this.list.replaceChildren(...this.#rendered);
    this.list.dataset.origin = "build";
    this.list.removeAttribute("aria-busy");
  }

  #forget() {
    this.#runs++;
    this.#unwritten.clear();
  }

  #prepare() {
    this.#bare ??= this.#rendered.map((item) => {
      const copy = /** @type {Element} */ (item.cloneNode(true));
      part(copy, "substeps").replaceChildren();
      return copy;
    });
    return this.#bare;
  }

  /** @param {Pick<StepView, "id" | "number" | "title" | "question" | "doing">} step */
  started(step) {
    const item = this.#item(step);
    this.#setPending(item, "running", this.text("running"));
    fill(item, { sentence: step.doing });
  }

  /** @param {StepView} step */
  finished(step) {
    const item = this.#item(step);
    item.dataset.status = step.status;
    fill(item, { ...step });
    this.#fillSubsteps(item, step.substeps);
    if (!this.#troubleShown && TROUBLE.has(step.status)) this.open(step.id);
  }

  /** The run is over: a step that it did not have says so, and does not keep another run's state. */
  complete() {
    for (const item of this.#items()) {
      if (item.dataset.status === "waiting") this.#setPending(item, "absent", this.text("absent"));
    }
    void this.#writeInSlices();
  }

  /** @param {string | null} id - the step whose facts are to be seen at once */
  open(id) {
    const item = id === null ? null : this.#find(id);
    const details = item === null ? null : findPart(item, "details");
    if (!(details instanceof HTMLDetailsElement)) return;
    this.#writeAll(details);
    details.open = true;
    this.#troubleShown = true;
  }

  /**
   * @param {HTMLElement} item
   * @param {string} status
   * @param {string} label
   */
  #setPending(item, status, label) {
    item.dataset.status = status;
    this.#fillSubsteps(item, []); // first: their fields are none of the step's
    fill(item, { status, status_label: label, sentence: null, advice: null, code: null });
  }

  /**
   * @param {HTMLElement} item
   * @param {SubstepView[]} substeps
   */
  #fillSubsteps(item, substeps) {
    const details = part(item, "details");
    details.hidden = substeps.length === 0;
    if (details instanceof HTMLDetailsElement) details.open = false;
    part(details, "substeps").replaceChildren();
    if (substeps.length > 0) this.#unwritten.set(details, substeps);
    else this.#unwritten.delete(details);
  }

  /** The rest of all steps: so that a search finds it and a print shows it. */
  async #writeInSlices() {
    const run = this.#runs;
    let since = performance.now();
    for (let next = this.#next(); next !== null; next = this.#next()) {
      this.#writeOne(...next);
      if (performance.now() - since < SLICE) continue;
      await breath();
      if (run !== this.#runs) return;
      since = performance.now();
    }
    this.list.removeAttribute("aria-busy");
  }

  /** @returns {[HTMLElement, SubstepView[]] | null} a step of which something is still to be written, and what that is */
  #next() {
    for (const [details, substeps] of this.#unwritten) {
      if (substeps.length > 0) return [details, substeps];
      this.#unwritten.delete(details);
    }
    return null;
  }

  /** @param {EventTarget | null} details - of the step whose facts are to be seen at once */
  #writeAll(details) {
    const substeps = details instanceof HTMLElement ? this.#unwritten.get(details) : undefined;
    while (details instanceof HTMLElement && substeps !== undefined && substeps.length > 0) {
      this.#writeOne(details, substeps);
    }
  }

  /**
   * @param {HTMLElement} details
   * @param {SubstepView[]} substeps - the first one is written and taken off
   */
  #writeOne(details, substeps) {
    const substep = /** @type {SubstepView} */ (substeps.shift());
    const copy = copyOf(this.panel, "substep", { ...substep });
    part(copy, "facts").replaceChildren(
      ...substep.facts.map((fact) => {
        const row = copyOf(this.panel, "fact", { ...fact, not_compared: !fact.compared });
        row.dataset.differs = String(fact.differs);
        row.dataset.origin = fact.origin;
        return row;
      }),
    );
    part(details, "substeps").append(copy);
  }

  #items() {
    return /** @type {HTMLElement[]} */ ([...this.list.children].filter((child) => child instanceof HTMLElement));
  }

  /** @param {string} id */
  #find(id) {
    return this.#items().find((item) => item.id === `step-${id}`) ?? null;
  }

  /**
   * The step's place in the list; a step that the page does not know, in a copy of another kind of deployment, gets one.
   * @param {Pick<StepView, "id" | "number" | "title" | "question" | "doing">} step
   */
  #item(step) {
    const found = this.#find(step.id);
    if (found !== null) {
      fill(found, { number: step.number });
      return found;
    }
    const item = copyOf(this.panel, "step", { ...step });
    item.id = `step-${step.id}`;
    this.list.append(item);
    return item;
  }
}
