// Sessions: how many are open, how many ended, and how long those were.

import { element, write } from "../element.js";
import { age, quantity } from "../format.js";
import { openSessions } from "../windows.js";

/**
 * Sessions of a view.
 * @param {import("../view.js").View} view
 * @param {number} gap ms that a session stays open behind its last event
 * @returns {{open: number, ended: number, median: number|null, longest: number|null}} lengths in ms, of those that ended
 */
export function sessionsOf(view, gap) {
  const open = openSessions(view);
  const lengths = [];
  for (const { start, end, rows } of view.frames.slice(0, view.frames.length - open.length)) {
    for (let i = 0; i < rows.size; i++) lengths.push(Math.max(0, end - gap - start));
  }
  lengths.sort((a, b) => a - b);
  return {
    open: open.reduce((sum, { rows }) => sum + rows.size, 0),
    ended: lengths.length,
    median: lengths.length ? lengths[Math.floor(lengths.length / 2)] : null,
    longest: lengths.at(-1) ?? null,
  };
}

export class SessionsPart {
  #values = new Map();

  constructor() {
    const facts = ["Ended", "Median length", "Longest"].map((name) => {
      const value = element("dd", "–");
      this.#values.set(name, value);
      return element("div", [element("dt", name), value]);
    });
    this.element = element("dl.facts", facts);
  }

  /** @param {import("../tile.js").Scene} scene */
  draw({ view, plan }) {
    const { ended, median, longest } = sessionsOf(view, plan.window.size);
    write(this.#values.get("Ended"), quantity(ended).text);
    write(this.#values.get("Median length"), age(median));
    write(this.#values.get("Longest"), age(longest));
  }
}
