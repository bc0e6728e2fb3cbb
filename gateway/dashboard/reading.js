// What a tile shows of a view at a moment: one number, its window before, the trend and the breakdown. Pure.
//
// Which window? Events are known up to `head`, the newest event time (watermark + delay). The window that ends first
// after `head` is the current one; for sliding windows that is the fullest, not the newest. Short tumbling windows are
// shown once complete. A window without events has no row: for counts and sums that is 0, for all else it is unknown.
//
// Sessions have a window each. Shown are all that are open, as one window with a line each.

import { leadOf, partsOf } from "./measure.js";
import { onGrid, openSessions, stateOf, usable, valueAt } from "./windows.js";

/** A stream that paused leaves its last short window open for ever; after this it is shown as it is. */
const QUIET_MS = 5_000;
/** How far back the newest window that has a row is looked for. */
const MOST_STEPS = 4_000;

/**
 * @typedef {object} Entry one line of the breakdown
 * @property {string} key stable identity of the line
 * @property {unknown[]} label dimension values, then the item
 * @property {number|null} value
 * @property {number} share of the largest, 0 to 1
 * @property {boolean} other the overflow row, whatever its value last
 * @property {number|null} keys how many keys an overflow row stands for
 * @property {[number, number]|null} bounds at least and at most, of an item that is approximate
 *
 * @typedef {object} Reading
 * @property {number|null} head newest event time, epoch ms
 * @property {number} start @property {number} end of the shown window
 * @property {number|null} value
 * @property {unknown[]} label whose value it is, when not everybody's
 * @property {string|null} key of the row whose value it is; null when it is everybody's
 * @property {"partial"|"final"|"correction"} kind
 * @property {number} rev
 * @property {number|null} error relative
 * @property {{now: number, before: number, complete: boolean}|null} change `complete`: the pair is the last complete
 *   window and the one before it, since the shown one is still filling
 * @property {import("./view.js").Frame|undefined} frame the shown window; absent when it has no row
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
    value: valueAt(byEnd.get(end), plan, shown.key),
    label: lead?.label ?? [],
    key: shown.key,
    ...stateOf(frame, end, view.watermark),
    change: changeOf(frames, byEnd, plan, shown, frame, view.watermark),
    frame,
    entries,
    groups: plan.list === "funnel" ? (frame?.rows.size ?? 0) : entries.length,
    sessions: plan.window.kind === "session" ? openSessions(view).reduce((sum, { rows }) => sum + rows.size, 0) : null,
  };
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
  for (let i = 0; i < MOST_STEPS && known > (watermark ?? -Infinity); i++, known -= step) {
    if (byEnd.has(known)) return known;
  }
  return byEnd.has(known) ? known : end;
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
/** A number has no name; an item of a list may have an empty one. */
const labelOf = (row, name) => [...Object.values(row.dims), ...(name === "" && !row.value?.items?.length ? [] : [name])];

/** Breakdown of a window: highest first, the overflow row last, steps of a funnel in their order. */
function entriesOf(frame) {
  const entries = [];
  let ordered = false;
  for (const [key, row] of frame.rows) {
    ordered ||= typeof row.value === "object" && row.value !== null && !Array.isArray(row.value.items);
    const bounds = Array.isArray(row.value?.bounds) ? row.value.bounds : [];
    partsOf(row.value).forEach(([name, value], nth) => {
      const identity = name === "" ? key : `${key}${JSON.stringify(name)}`;
      const own = { key: identity, label: labelOf(row, name), value, bounds: boundsOf(bounds[nth]) };
      entries.push({ ...own, share: 0, other: isOther(row), keys: row.keys ?? null });
    });
  }
  const top = entries.reduce((most, { value }) => Math.max(most, Math.abs(value ?? 0)), 0);
  for (const entry of entries) entry.share = top ? Math.abs(entry.value ?? 0) / top : 0;
  const rank = (entry) => entry.value ?? -Infinity;
  const byLabel = (a, b) => (String(a.label) < String(b.label) ? -1 : 1);
  return ordered ? entries : entries.sort((a, b) => a.other - b.other || rank(b) - rank(a) || byLabel(a, b));
}

const boundsOf = (pair) => (Array.isArray(pair) && pair.every(Number.isFinite) && pair[0] !== pair[1] ? pair : null);

/**
 * The shown value and the one of another time.
 * @param {import("./view.js").View} view @param {import("./measure.js").Plan} plan
 * @param {Reading} reading of that view
 * @param {import("./view.js").View} past its rows of the other time
 * @param {number} shift ms that the other time lies before
 * @returns {{now: number, before: number, complete: boolean}|null} `complete` as in `Reading.change`
 */
export function against(view, plan, reading, past, shift) {
  const filling = plan.window.kind === "tumbling" && reading.kind === "partial" && onGrid(plan);
  const end = filling ? reading.end - plan.window.size : reading.end;
  const now = filling ? valueAt(ending(usable(view, plan), end), plan, reading.key) : reading.value;
  const frames = usable(past, plan);
  const frame = ending(frames, end - shift);
  // Before the first row nobody knows whether there was nothing or nothing was kept.
  if (!frame && !(frames.length && frames[0].end <= end - shift)) return null;
  const before = valueAt(frame, plan, reading.key);
  return now === null || before === null ? null : { now, before, complete: filling };
}

/** The window that ends at a time, or the last one before it by less than a step. */
const ending = (frames, end) => frames.findLast((frame) => frame.end <= end && frame.end > end - (frame.end - frame.start || 1));

function changeOf(frames, byEnd, plan, shown, frame, watermark) {
  const { kind, size, step } = plan.window;
  if (!onGrid(plan) || (kind !== "tumbling" && kind !== "sliding")) return null;
  const filling = kind === "tumbling" && stateOf(frame, shown.end, watermark).kind === "partial";
  const end = filling ? shown.end - size : shown.end;
  const before = end - Math.ceil(size / step) * step;
  if (before < frames[0].end) return null;
  const pair = [valueAt(byEnd.get(end), plan, shown.key), valueAt(byEnd.get(before), plan, shown.key)];
  return pair.includes(null) ? null : { now: pair[0], before: pair[1], complete: filling };
}
