// Which view a tile has, how large it is, and which parts it is made of. Pure.

/**
 * @typedef {"number"|"series"|"groups"|"bars"|"funnel"|"retention"|"top"|"band"|"sessions"} ViewName `groups` is what
 *   `auto` makes of a KPI with dimensions: the trend and the groups
 */

/** What a view needs unless the board says more. */
const SIZE = {
  number: "small", series: "wide", groups: "tall", bars: "tall", funnel: "tall", retention: "large", top: "tall", band: "small",
  sessions: "tall",
};
const ROOM = { small: 2, wide: 2, tall: 10, large: 10 };

/**
 * The view of a tile. One that its KPI cannot fill, since the KPI has changed, is the one that it can.
 * @param {string} wish of the board
 * @param {import("./measure.js").Plan} plan
 * @returns {ViewName}
 */
export function viewOf(wish, plan) {
  if (plan.list) return plan.list;
  if (wish === "number" || wish === "series") return wish;
  if (wish === "bars" || wish === "top") return plan.shape === "groups" ? "bars" : "number";
  if (wish === "band") return plan.shape === "number" ? "band" : "series";
  if (wish === "sessions" || plan.window.kind === "session") return plan.window.kind === "session" ? "sessions" : "series";
  if (plan.shape === "groups") return "groups";
  return plan.quantile ? "band" : "number";
}

/**
 * @param {string} wish of the board @param {ViewName} view
 * @returns {"small"|"wide"|"tall"|"large"}
 */
export function sizeOf(wish, view) {
  if (wish !== "auto") return wish;
  return SIZE[view];
}

/** Lines of a table that have room in a tile. @param {string} size @param {ViewName} view */
export function roomOf(size, view) {
  if (view === "groups") return 5;
  if (view === "sessions") return Math.max(0, ROOM[size] - 4);
  return ROOM[size];
}

/** Views that a KPI can have, for the editor. @param {import("./measure.js").Plan} plan @returns {string[]} */
export function viewsFor(plan) {
  if (plan.list) return ["auto"];
  if (plan.window.kind === "session") return ["auto", "number", "series", "bars"];
  return plan.shape === "groups" ? ["auto", "number", "series", "bars"] : ["auto", "number", "series", "band"];
}
