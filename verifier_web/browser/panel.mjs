// What the verification panel of a page does: it takes what the reader asks for, has the engine check it, and shows how
// that goes on and ends.  One check at a time; whatever belongs to an earlier one is dropped.

import { Engine, engineName } from "./engine.mjs";
import { FRESH_FOR } from "./fetched-ahead.mjs";
import { copyOf, findPart, part, show, text } from "./page-parts.mjs";
import { droppedCopy, pickedCopy } from "./readers-copy.mjs";
import { sizeOf } from "./site-files.mjs";
import { readSiteFiles } from "./site-list.mjs";
import { StepList } from "./step-list.mjs";
import { Trouble, asTrouble } from "./trouble.mjs";
import { VerdictBox } from "./verdict-box.mjs";

/** @typedef {import("./protocol.mjs").WorkerEvent} WorkerEvent */
/** @typedef {import("./protocol.mjs").Source} Source */
/** @typedef {import("./readers-copy.mjs").Copy} Copy */

const SECOND = 1000;
const FETCHED_AHEAD = 4 * 1024 * 1024; // bytes of evidence that a reader may be spared to wait for

export class Panel {
  /** Counts what the reader asked for; whatever belongs to an earlier number is dropped. */
  #token = 0;
  /** The copy that was checked last; `null` stands for the files of this site. @type {Copy | null} */
  #copy = null;
  /** @type {{at: number, list: Promise<import("./site-list.mjs").SiteList>} | null} */
  #list = null;
  #element;
  #engine;
  #steps;
  #verdict;

  /** @param {HTMLElement} element - `<vault-verify>` with its server-rendered content */
  constructor(element) {
    this.#element = element;
    const limit = Number(element.dataset.timeLimit ?? "30") * SECOND;
    this.#engine = new Engine(limit, () => this.#showStart());
    this.#steps = new StepList(element, (name) => text(element, name));
    this.#verdict = new VerdictBox(element);
    element.dataset.state = "idle";
    this.#listen();
    this.#prewarm();
    part(element, "start").hidden = false;
    show(element, "own-copy", true);
  }

