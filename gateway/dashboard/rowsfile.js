// The rows behind a tile as a CSV file, asked of the query API page by page.

import { dated } from "./download.js";
import { readPages } from "./paged.js";

/** Pages of a file; a day of a KPI by 100 keys in windows of 10 seconds has 18. */
const MOST_PAGES = 100;
const PAGE_ROWS = 50_000;

/**
 * @typedef {object} Wanted rows of a KPI
 * @property {string} kpi
 * @property {import("./where.js").Where} where
 * @property {number} from @property {number} to epoch ms; windows that overlap this time
 */

/**
 * @param {Pick<import("./api.js").Api, "lines">} api
 * @param {Wanted} wanted
 * @returns {Promise<{parts: string[], rows: number, whole: boolean}>} `parts` one behind the other are CSV with one head; not
 *   `whole`: there is more than a file holds
 * @throws {import("./api.js").ApiError}
 */
export async function rowsOf(api, { kpi, where, from, to }) {
  const query = new URLSearchParams({ format: "csv", columns: "all", from: String(from), to: String(to), limit: String(PAGE_ROWS) });
  if (Object.keys(where).length) query.set("where", JSON.stringify(where));
  const parts = [];
  let rows = 0;
  const whole = await readPages(api, `v1/kpis/${encodeURIComponent(kpi)}`, query, MOST_PAGES, (text, page) => {
    // Each page has a head of its own; no cell has a line break, since in JSON that is an escape.
    const lines = text.split("\r\n");
    rows += lines.length - 2;
    parts.push(page === 0 ? text : lines.slice(1).join("\r\n"));
  });
  return { parts, rows, whole };
}

/** @param {string} kpi @param {Date} now */
export const rowsName = (kpi, now) => dated(kpi, now, "csv");
