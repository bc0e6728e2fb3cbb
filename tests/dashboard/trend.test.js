import assert from "node:assert/strict";
import { test } from "node:test";

import { planOf } from "../../gateway/dashboard/measure.js";
import { shifted, trend } from "../../gateway/dashboard/trend.js";
import { View } from "../../gateway/dashboard/view.js";

const row = (start, size, value, kind = "final") => ({ dims: {}, start, end: start + size, value, kind, rev: 0 });

function viewOf(meta, rows, watermark) {
  const plan = planOf({ value: "count(*)", window: "tumbling 1s", delay: "0s", ...meta });
  const view = new View(Infinity);
  view.apply({ type: "snapshot", epoch: "e", offset: 0, watermark, meta: {}, rows });
  return { view, plan };
}

const seconds = (from, to, value) => Array.from({ length: to - from }, (_, i) => row((from + i) * 1_000, 1_000, value(from + i)));

test("a range cuts what is older", () => {
  const { view, plan } = viewOf({}, seconds(0, 100, (s) => s), 100_000);
  const { x, lines } = trend(view, plan, 100_000, [null], 10_000);
  assert.deepEqual([x[0], x.at(-1), lines[0].solid[0]], [90, 100, 89]);
  assert.equal(trend(view, plan, 100_000, [null]).x.length, 100);
});

test("a coarser window is drawn as what it is for one of the KPI's own, where that can be said", () => {
  const rows = [row(0, 60_000, 600), row(60_000, 10_000, 200), row(70_000, 1_000, 30)];
  const values = (value) => {
    const { view, plan } = viewOf({ value }, rows, 71_000);
    return trend(view, plan, 71_000, [null]).lines[0].solid;
  };
  assert.deepEqual(values("count(*)"), [10, 20, 30]);
  assert.deepEqual(values("rate()"), [600, 200, 30]);
  assert.deepEqual(values("quantile(x, 0.5)"), [600, 200, 30]);
  assert.deepEqual(values("uniq(a) / uniq(b)"), [600, 200, 30]);
  assert.deepEqual(values("uniq(x)"), [30]);
});

test("many points are drawn together: the mean of what can be added, the last of what cannot", () => {
  const day = seconds(0, 7_200, (s) => s % 10);
  const counted = viewOf({}, day, 7_200_000);
  const drawn = trend(counted.view, counted.plan, 7_200_000, [null]);
  assert.equal(drawn.x.length, 720);
  assert.ok(drawn.lines[0].solid.every((value) => value === 4.5));
  const level = viewOf({ value: "max(x)" }, day, 7_200_000);
  assert.ok(trend(level.view, level.plan, 7_200_000, [null]).lines[0].solid.every((value) => value === 9));
});

test("groups of points stand still while time goes on", () => {
  const { view, plan } = viewOf({}, seconds(0, 2_000, (s) => s), 2_000_000);
  const at = (end) => trend(view, plan, end, [null], 1_500_000).x.slice(5, -5);
  const [before, after] = [at(1_900_000), at(1_901_000)];
  assert.ok(before.slice(1).every((x) => after.includes(x)));
});

test("a filling window is pending, and so is the line that leads there", () => {
  const { view, plan } = viewOf({}, [row(0, 1_000, 1), row(1_000, 1_000, 2), row(2_000, 1_000, 1, "partial")], 2_000);
  assert.deepEqual(trend(view, plan, 3_000, [null]).lines[0], { solid: [1, 2, null], pending: [null, 2, 1] });
});

test("the time before is moved onto the present, and a gap stays one", () => {
  const past = { x: [10, 11, 12, 20], lines: [{ solid: [1, 2, null, 4], pending: [null, null, 3, null] }] };
  const moved = (x) => shifted(past, x, 100)[0];
  assert.deepEqual(moved([110, 111, 112]), [1, 2, 3]);
  assert.deepEqual(moved([109, 110, 118, 120, 121]), [null, 1, null, 4, 4]);
  assert.deepEqual(shifted({ x: [], lines: [{ solid: [], pending: [] }] }, [1, 2], 0), [[null, null]]);
});
