// Spans of time as KPI files write them: `10s`, and windows such as `sliding 30m every 10s`. Pure.

const UNIT_MS = new Map([["ms", 1], ["s", 1_000], ["m", 60_000], ["h", 3_600_000], ["d", 86_400_000]]);

/**
 * @typedef {object} Window
 * @property {"tumbling"|"sliding"|"session"|"cumulative"|"other"} kind
 * @property {number} size milliseconds from start to end; for sessions the gap
 * @property {number} step milliseconds from one end to the next; 0 when ends follow no grid
 */

/**
 * Milliseconds of a duration such as `500ms`, `10s` or `1d`.
 * @param {unknown} text
 * @returns {number|null} null when `text` is no duration
 */
export function duration(text) {
  const found = /^(\d{1,9})(ms|s|m|h|d)$/.exec(String(text ?? "").trim());
  return found ? Number(found[1]) * UNIT_MS.get(found[2]) : null;
}

/**
 * Read a window definition. Unknown text gives kind `other`, so that a newer server's window still has a tile.
 * @param {unknown} text
 * @returns {Window}
 */
export function windowOf(text) {
  const [kind, first, every, second] = String(text ?? "").trim().split(/\s+/);
  const size = duration(first);
  const step = every === "every" ? duration(second) : null;
  if (size) {
    if (kind === "tumbling") return { kind, size, step: size };
    if (kind === "session") return { kind, size, step: 0 };
    if ((kind === "sliding" || kind === "cumulative") && step) return { kind, size, step };
  }
  return { kind: "other", size: 0, step: 0 };
}

/**
 * Seconds of history that a tile asks for: its range and a window more, or, when nobody chose one, enough for a trend
 * and for the window before, 300 to 3,600.
 * @param {Window} window
 * @param {number|null} [range] ms
 */
export function history(window, range = null) {
  if (range !== null) return Math.ceil((range + window.size) / 1_000);
  const windows = window.kind === "tumbling" ? 60 * window.size : 3 * window.size;
  return Math.min(3_600, Math.max(300, Math.ceil(windows / 1_000)));
}

/**
 * Seconds of history for windows that are listed one by one, such as cohorts: so many of them.
 * @param {Window} window @param {number} count
 */
export const lastWindows = (window, count) => Math.ceil((count * window.size) / 1_000);

/**
 * A duration as KPI files write it, in the largest unit that divides it.
 * @param {number} ms
 */
export function brief(ms) {
  const [name, size] = [...UNIT_MS].reverse().find(([, unit]) => ms >= unit && ms % unit === 0) ?? ["ms", 1];
  return `${ms / size}${name}`;
}
