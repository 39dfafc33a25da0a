// A limit on silence: Pyodide never settles when a browser forbids it WebAssembly half-way, so somebody has to look.

import { Trouble } from "./trouble.mjs";

export class Watchdog {
  /** @type {ReturnType<typeof setTimeout> | null} */
  #timer = null;
  #heard = 0;
  /** @type {(error: Trouble) => void} */
  #reject = () => {};
  #what = "";

  /** @param {number} limit - milliseconds without a sign of life */
  constructor(limit) {
    this.limit = limit;
    /** Rejects with a `time-limit` trouble when nothing was heard for too long; never resolves. @type {Promise<never>} */
    this.silence = new Promise((_, reject) => (this.#reject = reject));
    this.silence.catch(() => {}); // whoever races with it hears of it; nobody else need
  }

  /** @param {string} what - what is going on now, for the report of the trouble */
  alive(what) {
    this.#what = what;
    this.#heard = performance.now(); // told hundreds of times a second: the timer looks at it when it is due
    this.#timer ??= setTimeout(() => this.#look(), this.limit);
  }

  rest() {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #look() {
    const left = this.limit - (performance.now() - this.#heard);
    this.#timer = left > 0 ? setTimeout(() => this.#look(), left) : null;
    if (left > 0) return;
    this.#reject(new Trouble("time-limit", `${this.#what}: nothing heard for ${this.limit / 1000} s`));
  }
}
