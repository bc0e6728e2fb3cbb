// What funnels, cohorts and sessions say of themselves: the pure halves of their tiles.

import assert from "node:assert/strict";
import { test } from "node:test";

import { periodOf, planOf, stepNames, timesSteps } from "../../gateway/dashboard/measure.js";
import { read } from "../../gateway/dashboard/reading.js";
import { leadFunnel } from "../../gateway/dashboard/tiles/funnel.js";
import { cohortsOf, leadRetention, nameOf } from "../../gateway/dashboard/tiles/retention.js";
import { sessionsOf } from "../../gateway/dashboard/tiles/sessions.js";
import { View } from "../../gateway/dashboard/view.js";

const DAY = 86_400_000;

function viewOf(rows, watermark) {
  const view = new View(Infinity);
  view.apply({ type: "snapshot", epoch: "e", offset: 0, watermark, meta: {}, rows });
  return view;
}

const row = (start, end, value, dims = {}) => ({ dims, start, end, value, kind: "final", rev: 0 });

test("steps are called by their event, or by their condition", () => {
  const sql = "funnel(event = '$pageview', event='it''s, (x)', price > f(1, 2) AND a = ',', \"b,c\" = 1, within => '30m', mode => 'default') FILTER (WHERE country = 'DE')";
  assert.deepEqual(stepNames(sql), ["$pageview", "it's, (x)", "price > f(1, 2) AND a = ','", '"b,c" = 1']);
  for (const other of ["count(*)", null, "funnel(", ""]) assert.deepEqual(stepNames(other), []);
  const timed = ["times => true", "times=>TRUE", "times => false", "x = 'times'"];
  assert.deepEqual(timed.map((last) => timesSteps(`funnel(a, b, ${last})`)), [true, true, false, false]);
});

test("a cohort is called by its day, or by the clock while that cannot be of another day", () => {
  const start = new Date(2026, 0, 31, 12, 5).getTime();
  assert.match(nameOf(start, false, start + 3_600_000), /^12:05$/);
  assert.match(nameOf(start, false, start + DAY), /31.*12:05/);
  assert.doesNotMatch(nameOf(start, true, start + 3_600_000), /12:05/);
});

test("periods of a retention", () => {
  assert.equal(periodOf("retention(a = 1, b = 2, period => '7d', periods => 4)"), 7 * DAY);
  assert.equal(periodOf("retention(a = 1, b = 2)"), DAY);
});

test("the group with the most users at its first step stands for a funnel", () => {
  const plan = planOf({ value: "funnel(event = 'a', event = 'b', within => '1h')", window: "tumbling 1m", delay: "0s", by: ["c"] });
  const view = viewOf([row(0, 60_000, { steps: [5, 1] }, { c: "x" }), row(0, 60_000, { steps: [9, 0] }, { c: "y" })], 30_000);
  assert.deepEqual(leadFunnel(read(view, plan, 30_000)).value, { steps: [9, 0] });
  assert.equal(leadFunnel({ frame: undefined }), null);
});

test("cohorts are listed oldest first, the largest group of each", () => {
  const value = (size, ...returned) => ({ size, returned });
  const rows = [row(0, DAY, value(3, 1, 0), { c: "x" }), row(0, DAY, value(10, 4, 2), { c: "y" }), row(DAY, 2 * DAY, value(8, 2, 0)), row(2 * DAY, 3 * DAY, value(5, 0, 0))];
  const view = viewOf(rows, 3 * DAY);
  assert.deepEqual(cohortsOf(view).map(({ start, row: { value: { size } } }) => [start / DAY, size]), [[0, 10], [1, 8], [2, 5]]);
  const sql = "retention(event = 'a', event = 'b')";
  assert.equal(leadRetention(view, sql, 3.5 * DAY), 2 / 8);
  assert.equal(leadRetention(view, sql, 2 * DAY), 4 / 10);
  assert.equal(leadRetention(view, sql, DAY), null);
});

test("sessions are open until the watermark is beyond their end, and as long as from first to last event", () => {
  const gap = 10_000;
  const rows = [row(0, 15_000, 2, { u: 1 }), row(1_000, 11_000, 1, { u: 2 }), row(0, 40_000, 9, { u: 3 }), row(30_000, 45_000, 3, { u: 4 })];
  assert.deepEqual(sessionsOf(viewOf(rows, 41_000), gap), { open: 1, ended: 3, median: 5_000, longest: 30_000 });
  assert.deepEqual(sessionsOf(viewOf([], null), gap), { open: 0, ended: 0, median: null, longest: null });
});
