// What a tile shows of a view at a moment: one number, its window before, the trend and the breakdown. Pure.
//
// Which window? Events are known up to `head`, the newest event time (watermark + delay). The window that ends first
// after `head` is the current one; for sliding windows that is the fullest, not the newest. Short tumbling windows are
// shown once complete. A window without events has no row: for counts and sums that is 0, for all else it is unknown.
//
// Sessions have a window each. Shown are all that are open, as one window with a line each; the trend has those that
// ended at about the same time together.

import { leadOf, partsOf } from "./measure.js";

const DAY_MS = 86_400_000;
/** A stream that paused leaves its last short window open for ever; after this it is shown as it is. */
const QUIET_MS = 5_000;
const MOST_POINTS = 4_000;
/** Points of the trend of sessions. */
const SESSION_POINTS = 60;

/**
 * @typedef {object} Entry one line of the breakdown
 * @property {string} key stable identity of the line
 * @property {unknown[]} label dimension values, then the item
 * @property {number|null} value
 * @property {number} share of the largest, 0 to 1
 * @property {boolean} other the overflow row, whatever its value last
 * @property {number|null} keys how many keys an overflow row stands for
 *
 * @typedef {object} Reading
 * @property {number|null} head newest event time, epoch ms
 * @property {number} start @property {number} end of the shown window
 * @property {number|null} value
 * @property {unknown[]} label whose value it is, when not everybody's
 * @property {"partial"|"final"|"correction"} kind
 * @property {number} rev
 * @property {number|null} error relative
 * @property {{now: number, before: number, complete: boolean}|null} change `complete`: the pair is the last complete
 *   window and the one before it, since the shown one is still filling
 * @property {Entry[]} entries
 * @property {number} groups
 * @property {number|null} sessions how many are open, of session windows
 */

/**
 * @param {import("./view.js").View} view
 * @param {import("./measure.js").Plan} plan
 * @param {number} now the server's epoch ms
 * @returns {Reading|null} null while there is no row
 */
export function read(view, plan, now) {
  const frames = usable(view, plan);
  if (frames.length === 0) return null;
  const byEnd = new Map(frames.map((frame) => [frame.end, frame]));
  const head = headOf(view, plan, frames, now);
  const end = shownEnd(frames, byEnd, plan, view.watermark, head, now);
  const frame = byEnd.get(end);
  const entries = frame ? entriesOf(frame) : [];
  const lead = frame ? leadRow(frame, plan) : null;
  const shown = { end, key: lead?.key ?? null };
  return {
    head,
    start: frame?.start ?? end - plan.window.size,
    end,
    value: valueAt(byEnd, plan, end, shown.key),
    label: lead?.label ?? [],
    ...stateOf(frame, end, view.watermark),
    change: changeOf(frames, byEnd, plan, shown, frame, view.watermark),
    entries,
    groups: entries.length,
    sessions: plan.window.kind === "session" ? openSessions(view).length : null,
  };
}

/**
 * The trend up to the shown window: x in seconds, one line per key (a null key is the total). `solid` are complete
 * windows; `pending` joins the last of them with those still filling.
 * @param {import("./view.js").View} view
 * @param {import("./measure.js").Plan} plan
 * @param {number} end of the shown window
 * @param {(string|null)[]} keys
 */
export function trend(view, plan, end, keys) {
  const frames = usable(view, plan).filter((frame) => frame.end <= end);
  const byEnd = new Map(frames.map((frame) => [frame.end, frame]));
  const ends = [...byEnd.keys()];
  const { step } = plan.window;
  const grid = onGrid(plan) && ends.length > 0 && (end - ends[0]) / step <= MOST_POINTS;
  const times = grid ? Array.from({ length: Math.round((end - ends[0]) / step) + 1 }, (_, i) => ends[0] + i * step) : ends;
  const complete = times.map((time) => stateOf(byEnd.get(time), time, view.watermark).kind !== "partial");
  const lines = keys.map((key) => {
    const values = times.map((time) => valueAt(byEnd, plan, time, key));
    const solid = values.map((value, i) => (complete[i] ? value : null));
    const pending = values.map((value, i) => (!complete[i] || complete[i + 1] === false ? value : null));
    return { solid, pending };
  });
  return { x: times.map((time) => time / 1_000), lines };
}

const onGrid = ({ window }) => window.step > 0 && window.step < DAY_MS && window.kind !== "cumulative";

