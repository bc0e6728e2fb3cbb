// The rows behind a tile as a CSV file, asked of the query API page by page.

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
  let next = null;
  for (let page = 0; page < MOST_PAGES && (page === 0 || next !== null); page++) {
    if (next !== null) query.set("after", next);
    const { text, next: behind } = await api.lines(`v1/kpis/${encodeURIComponent(kpi)}?${query}`);
    // Each page has a head of its own; no cell has a line break, since in JSON that is an escape.
    const lines = text.split("\r\n");
    rows += lines.length - 2;
    parts.push(page === 0 ? text : lines.slice(1).join("\r\n"));
    next = behind;
  }
  return { parts, rows, whole: next === null };
}

/** @param {string} kpi @param {Date} now */
export const rowsName = (kpi, now) => `${kpi}-${now.toISOString().slice(0, 19).replaceAll(":", "")}Z.csv`;
