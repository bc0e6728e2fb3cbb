// What a person has chosen to see of a board, and the address that says it. Pure.

import { duration } from "./span.js";

/** Ranges that can be chosen; the ring of panes reaches back a day. */
export const RANGES = ["5m", "15m", "1h", "6h", "24h"];

/** Options of a choice of ranges. @param {string} none what choosing none of them is called @returns {[string, string][]} value and text */
export const rangeChoices = (none, ranges = RANGES) => [["", none], ...ranges.map((range) => [range, `Last ${range}`])];

const SHORTEST_MS = 60_000;
const LONGEST_MS = 86_400_000;

/**
 * @typedef {object} ViewState
 * @property {string} range such as `1h`; empty for what the board says
 * @property {Record<string, import("./wire.js").Dim>} where dimension -> the one value that is shown
 * @property {boolean} compare with the range before
 * @property {boolean} wall
 */

/** @returns {ViewState} what is shown when nobody has chosen anything */
export const plainState = () => ({ range: "", where: {}, compare: false, wall: false });

/**
 * A range that can be shown.
 * @param {unknown} text
 * @returns {number|null} milliseconds
 */
export function rangeOf(text) {
  const ms = duration(text);
  return ms !== null && ms >= SHORTEST_MS && ms <= LONGEST_MS ? ms : null;
}

/**
 * Read the query of an address. What cannot be read is as if it were not there: links are typed and cut short.
 * @param {URLSearchParams} query
 * @returns {ViewState}
 */
export function stateOf(query) {
  const range = query.get("range") ?? "";
  return {
    range: rangeOf(range) === null ? "" : range,
    where: whereOf(query.get("where")),
    compare: query.get("compare") === "1",
    wall: query.get("wall") === "1",
  };
}

/**
 * The query of an address that leads to this view; empty for the plain one.
 * @param {ViewState} state
 */
export function queryOf({ range, where, compare, wall }) {
  const query = new URLSearchParams();
  if (range) query.set("range", range);
  if (Object.keys(where).length) query.set("where", JSON.stringify(where));
  if (compare) query.set("compare", "1");
  if (wall) query.set("wall", "1");
  return query;
}

const isDim = (value) => value === null || ["string", "number", "boolean"].includes(typeof value);

function whereOf(text) {
  let parsed;
  try {
    parsed = JSON.parse(text ?? "{}");
  } catch {
    return {};
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return {};
  return Object.fromEntries(Object.entries(parsed).filter(([, value]) => isDim(value)));
}
