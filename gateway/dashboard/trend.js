// The trend of a view: values by time, in no more points than a screen shows. Pure.
//
// Behind the KPI's own windows the ring keeps coarser ones, of 10 s and 60 s. A count of 60 s is drawn as what it is for
// one of the KPI's own windows; a ratio or a quantile as it is; a distinct count not at all, since people who were there
// in several windows are one person in the coarser one.

import { onGrid, stateOf, usable, valueAt } from "./windows.js";

/** More points than that are drawn together. */
const MOST_POINTS = 720;
/** Steps of a grid that is filled up; a longer one has its windows only. */
const MOST_STEPS = 90_000;
/** Spans that points are drawn together in, ms. */
const SPANS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600].map((s) => s * 1_000);

/**
 * @typedef {object} Line
 * @property {(number|null)[]} solid complete windows
 * @property {(number|null)[]} pending joins the last of them with those still filling
 *
 * @typedef {object} Trend
 * @property {number[]} x epoch seconds
 * @property {Line[]} lines
 */

/**
 * The trend up to the shown window, one line per key; a null key is the total.
 * @param {import("./view.js").View} view
 * @param {import("./measure.js").Plan} plan
 * @param {number} end of the shown window
 * @param {(string|null)[]} keys
 * @param {number} [range] ms before `end` that are shown; all there is unless given
 * @returns {Trend}
 */
export function trend(view, plan, end, keys, range = Infinity) {
  const points = pointsOf(view, plan, end, range);
  const groups = together(points);
  const complete = groups.map((group) => group.every(({ at, frame }) => stateOf(frame, at, view.watermark).kind !== "partial"));
  const lines = keys.map((key) => {
    const values = groups.map((group) => valueOf(group, plan, key));
    const solid = values.map((value, i) => (complete[i] ? value : null));
    const pending = values.map((value, i) => (!complete[i] || complete[i + 1] === false ? value : null));
    return { solid, pending };
  });
  return { x: groups.map((group) => group.at(-1).at / 1_000), lines };
}

/**
 * Values of another time, moved to where they are compared: at each of `x` the last one at or before it.
 * @param {Trend} past @param {number[]} x epoch seconds @param {number} shift seconds that the past is moved by
 * @returns {(number|null)[][]} one list for each line of `past`
 */
export function shifted(past, x, shift) {
  const gap = 1.5 * Math.max(widest(past.x), widest(x));
  let at = -1;
  const places = x.map((time) => {
    while (at + 1 < past.x.length && past.x[at + 1] + shift <= time) at += 1;
    return at >= 0 && time - past.x[at] - shift <= gap ? at : -1;
  });
  return past.lines.map(({ solid, pending }) => places.map((place) => (place < 0 ? null : solid[place] ?? pending[place])));
}

const widest = (x) => (x.length > 1 ? (x.at(-1) - x[0]) / (x.length - 1) : 60);

/** The windows to draw, oldest first: coarser ones, then the KPI's own with those that are missing. */
function pointsOf(view, plan, end, range) {
  const from = end - range;
  const own = usable(view, plan).filter((frame) => frame.end <= end && frame.end >= from);
  const first = own[0]?.start ?? end;
  const coarse = plan.scale === null || plan.window.kind !== "tumbling" ? [] : coarser(view, plan, from, first);
  const byEnd = new Map(own.map((frame) => [frame.end, frame]));
  const ends = [...byEnd.keys()];
  const { step, size } = plan.window;
  const grid = onGrid(plan) && ends.length > 0 && (end - ends[0]) / step <= MOST_STEPS;
  const times = grid ? Array.from({ length: Math.round((end - ends[0]) / step) + 1 }, (_, i) => ends[0] + i * step) : ends;
  const points = times.map((at) => ({ at, frame: byEnd.get(at), share: 1 }));
  return [...coarse.map((frame) => ({ at: frame.end, frame, share: size / (frame.end - frame.start) })), ...points];
}

function coarser(view, { window }, from, upto) {
  return view.frames.filter(({ start, end }) => end - start > window.size && end > from && end <= upto);
}

/** Points in groups that are drawn as one. The grid of groups stands still, so that no line flickers. */
function together(points) {
  if (points.length <= MOST_POINTS) return points.map((point) => [point]);
  const span = points.at(-1).at - points[0].at;
  const width = SPANS.find((ms) => span / ms <= MOST_POINTS) ?? Math.ceil(span / MOST_POINTS);
  const groups = [];
  let number = NaN;
  for (const point of points) {
    const own = Math.ceil(point.at / width);
    if (own !== number) groups.push([]);
    number = own;
    groups.at(-1).push(point);
  }
  return groups;
}

/** One value for a group: the mean of what can be added, the last of what cannot. */
function valueOf(group, plan, key) {
  let sum = 0;
  let count = 0;
  let last = null;
  for (const { frame, share } of group) {
    const value = valueAt(frame, plan, key);
    if (value === null) continue;
    last = plan.scale === "sum" ? value * share : value;
    sum += last;
    count += 1;
  }
  if (count === 0) return null;
  return plan.additive ? sum / count : last;
}
