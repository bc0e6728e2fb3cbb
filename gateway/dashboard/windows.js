// The windows of a view that a tile can use, and what each of them says. Pure.

import { leadOf } from "./measure.js";

const DAY_MS = 86_400_000;
/** Points of the trend of sessions. */
const SESSION_POINTS = 60;

/** Whether windows end on a grid, so that a missing one is known to be missing. @param {import("./measure.js").Plan} plan */
export const onGrid = ({ window }) => window.step > 0 && window.step < DAY_MS && window.kind !== "cumulative";

/**
 * The KPI's own windows, oldest end first. Coarser rows of an older tier would be summed as if they were windows of it.
 * @param {import("./view.js").View} view @param {import("./measure.js").Plan} plan
 */
export function usable(view, { window }) {
  const { frames } = view;
  if (window.kind === "session") return gathered(view);
  const fixed = (window.kind === "tumbling" || window.kind === "sliding") && window.size < DAY_MS;
  return fixed ? frames.filter((frame) => frame.end - frame.start === window.size) : frames;
}

/** A session is final once the watermark is beyond its end. @param {import("./view.js").View} view */
export const openSessions = ({ frames, watermark }) => frames.filter((frame) => watermark === null || frame.end >= watermark);

/** One frame of all open sessions, and before it one for each step in which sessions ended. */
function gathered(view) {
  const open = openSessions(view);
  const step = Math.max(view.lastMs / SESSION_POINTS, 1);
  const groups = new Map();
  for (const frame of view.frames.slice(0, view.frames.length - open.length)) {
    const at = Math.floor(frame.end / step);
    groups.set(at, [...(groups.get(at) ?? []), frame]);
  }
  if (open.length > 0) groups.set(null, open);
  return [...groups.values()].map((group) => {
    const rows = group.flatMap((frame) => [...frame.rows].map(([key, row]) => [`${frame.start}:${key}`, row]));
    return { start: Math.min(...group.map((frame) => frame.start)), end: group.at(-1).end, rows: new Map(rows) };
  });
}

/**
 * Kind, revision and error of a window as a whole.
 * @param {import("./view.js").Frame|undefined} frame @param {number} end @param {number|null} watermark
 */
export function stateOf(frame, end, watermark) {
  if (!frame) return { kind: watermark !== null && watermark >= end ? "final" : "partial", rev: 0, error: null };
  let kind = "final";
  let rev = 0;
  let error = null;
  for (const row of frame.rows.values()) {
    if (row.kind === "partial") kind = "partial";
    else if (row.kind === "correction" && kind === "final") kind = "correction";
    rev = Math.max(rev, row.rev ?? 0);
    if (Number.isFinite(row.error)) error = Math.max(error ?? 0, row.error);
  }
  return { kind, rev, error };
}

/**
 * The value of a window, of one key or (null) of all of them together; null where several cannot be added.
 * @param {import("./view.js").Frame|undefined} frame absent when the window has no row
 * @param {import("./measure.js").Plan} plan
 * @param {string|null} key
 * @returns {number|null}
 */
export function valueAt(frame, plan, key) {
  if (!frame) return plan.additive && onGrid(plan) ? 0 : null;
  if (key !== null) return leadOf(frame.rows.get(key)?.value ?? null).value;
  if (!plan.additive && frame.rows.size > 1) return null;
  let sum = null;
  for (const row of frame.rows.values()) {
    const { value } = leadOf(row.value);
    if (value !== null) sum = (sum ?? 0) + value;
  }
  return sum;
}

