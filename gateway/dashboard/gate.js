// The form that asks for a view key.

import { write } from "./element.js";

export class Gate {
  #section;
  #form;
  #input;
  #message;

  /**
   * @param {HTMLElement} section
   * @param {(key: string) => void} onKey
   */
  constructor(section, onKey) {
    this.#section = section;
    this.#form = section.querySelector("form");
    this.#input = section.querySelector("input");
    this.#message = section.querySelector("[role=alert]");
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const key = this.#input.value.trim();
      if (!key) return this.show("Enter a view key.");
      this.#input.value = "";
      onKey(key);
    });
  }

  /** @param {string} [message] why the key is asked for (again) */
  show(message = "") {
    this.#section.hidden = false;
    write(this.#message, message);
    this.#input.setAttribute("aria-invalid", String(Boolean(message)));
    this.#input.focus();
  }

  hide() {
    this.#section.hidden = true;
    write(this.#message, "");
  }
}
