// <vault-verify>: brings the server-rendered verification panel of a deployment's page to life.
//
// Without this script the panel is a readable list of steps with the verdict of the build.  With it, a button runs the
// same procedure in this browser, over the files that this site serves or over a copy that the reader has.
// The parts, templates and texts that the page must have are listed in README.md beside this file.

import { Panel } from "./panel.mjs";

class VerifyPanel extends HTMLElement {
  /** @type {Panel | null} */
  #panel = null;

  connectedCallback() {
    this.#panel ??= new Panel(this); // an element that is moved within its page is connected again
  }
}

customElements.define("vault-verify", VerifyPanel);
