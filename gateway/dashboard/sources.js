// Rows by what they are rows of: tiles that show the same KPI, filter and length of history share one subscription.

import { View } from "./view.js";

/**
 * @typedef {object} Wish
 * @property {string} kpi
 * @property {import("./where.js").Where} where
 * @property {number} last seconds of history
 * @property {boolean} cumulative rows are told apart by their end too
 *
 * @typedef {object} Listener
 * @property {() => void} onChange
 * @property {(code: string) => void} onError
 */

export class Sources {
  #feed;
  /** @type {Map<string, {view: View, listeners: Set<Listener>, refused: string|null, leave: () => void}>} */
  #open = new Map();

  /** @param {import("./feed.js").Feed} feed */
  constructor(feed) {
    this.#feed = feed;
  }

  /**
   * @param {Wish} wish
   * @param {Listener} listener told at once when the server has refused this before
   * @returns {{view: View, close: () => void}}
   */
  open(wish, listener) {
    const key = JSON.stringify([wish.kpi, wish.where, wish.last, wish.cumulative]);
    const source = this.#open.get(key) ?? this.#begin(key, wish);
    source.listeners.add(listener);
    if (source.refused) listener.onError(source.refused);
    const close = () => {
      source.listeners.delete(listener);
      if (source.listeners.size || this.#open.get(key) !== source) return;
      this.#open.delete(key);
      source.leave();
    };
    return { view: source.view, close };
  }

  #begin(key, { kpi, where, last, cumulative }) {
    const source = { view: new View(last * 1_000, cumulative), listeners: new Set(), refused: null, leave: () => {} };
    this.#open.set(key, source);
    source.leave = this.#feed.add({
      kpi,
      where,
      last,
      view: source.view,
      onChange: () => {
        source.refused = null;
        for (const { onChange } of source.listeners) onChange();
      },
      onError: (code) => {
        source.refused = code;
        for (const { onError } of source.listeners) onError(code);
      },
    });
    return source;
  }
}
