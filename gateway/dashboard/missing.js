// A tile whose KPI does not run: it says so, and takes the place that the board gives it.

import { element, mark, write } from "./element.js";

export class Missing {
  reading = null;
  watermark = null;
  onScreen = true;
  rows = null;
  #kpi;
  #title = element("h2");

  /** @param {import("./boardset.js").BoardTile} tile */
  constructor({ kpi, title, size }) {
    this.#kpi = kpi;
    const parts = [
      element("header", [this.#title]),
      element("p.absent", `No KPI ${kpi} is running.`),
      element("p.more", "This tile comes to life when a KPI of this name is defined."),
    ];
    this.element = element("article.tile", parts, { "data-missing": kpi, "data-size": size === "auto" ? "small" : size });
    this.retitle(title);
  }

  /** @param {string} title */
  retitle(title) {
    write(this.#title, title || this.#kpi);
    mark(this.element, "aria-label", title || this.#kpi);
  }

  /** Nothing changes with time. */
  tick() {
    return false;
  }

  resize() {}
  recolor() {}

  destroy() {
    this.element.remove();
  }
}