  #listen() {
    part(this.#element, "start").addEventListener("click", () => this.#check(null));
    part(this.#element, "stop").addEventListener("click", () => this.#stop());
    for (const name of ["pick-zip", "pick-folder"]) {
      const input = findPart(this.#element, name);
      if (!(input instanceof HTMLInputElement)) continue;
      input.addEventListener("change", () => {
        this.#take(async () => pickedCopy(input.files ?? new DataTransfer().files));
        input.value = ""; // so that the same file can be chosen again after it was changed
      });
    }
    this.#element.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.#element.toggleAttribute("data-dragged-over", true);
    });
    this.#element.addEventListener("dragleave", () => this.#element.toggleAttribute("data-dragged-over", false));
    this.#element.addEventListener("drop", (event) => {
      event.preventDefault();
      this.#element.toggleAttribute("data-dragged-over", false);
      const { dataTransfer } = event;
      if (dataTransfer !== null) this.#take(() => droppedCopy(dataTransfer));
    });
  }

  /** Load the verifier before it is asked for: when the reader is about to, or, if data is not dear, can see the button. */
  #prewarm() {
    const when = this.#element.dataset.prewarm ?? "visible";
    const start = part(this.#element, "start");
    const warm = () => void this.#warm();
    const about = () => void this.#fetchAhead().catch(() => {}); // the click asks again, and says what is wrong
    if (when === "none") return;
    for (const event of ["pointerenter", "pointerdown", "focus"]) start.addEventListener(event, about);
    const dear = /** @type {any} */ (navigator).connection?.saveData === true;
    if (when !== "visible" || dear || !("IntersectionObserver" in globalThis)) return;
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      (globalThis.requestIdleCallback ?? setTimeout)(warm);
    });
    observer.observe(start);
  }

  /** Load and start the verifier; whoever asks for a check is told if that fails. */
  async #warm() {
    await this.#engine.warm().then(
      () => (this.#element.dataset.verifier = "ready"),
      () => delete this.#element.dataset.verifier,
    );
  }

  /** The reader is about to ask: a deployment of ordinary size is fetched meanwhile. */
  async #fetchAhead() {
    if (this.#element.dataset.state === "working") return;
    const warming = this.#warm();
    this.#list = { at: performance.now(), list: readSiteFiles(this.#element.dataset.siteFiles ?? "") };
    const { deployment, trust, procedures } = await this.#list.list;
    const small = sizeOf(deployment) <= FETCHED_AHEAD;
    this.#engine.fetchAhead({ deployment: small ? deployment : null, trust, procedures, practise: true });
    await warming;
  }

  /** The list of the site's files: the one that was fetched ahead, once, if it is fresh. */
  async #siteList() {
    const ahead = this.#list;
    this.#list = null;
    if (ahead !== null && performance.now() - ahead.at < FRESH_FOR) {
      const list = await ahead.list.catch(() => null);
      if (list !== null) return list;
    }
    return readSiteFiles(this.#element.dataset.siteFiles ?? "");
  }

  /** @param {() => Promise<Copy | null>} find - finds the copy that the reader handed in */
  async #take(find) {
    const token = ++this.#token;
    try {
      const copy = await find();
      if (copy !== null && token === this.#token) await this.#check(copy);
    } catch (error) {
      if (token === this.#token) this.#cannot(asTrouble(error));
    }
  }

  /** @param {Copy | null} copy - the reader's copy, or `null` for the files of this site */
  async #check(copy) {
    const token = ++this.#token;
    const isLate = () => token !== this.#token;
    this.#copy = copy;
    this.#begin();
    void this.#warm(); // begins at once, while the list is fetched
    try {
      const site = await this.#siteList();
      const source = copy === null ? /** @type {Source} */ ({ kind: "site", ...site.deployment }) : await copy.read();
      if (isLate()) return;
      this.#engine.fetchAhead({ ...site, deployment: copy === null ? site.deployment : null, practise: false });
      const request = {
        source,
        trust: site.trust,
        procedures: site.procedures,
        expectedDigest: this.#element.dataset.evidenceDigest ?? null,
        expectedFor: this.#element.dataset.deployment ?? null,
        now: `${new Date().toISOString().slice(0, 19)}Z`,
        engine: engineName(),
      };
      const report = await this.#engine.verify(request, (event) => void (isLate() || this.#onEvent(event)));
      if (!isLate()) this.#end(report);
    } catch (error) {
      if (!isLate()) this.#cannot(asTrouble(error));
    }
  }

  #stop() {
    this.#token++;
    this.#engine.stop();
    this.#cannot(new Trouble("stopped", "stopped by the reader"));
  }

  #begin() {
    this.#setState("working");
    part(this.#element, "log").replaceChildren();
    part(this.#element, "cannot").replaceChildren();
    this.#verdict.clear();
    this.#steps.reset();
    this.#setScope(null);
    this.#tell(text(this.#element, "begun"));
    this.#showStart();
  }

  /**
   * Whose roots the run goes by; `null` for what the page itself is.
   * @param {string | null} scope
   */
  #setScope(scope) {
    if (scope === null) delete this.#element.dataset.scope;
    else this.#element.dataset.scope = scope;
    show(this.#element, "rehearsal-run", scope === "rehearsal");
  }

  /** @param {WorkerEvent} event */
  #onEvent(event) {
    if (event.type === "stage") this.#showProgress(event);
    if (event.type === "scope") this.#setScope(event.scope);
    if (event.type === "step-started") {
      this.#showProgress({ stage: "verifying" });
      this.#steps.started(event.step);
    }
    if (event.type === "step-finished") {
      this.#steps.finished(event.step);
      this.#tell(text(this.#element, "step-told", { ...event.step }));
    }
  }

  /** @param {import("./protocol.mjs").ReportEvent} report */
  #end(report) {
    this.#steps.complete();
    show(this.#element, "rehearsal-run", false); // from here on the verdict says so
    this.#steps.open(report.firstTrouble);
    this.#setState("done");
    const language = document.documentElement.lang || "en";
    const time = new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, {
      dateStyle: "long",
      timeStyle: "medium", // day, month, year and 24 hours, as everywhere else on the page
      timeZone: "UTC",
    }).format(new Date());
    const { name, count } = this.#copy ?? {};
    this.#verdict.show(report, {
      checked: text(this.#element, this.#copy === null ? "checked-site" : "checked-copy", { time, name, count }),
      expectedReport: this.#element.dataset.reportDigest || null,
      pageDeployment: this.#element.dataset.deployment || null,
    });
  }

  /**
   * The check could not be carried out: say why, offer other ways, and put the page back as the server made it.
   * @param {Trouble} trouble
   */
  #cannot(trouble) {
    this.#verdict.clear();
    this.#steps.restore();
    this.#setScope(null);
    this.#setState("cannot");
    const known = this.#element.querySelector(`template[data-template="cannot-${trouble.reason}"]`) !== null;
    const notice = copyOf(this.#element, known ? `cannot-${trouble.reason}` : "cannot-other", {
      code: null,
      file: null,
      hint: null,
      message: null,
      ...trouble.fields,
      detail: trouble.detail,
    });
    notice.tabIndex = -1;
    part(this.#element, "cannot").replaceChildren(notice);
    notice.focus();
  }

  /** @param {"idle" | "working" | "done" | "cannot"} state */
  #setState(state) {
    this.#element.dataset.state = state;
    const start = part(this.#element, "start");
    const stop = part(this.#element, "stop");
    const hadFocus = document.activeElement === start || document.activeElement === stop;
    start.hidden = state === "working";
    stop.hidden = state !== "working";
    if (state !== "idle" && state !== "working") start.textContent = text(this.#element, "again");
    show(this.#element, "progress", state === "working");
    if (hadFocus) (state === "working" ? stop : start).focus(); // a button that vanishes must not take the focus along
  }

  /** The verifier is still being loaded or started: how far it is. */
  #showStart() {
    if (this.#element.dataset.state === "working" && this.#engine.stage !== null) this.#showProgress(this.#engine.stage);
  }

  /** @param {{stage: string, done?: number, total?: number, percent?: number}} stage */
  #showProgress({ stage, done = 0, total = 0, percent = 0 }) {
    part(this.#element, "progress").textContent = text(this.#element, stage, { done, total, percent });
  }

  /** @param {string} line - for the live region, which a screen reader reads out in its own time */
  #tell(line) {
    const entry = document.createElement("p");
    entry.textContent = line;
    part(this.#element, "log").append(entry);
  }
}