/** Coarser rows of an older tier would be summed as if they were windows of this KPI. */
function usable(view, { window }) {
  const { frames } = view;
  if (window.kind === "session") return gathered(view);
  const fixed = (window.kind === "tumbling" || window.kind === "sliding") && window.size < DAY_MS;
  return fixed ? frames.filter((frame) => frame.end - frame.start === window.size) : frames;
}

/** A session is final once the watermark is beyond its end. */
const openSessions = ({ frames, watermark }) => frames.filter((frame) => watermark === null || frame.end >= watermark);

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

function headOf(view, plan, frames, now) {
  return view.watermark === null ? Math.min(now, frames.at(-1).end) : view.watermark + plan.delay;
}

function shownEnd(frames, byEnd, plan, watermark, head, now) {
  const last = frames.at(-1).end;
  if (!onGrid(plan)) return (frames.find((frame) => frame.end > head) ?? frames.at(-1)).end;
  const { step } = plan.window;
  if (plan.settled && watermark !== null) {
    const closed = last + Math.floor((watermark - last) / step) * step;
    if (now - plan.delay - QUIET_MS >= last) return Math.max(last, closed);
    if (closed >= frames[0].end) return closed;
  }
  const end = last + (Math.floor((head - last) / step) + 1) * step;
  return plan.window.kind === "sliding" ? told(byEnd, end, step, watermark) : end;
}

/**
 * A sliding window that has just begun may have no row yet, though it is not empty: it holds most of the one before.
 * Only behind the watermark does a missing row mean that there were no events.
 */
function told(byEnd, end, step, watermark) {
  let known = end;
  for (let i = 0; i < MOST_POINTS && known > (watermark ?? -Infinity); i++, known -= step) {
    if (byEnd.has(known)) return known;
  }
  return byEnd.has(known) ? known : end;
}

function stateOf(frame, end, watermark) {
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

function valueAt(byEnd, plan, end, key) {
  const frame = byEnd.get(end);
  if (!frame) return plan.additive && onGrid(plan) ? 0 : null;
  if (key !== null) return leadOf(frame.rows.get(key)?.value ?? null).value;
  let sum = null;
  for (const row of frame.rows.values()) {
    const { value } = leadOf(row.value);
    if (value !== null) sum = (sum ?? 0) + value;
  }
  return sum;
}

/** Whose value stands for the window: nobody's when values may be summed, else the highest. */
function leadRow(frame, plan) {
  if (plan.additive) return null;
  let best = null;
  for (const [key, row] of frame.rows) {
    const lead = leadOf(row.value);
    const other = isOther(row);
    const better = !best || (best.other && !other) || (best.other === other && (lead.value ?? -Infinity) > best.value);
    if (better) best = { key, other, value: lead.value ?? -Infinity, label: labelOf(row, lead.name) };
  }
  return best;
}

const isOther = (row) => Object.values(row.dims).includes("__other__");
const labelOf = (row, name) => [...Object.values(row.dims), ...(name === "" ? [] : [name])];

/** Breakdown of a window: highest first, the overflow row last, steps of a funnel in their order. */
function entriesOf(frame) {
  const entries = [];
  let ordered = false;
  for (const [key, row] of frame.rows) {
    ordered ||= typeof row.value === "object" && row.value !== null && !Array.isArray(row.value.items);
    for (const [name, value] of partsOf(row.value)) {
      const identity = name === "" ? key : `${key}${JSON.stringify(name)}`;
      entries.push({ key: identity, label: labelOf(row, name), value, share: 0, other: isOther(row), keys: row.keys ?? null });
    }
  }
  const top = entries.reduce((most, { value }) => Math.max(most, Math.abs(value ?? 0)), 0);
  for (const entry of entries) entry.share = top ? Math.abs(entry.value ?? 0) / top : 0;
  const rank = (entry) => entry.value ?? -Infinity;
  const byLabel = (a, b) => (String(a.label) < String(b.label) ? -1 : 1);
  return ordered ? entries : entries.sort((a, b) => a.other - b.other || rank(b) - rank(a) || byLabel(a, b));
}

function changeOf(frames, byEnd, plan, shown, frame, watermark) {
  const { kind, size, step } = plan.window;
  if (!onGrid(plan) || (kind !== "tumbling" && kind !== "sliding")) return null;
  const filling = kind === "tumbling" && stateOf(frame, shown.end, watermark).kind === "partial";
  const end = filling ? shown.end - size : shown.end;
  const before = end - Math.ceil(size / step) * step;
  if (before < frames[0].end) return null;
  const pair = [valueAt(byEnd, plan, end, shown.key), valueAt(byEnd, plan, before, shown.key)];
  return pair.includes(null) ? null : { now: pair[0], before: pair[1], complete: filling };
}
