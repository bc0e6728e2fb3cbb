// Rows of the time that a tile is compared with, from the query API: a range earlier, and a little ahead.

import { View } from "./view.js";
import { conditionOf } from "./where.js";

/** So much of a range is fetched ahead, and so often it is fetched again. */
const AHEAD = 0.1;
/** Rows of a page, and pages that are read at most: a minute-wise day of 30 groups. */
const PAGE_ROWS = 10_000;
const MOST_PAGES = 5;
/** After a failure it is tried again with the next draw, but no sooner. */
const PAUSE_MS = 10_000;

export class Past {
  #wish;
  #get;
  #onChange;
  /** Up to which `end` of the present the rows suffice; and when another attempt may be made, steady ms. */
  #until = -Infinity;
  #pausedTo = -Infinity;
  #busy = false;
  #closed = false;

  /** @type {View|null} null until the rows are here */
  view = null;

  /**
   * @param {{kpi: string, where: import("./where.js").Where, range: number, size: number, cumulative: boolean}} wish
   *   `range` ms that are compared, `size` of a window
   * @param {(path: string) => Promise<any>} get JSON of the API
   * @param {() => void} onChange the rows are here
   */
  constructor(wish, get, onChange) {
    this.#wish = wish;
    this.#get = get;
    this.#onChange = onChange;
  }

  /** ms that the past lies before */
  get shift() {
    return this.#wish.range;
  }

  /** The present goes up to `end`: see to it that there are rows for it. @param {number} end epoch ms @param {number} steady ms */
  follow(end, steady) {
    if (this.#busy || this.#closed || end <= this.#until || steady < this.#pausedTo) return;
    this.#busy = true;
    this.#fetch(end).catch(() => {
      this.#pausedTo = steady + PAUSE_MS;
    }).finally(() => {
      this.#busy = false;
    });
  }

  close() {
    this.#closed = true;
  }

  async #fetch(end) {
    const { kpi, where, range, size, cumulative } = this.#wish;
    const ahead = Math.ceil(range * AHEAD);
    const query = new URLSearchParams({
      from: String(Math.floor(end - 2 * range - size)),
      to: String(Math.ceil(end - range + ahead)),
      limit: String(PAGE_ROWS),
    });
    const condition = conditionOf(where);
    if (condition) query.set("where", condition);
    const rows = [];
    for (let page = 0; page < MOST_PAGES; page++) {
      const answer = await this.#get(`v1/kpis/${encodeURIComponent(kpi)}?${query}`);
      for (const row of answer.rows) rows.push(row);
      if (!answer.next) break;
      query.set("after", answer.next);
    }
    if (this.#closed) return;
    const view = new View(Infinity, cumulative);
    // What is asked for is over: whatever its rows say, it is not filling any more.
    view.apply({ type: "snapshot", epoch: "", offset: 0, meta: {}, watermark: end, rows });
    this.view = view;
    this.#until = end + ahead;
    this.#onChange();
  }
}
