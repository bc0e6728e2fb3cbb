// Short messages about the connection, over the board so that nothing moves; they leave by themselves.

import { element, write } from "./element.js";

const STAYS_MS = 12_000;

export class Notices {
  #host;
  /** @type {Map<string, {element: HTMLElement, timer: number}>} by code: a repeated notice renews the one shown */
  #shown = new Map();

  /** @param {HTMLElement} host */
  constructor(host) {
    this.#host = host;
  }

  /**
   * A message with a way back: it stays until that is taken or it is dismissed, and takes the focus, which was in what is gone.
   * @param {string} code @param {string} text @param {string} label @param {() => void} act
   */
  offer(code, text, label, act) {
    this.hide(code);
    this.show(code, text);
    const notice = this.#shown.get(code);
    clearTimeout(notice.timer);
    const button = element("button.act", label, { type: "button" });
    button.addEventListener("click", () => {
      this.hide(code);
      act();
    });
    notice.element.firstElementChild.after(button);
    button.focus();
  }

  /** @param {string} code @param {string} text @param {{stays?: boolean}} [how] `stays`: until it is dismissed or hidden */
  show(code, text, { stays = false } = {}) {
    let notice = this.#shown.get(code);
    if (!notice) {
      const close = element("button", "×", { type: "button", "aria-label": "Dismiss" });
      close.addEventListener("click", () => this.hide(code));
      notice = { element: element("div.notice", [element("p"), close], { "data-code": code }), timer: 0 };
      this.#shown.set(code, notice);
      this.#host.append(notice.element);
    }
    write(notice.element.firstElementChild, text);
    clearTimeout(notice.timer);
    if (!stays) notice.timer = setTimeout(() => this.hide(code), STAYS_MS);
  }

  /** @param {string} code */
  hide(code) {
    const notice = this.#shown.get(code);
    if (!notice) return;
    clearTimeout(notice.timer);
    notice.element.remove();
    this.#shown.delete(code);
  }
}
