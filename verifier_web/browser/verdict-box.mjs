// The end of a run: the verdict in a sentence, what it establishes and what not, the report to keep, its digest.

import { copyOf, fill, findPart, part, show, text } from "./page-parts.mjs";

/** @typedef {import("./protocol.mjs").ReportEvent} ReportEvent */

export class VerdictBox {
  /** @type {string | null} address of the report in memory */
  #saved = null;

  /** @param {HTMLElement} panel */
  constructor(panel) {
    this.panel = panel;
    this.box = part(panel, "verdict");
  }

  /** Take the last verdict away, and its report. */
  clear() {
    this.box.hidden = true;
    delete this.box.dataset.outcome;
    delete this.box.dataset.scope;
    if (this.#saved !== null) URL.revokeObjectURL(this.#saved);
    this.#saved = null;
  }

  /**
   * @param {ReportEvent} event
   * @param {{checked: string, expectedReport: string | null, pageDeployment: string | null}} about
   *   `checked` says when and with whose files; `expectedReport` is the report digest that the build printed
   */
  show(event, { checked, expectedReport, pageDeployment }) {
    const { verdict, deployment } = event;
    this.clear();
    this.box.dataset.outcome = verdict.outcome;
    this.box.dataset.scope = verdict.scope;
    fill(this.box, { ...verdict, checked, deployment, report_words: verdict.report_words.join(" ") });
    const nothing = [text(this.panel, "establishes-nothing")];
    const inShort = findPart(this.box, "in-short");
    inShort?.replaceChildren(...verdict.in_short.map((line) => copyOf(this.panel, "line", { text: line })));
    const exactly = findPart(this.box, "exactly");
    if (exactly instanceof HTMLDetailsElement) exactly.open = verdict.in_short.length === 0;
    this.#list("establishes", verdict.establishes.length > 0 ? verdict.establishes : nothing);
    this.#list("does-not-establish", verdict.does_not_establish);
    this.#list(
      "parties",
      verdict.parties.map((group) => group.join(" + ")),
    );
    const ofThisPage = pageDeployment === null || deployment === pageDeployment;
    show(this.box, "other-deployment", !ofThisPage);
    show(this.box, "digest-equal", ofThisPage && expectedReport === event.digest);
    show(this.box, "digest-differs", ofThisPage && expectedReport !== null && expectedReport !== event.digest);
    this.#offer(event);
    this.box.hidden = false;
    this.box.scrollIntoView({ block: "start", behavior: "instant" }); // by itself, focus may leave it below the edge
    part(this.box, "heading").focus({ preventScroll: true }); // tabindex="-1": a screen reader goes on reading from the verdict
  }

  /**
   * @param {string} name
   * @param {string[]} lines
   */
  #list(name, lines) {
    part(this.box, name).replaceChildren(...lines.map((line) => copyOf(this.panel, "line", { text: line })));
  }

  /** @param {ReportEvent} event */
  #offer({ report, deployment }) {
    this.#saved = URL.createObjectURL(new Blob([report], { type: "application/json" }));
    const link = /** @type {HTMLAnchorElement} */ (part(this.box, "save"));
    link.href = this.#saved;
    link.download = `vaultproof-report-${(deployment ?? "unnamed").replace(/[^A-Za-z0-9._-]/g, "_")}.json`;
  }
}
