// Retention: a line for each cohort, a column for each period, shaded by how many came back.

import { element, mark, write } from "../element.js";
import { clockTime, dayTime, exact, quantity, share } from "../format.js";
import { periodOf } from "../measure.js";

const DAY_MS = 86_400_000;
const SHADES = 9;

/**
 * The cohorts of a view, newest last. Of a cohort with several groups the largest stands for it.
 * @param {import("../view.js").View} view
 * @returns {{start: number, row: import("../wire.js").Row}[]}
 */
export function cohortsOf(view) {
  const cohorts = [];
  for (const { start, rows } of view.frames) {
    let lead = null;
    for (const row of rows.values()) {
      if (Array.isArray(row.value?.returned) && (!lead || row.value.size > lead.value.size)) lead = row;
    }
    if (lead) cohorts.push({ start, row: lead });
  }
  return cohorts;
}

/**
 * How many of the newest cohort that has had a period to come back did so.
 * @param {import("../view.js").View} view @param {unknown} sql @param {number} now epoch ms
 * @returns {number|null} from 0 to 1
 */
export function leadRetention(view, sql, now) {
  const period = periodOf(sql);
  const { row } = cohortsOf(view).findLast(({ row: one }) => one.value.size > 0 && one.end + period <= now) ?? {};
  return row ? (row.value.returned[0] ?? 0) / row.value.size : null;
}

/** Of a cohort: its day; of one shorter than a day, while no clock time is of two days, that. */
export const nameOf = (start, days, now) => (!days && now - start < DAY_MS / 2 ? clockTime(start, false) : dayTime(start, days));

export class RetentionPart {
  #period;
  #days;
  #rows;
  #head = element("tr");
  #body = element("tbody");
  #lines = [];
  #columns = 0;

  /** @param {{rows: number, sql: unknown, window: import("../span.js").Window}} options */
  constructor({ rows, sql, window }) {
    this.#period = periodOf(sql);
    this.#days = window.size % DAY_MS === 0;
    this.#rows = rows;
    const table = element("table.matrix", [element("thead", [this.#head]), this.#body]);
    this.element = element("div.cohorts", [table], { tabindex: "0", role: "region", "aria-label": "Cohorts" });
  }

  /** @param {import("../tile.js").Scene} scene */
  draw({ view, now }) {
    const cohorts = cohortsOf(view).slice(-this.#rows);
    this.#widen(cohorts.reduce((most, { row }) => Math.max(most, row.value.returned.length), 0));
    while (this.#lines.length < cohorts.length) this.#lines.push(new Cohort(this.#body, this.#columns));
    this.#lines.forEach((line, i) => line.draw(cohorts[i] ?? null, { period: this.#period, days: this.#days, now }));
  }

  /** As many columns as the longest cohort has periods. */
  #widen(columns) {
    if (columns === this.#columns) return;
    this.#columns = columns;
    const names = ["Cohort", "Size", ...Array.from({ length: columns }, (_, i) => `+${i + 1}`)];
    this.#head.replaceChildren(...names.map((name) => element("th", name, { scope: "col" })));
    this.#body.replaceChildren();
    this.#lines = [];
  }
}

class Cohort {
  #row;
  #label = element("th", "", { scope: "row" });
  #size = element("td");
  #cells;

  constructor(body, columns) {
    this.#cells = Array.from({ length: columns }, () => element("td.cell"));
    this.#row = element("tr", [this.#label, this.#size, ...this.#cells]);
    body.append(this.#row);
  }

  draw(cohort, { period, days, now }) {
    this.#row.hidden = cohort === null;
    if (!cohort) return;
    const { size, returned } = cohort.row.value;
    write(this.#label, nameOf(cohort.start, days, now));
    mark(this.#label, "title", dayTime(cohort.start, days));
    write(this.#size, quantity(size).text);
    mark(this.#size, "title", exact(size));
    this.#cells.forEach((cell, i) => {
      // A period that has not begun is unknown, whatever number stands there.
      const begun = i < returned.length && cohort.start + (i + 1) * period <= now;
      write(cell, begun ? share(returned[i], size) || "–" : "");
      mark(cell, "title", begun ? `${returned[i]} of ${size}` : null);
      mark(cell, "data-shade", begun && size ? String(Math.round((returned[i] / size) * SHADES)) : null);
      mark(cell, "data-open", begun && cohort.start + (i + 2) * period > now ? "" : null);
    });
  }
}
