// What a KPI's definition says about its values: may they be added, and which parts has one value? Pure.

import { duration, windowOf } from "./span.js";

/** Windows up to this size are shown when they are complete: a number that restarts every second cannot be read. */
const SHORT_MS = 15_000;

/**
 * @typedef {object} Plan what a tile needs to know of a KPI; made once, from `meta`
 * @property {import("./span.js").Window} window
 * @property {number} delay ms that the watermark stays behind the newest event
 * @property {boolean} additive values of several dimensions may be summed
 * @property {boolean} settled show the newest complete window instead of the one that is filling
 * @property {string[]} by
 * @property {"number"|"groups"|"items"} shape one number, one number per dimension, or a list per row
 */

/**
 * @param {Record<string, unknown>} meta of `/v1/kpis` or of a snapshot
 * @returns {Plan}
 */
export function planOf(meta) {
  const window = windowOf(meta.window);
  const by = Array.isArray(meta.by) ? meta.by.map(String) : [];
  const list = /\b(top|funnel|retention)\s*\(/i.test(withoutQuoted(meta.value));
  return {
    window,
    by,
    delay: duration(meta.delay) ?? 0,
    additive: isAdditive(meta.value),
    settled: window.kind === "tumbling" && window.size <= SHORT_MS,
    shape: list ? "items" : by.length ? "groups" : "number",
  };
}

const withoutQuoted = (sql) => String(sql ?? "").replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, "x");

/**
 * May the rows of one window be summed over their dimensions? Only when the expression is a sum of counts, sums and
 * rates: ratios, means and distinct counts may not. Unknown expressions may not.
 * @param {unknown} sql
 */
export function isAdditive(sql) {
  let depth = 0;
  let outer = "";
  for (const letter of withoutQuoted(sql)) {
    if (letter === "(") depth += 1;
    if (depth === 0) outer += letter;
    if (letter === ")") {
      depth -= 1;
      outer += " ";
    }
  }
  const term = "(?:count|sum|rate)(?:\\s+filter)?";
  return depth === 0 && new RegExp(`^\\s*${term}(?:\\s*\\+\\s*${term})*\\s*$`, "i").test(outer.replace(/\s+/g, " "));
}

/**
 * The numbers inside one value, each with its name: `[["", 12]]` for a plain number, one per item, step or field else.
 * @param {unknown} value
 * @returns {[unknown, number|null][]}
 */
export function partsOf(value) {
  if (value === null || value === undefined) return [["", null]];
  if (typeof value === "number") return [["", value]];
  if (typeof value !== "object") return [["", null]];
  if (Array.isArray(value.items)) {
    return value.items.filter((item) => Array.isArray(item) && Number.isFinite(item[1])).map(([key, n]) => [key, n]);
  }
  if (Array.isArray(value.steps)) return numbered(value.steps, "Step ", 1);
  if (Array.isArray(value.returned)) return [["Size", finite(value.size)], ...numbered(value.returned, "+", 1)];
  return Object.entries(value).filter(([, part]) => Number.isFinite(part));
}

const finite = (value) => (Number.isFinite(value) ? value : null);
const numbered = (list, prefix, from) => list.map((value, index) => [`${prefix}${index + from}`, finite(value)]);

/**
 * The one number that stands for a value: itself, the leading item, the last step of a funnel.
 * @param {unknown} value
 * @returns {{name: unknown, value: number|null}}
 */
export function leadOf(value) {
  const parts = partsOf(value);
  const steps = typeof value === "object" && Array.isArray(value?.steps);
  const [name, number] = (steps ? parts.at(-1) : parts[0]) ?? ["", null];
  return { name, value: number };
}
