// What a KPI's definition says about its values: may they be added, and which parts has one value? Pure.

import { duration, windowOf } from "./span.js";

const DAY_MS = 86_400_000;
/** Aggregates whose values over several windows say something of one of them, without being added. */
const LEVEL = new Set(["min", "max", "quantile"]);

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
 * @property {"top"|"funnel"|"retention"|null} list which list
 * @property {boolean} quantile its value is one quantile
 * @property {"sum"|"same"|null} scale how the value of a coarser window is drawn: for counts and sums as the share of one
 *   of the KPI's own, for ratios and levels as it is, for all else not at all
 */

/**
 * @param {Record<string, unknown>} meta of `/v1/kpis` or of a snapshot
 * @returns {Plan}
 */
export function planOf(meta) {
  const window = windowOf(meta.window);
  const by = Array.isArray(meta.by) ? meta.by.map(String) : [];
  const sql = withoutQuoted(meta.value);
  const list = /\b(top|funnel|retention)\s*\(/i.exec(sql)?.[1].toLowerCase() ?? null;
  return {
    window,
    by,
    delay: duration(meta.delay) ?? 0,
    additive: isAdditive(meta.value),
    settled: window.kind === "tumbling" && window.size <= SHORT_MS,
    shape: list ? "items" : by.length ? "groups" : "number",
    list,
    quantile: /^\s*quantile\s*\(/i.test(sql) && !/[-+*/]/.test(outside(sql)),
    scale: scaleOf(meta.value),
  };
}

/** How values of a coarser window compare with those of the KPI's own. */
function scaleOf(sql) {
  const outer = outside(withoutQuoted(sql));
  if (isAdditive(sql)) return /\brate\b/i.test(outer) ? "same" : "sum";
  const names = outer.toLowerCase().match(/[a-z_]+/g) ?? [];
  const level = names.length > 0 && names.every((name) => LEVEL.has(name) || name === "avg" || name === "filter");
  return level || outer.includes("/") ? "same" : null;
}

const withoutQuoted = (sql) => String(sql ?? "").replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, "x");

/**
 * May the rows of one window be summed over their dimensions? Only when the expression is a sum of counts, sums and
 * rates: ratios, means and distinct counts may not. Unknown expressions may not.
 * @param {unknown} sql
 */
export function isAdditive(sql) {
  const outer = outside(withoutQuoted(sql));
  const term = "(?:count|sum|rate)(?:\\s+filter)?";
  return new RegExp(`^\\s*${term}(?:\\s*\\+\\s*${term})*\\s*$`, "i").test(outer.replace(/\s+/g, " "));
}

/** What of an expression stands outside of brackets; brackets that do not match stay, so that nothing fits them. */
function outside(sql) {
  let depth = 0;
  let outer = "";
  for (const letter of sql) {
    if (letter === "(") depth += 1;
    if (depth === 0) outer += letter;
    if (letter === ")") {
      depth -= 1;
      outer += " ";
    }
  }
  return depth === 0 ? outer : "(";
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

/**
 * What the steps of a funnel are called: the name of the event when a step asks for one, else its condition.
 * @param {unknown} sql of a KPI whose value is a funnel
 * @returns {string[]} fewer than there are steps when the text cannot be read
 */
export function stepNames(sql) {
  const inside = /^\s*funnel\s*\((.*)\)[^)]*$/is.exec(String(sql ?? ""))?.[1] ?? "";
  const parts = [""];
  let depth = 0;
  let quote = "";
  for (const letter of inside) {
    if (quote) quote = letter === quote ? "" : quote;
    else if (letter === "'" || letter === '"') quote = letter;
    else if (letter === "(") depth += 1;
    else if (letter === ")") depth -= 1;
    if (letter === "," && depth === 0 && !quote) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  const steps = parts.map((part) => part.trim()).filter((part) => part && !/^\w+\s*=>/.test(part));
  return steps.map((step) => /^event\s*=\s*'((?:[^']|'')+)'$/i.exec(step)?.[1].replaceAll("''", "'") ?? step);
}

/**
 * Whether a funnel says how long its steps took.
 * @param {unknown} sql
 */
export const timesSteps = (sql) => /\btimes\s*=>\s*true\b/i.test(String(sql ?? ""));

/**
 * The period of a retention, ms.
 * @param {unknown} sql
 */
export const periodOf = (sql) => duration(/\bperiod\s*=>\s*'([^']*)'/i.exec(String(sql ?? ""))?.[1]) ?? DAY_MS;

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
