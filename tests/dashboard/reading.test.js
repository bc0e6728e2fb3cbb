import assert from "node:assert/strict";
import { test } from "node:test";

import { planOf } from "../../gateway/dashboard/measure.js";
import { against, read } from "../../gateway/dashboard/reading.js";
import { trend } from "../../gateway/dashboard/trend.js";
import { View } from "../../gateway/dashboard/view.js";

const MIN = 60_000;
const row = (start, size, value, { dims = {}, kind = "final", ...rest } = {}) => ({ dims, start, end: start + size, value, kind, rev: 0, ...rest });

function viewOf(meta, rows, watermark) {
  const plan = planOf({ value: "count(*)", window: "tumbling 1m", delay: "2s", ...meta });
  const view = new View(3_600_000, plan.window.kind === "cumulative");
  view.apply({ type: "snapshot", id: 1, epoch: "e", offset: 0, watermark, meta: {}, rows });
  return { view, plan };
}

const reading = (meta, rows, watermark, now = watermark) => {
  const { view, plan } = viewOf(meta, rows, watermark);
  return read(view, plan, now);
};

test("without a row there is nothing to read", () => {
  assert.equal(reading({}, [], null, 0), null);
});

test("the window that holds the newest event is shown, with its kind", () => {
  const shown = reading({}, [row(0, MIN, 50), row(MIN, MIN, 7, { kind: "partial" })], MIN + 10_000);
  assert.deepEqual([shown.value, shown.start, shown.end, shown.kind, shown.head], [7, MIN, 2 * MIN, "partial", MIN + 12_000]);
});

test("an event exactly at an end belongs to the next window", () => {
  const shown = reading({}, [row(0, MIN, 50), row(MIN, MIN, 1, { kind: "partial" })], MIN - 2_000);
  assert.equal(shown.value, 1);
});

test("of sliding windows the one that ends next is shown, not the newest start", () => {
  const rows = [0, 10, 20, 30, 40].map((s) => row(s * 1_000, 30_000, 100 - s, { kind: "partial" }));
  const shown = reading({ window: "sliding 30s every 10s" }, rows, 33_000);
  assert.deepEqual([shown.start, shown.end, shown.value], [10_000, 40_000, 90]);
});

test("a sliding window that has no row yet is not taken for empty", () => {
  const meta = { window: "sliding 30s every 10s" };
  const rows = [row(0, 30_000, 90), row(10_000, 30_000, 95, { kind: "partial" })];
  const shown = (watermark) => reading(meta, rows, watermark);
  assert.deepEqual([shown(38_500).value, shown(38_500).end], [95, 40_000]);
  assert.equal(shown(45_000).value, 95);
  assert.equal(shown(59_000).value, 0);
});

test("a window without events reads 0 for what can be added, and unknown for all else", () => {
  const rows = [row(0, MIN, 50)];
  assert.equal(reading({}, rows, 5 * MIN).value, 0);
  assert.equal(reading({ value: "avg(x)" }, rows, 5 * MIN).value, null);
});

test("a short window is shown once complete", () => {
  const rows = [row(0, 1_000, 10), row(1_000, 1_000, 20), row(2_000, 1_000, 3, { kind: "partial" })];
  const shown = reading({ window: "tumbling 1s" }, rows, 2_100);
  assert.deepEqual([shown.value, shown.kind], [20, "final"]);
});

test("a short window of a stream that paused is shown although it stays open", () => {
  const rows = [row(0, 1_000, 10), row(1_000, 1_000, 3, { kind: "partial" })];
  const shown = (now) => reading({ window: "tumbling 1s" }, rows, 1_100, now).value;
  assert.equal(shown(4_000), 10);
  assert.equal(shown(20_000), 3);
});

test("a short window of a stream that began just now is shown although it is open", () => {
  assert.equal(reading({ window: "tumbling 1s" }, [row(5_000, 1_000, 3, { kind: "partial" })], 3_500).value, 3);
});

test("counts are summed over dimensions, the overflow row included", () => {
  const rows = [row(0, MIN, 5, { dims: { c: "DE" } }), row(0, MIN, 7, { dims: { c: null } }), row(0, MIN, 90, { dims: { c: "__other__" }, keys: 12 })];
  const shown = reading({ by: ["c"] }, rows, 0);
  assert.deepEqual([shown.value, shown.label, shown.groups], [102, [], 3]);
  assert.deepEqual(shown.entries.map(({ label, value, other, keys }) => [label[0], value, other, keys]), [
    [null, 7, false, null], ["DE", 5, false, null], ["__other__", 90, true, 12],
  ]);
});

test("what cannot be summed shows its highest group by name", () => {
  const rows = [row(0, MIN, 0.2, { dims: { c: "DE" } }), row(0, MIN, 0.4, { dims: { c: "FR" } }), row(0, MIN, 0.9, { dims: { c: "__other__" } })];
  const shown = reading({ by: ["c"], value: "count(*) / uniq(x)" }, rows, 0);
  assert.deepEqual([shown.value, shown.label], [0.4, ["FR"]]);
});

test("one partial row makes the window partial, and the largest stated error is stated", () => {
  const rows = [
    row(0, MIN, 5, { dims: { c: "DE" }, error: 0.016 }),
    row(0, MIN, 7, { dims: { c: "FR" }, kind: "correction", rev: 2, error: 0.002 }),
  ];
  const meta = { by: ["c"], value: "uniq(x)" };
  const shown = reading(meta, rows, 0);
  assert.deepEqual([shown.kind, shown.rev, shown.error], ["correction", 2, 0.016]);
  assert.equal(reading(meta, [...rows, row(0, MIN, 1, { dims: { c: "IT" }, kind: "partial" })], 0).kind, "partial");
});

test("items become lines of the breakdown; the first leads", () => {
  const shown = reading({ value: "top(p, 3)" }, [row(0, MIN, { items: [["/a", 9], ["/b", 4]] })], 0);
  assert.deepEqual([shown.value, shown.label], [9, ["/a"]]);
  assert.deepEqual(shown.entries.map(({ label, value, share }) => [label, value, share]), [[["/a"], 9, 1], [["/b"], 4, 4 / 9]]);
});

test("an item without a letter is an item", () => {
  const shown = reading({ value: "top(p, 3)" }, [row(0, MIN, { items: [["", 9], ["/b", 4]] })], 0);
  assert.deepEqual(shown.label, [""]);
  assert.deepEqual(shown.entries.map(({ label }) => label), [[""], ["/b"]]);
  assert.deepEqual(reading({ value: "top(p, 3)" }, [row(0, MIN, { items: [] })], 0).label, []);
});

test("groups of a funnel are counted, not their steps", () => {
  const rows = [row(0, MIN, { steps: [3, 1] }, { dims: { c: "DE" } }), row(0, MIN, { steps: [2, 2] }, { dims: { c: "FR" } })];
  const shown = reading({ value: "funnel(a, b)", by: ["c"] }, rows, 0);
  assert.deepEqual([shown.groups, shown.entries.length], [2, 4]);
});

test("steps of a funnel keep their order", () => {
  const shown = reading({ value: "funnel(a, b)" }, [row(0, MIN, { steps: [3, 9] })], 0);
  assert.deepEqual(shown.entries.map(({ label }) => label), [["Step 1"], ["Step 2"]]);
});

test("the change of a window that fills compares the two before it", () => {
  const rows = [row(0, MIN, 10), row(MIN, MIN, 15), row(2 * MIN, MIN, 1, { kind: "partial" })];
  assert.deepEqual(reading({}, rows, 2 * MIN + 1).change, { now: 15, before: 10, complete: true });
});

test("the change of a sliding window looks one whole window back", () => {
  const rows = [0, 10, 20, 30].map((s) => row(s * 1_000, 30_000, 100 + s, { kind: s === 30 ? "partial" : "final" }));
  assert.deepEqual(reading({ window: "sliding 30s every 10s" }, rows, 55_000).change, { now: 130, before: 100, complete: false });
});

test("without a window before there is no change", () => {
  assert.equal(reading({}, [row(0, MIN, 10)], 30_000).change, null);
});

test("the window before counts as 0 when it had no events, if it can be added", () => {
  const rows = [row(0, MIN, 10), row(2 * MIN, MIN, 4), row(3 * MIN, MIN, 1, { kind: "partial" })];
  assert.deepEqual(reading({}, rows, 3 * MIN + 1).change, { now: 4, before: 0, complete: true });
  assert.equal(reading({ value: "avg(x)" }, rows, 3 * MIN + 1).change, null);
});

test("cumulative windows show the step that holds the newest event", () => {
  const meta = { window: "cumulative 1d every 1m" };
  const rows = [1, 2, 3].map((m) => ({ ...row(0, m * MIN, m * 10), kind: m === 3 ? "partial" : "final" }));
  const shown = reading(meta, rows, 2 * MIN + 5_000);
  assert.deepEqual([shown.value, shown.end], [30, 3 * MIN]);
});

test("without a watermark the clock says which window is current", () => {
  assert.equal(reading({}, [row(0, MIN, 5), row(MIN, MIN, 6, { kind: "partial" })], null, 90_000).value, 6);
});

test("rows of a coarser tier are not mixed in", () => {
  const shown = reading({}, [row(0, 10 * MIN, 500), row(10 * MIN, MIN, 7, { kind: "partial" })], 10 * MIN + 5_000);
  assert.equal(shown.value, 7);
});

test("the trend fills windows without events and splits what is complete from what fills", () => {
  const { view, plan } = viewOf({}, [row(0, MIN, 5), row(3 * MIN, MIN, 8), row(4 * MIN, MIN, 2, { kind: "partial" })], 4 * MIN);
  const { x, lines } = trend(view, plan, 5 * MIN, [null]);
  assert.deepEqual(x, [60, 120, 180, 240, 300]);
  assert.deepEqual(lines[0].solid, [5, 0, 0, 8, null]);
  assert.deepEqual(lines[0].pending, [null, null, null, 8, 2]);
});

test("the trend of what cannot be added has holes, and one line for each key asked for", () => {
  const rows = [row(0, MIN, 5, { dims: { c: "DE" } }), row(2 * MIN, MIN, 6, { dims: { c: "DE" } }), row(2 * MIN, MIN, 7, { dims: { c: "FR" } })];
  const { view, plan } = viewOf({ value: "avg(x)", by: ["c"] }, rows, 3 * MIN);
  const keys = ["DE", "FR"].map((c) => JSON.stringify([["c", c]]));
  const { lines } = trend(view, plan, 3 * MIN, keys);
  assert.deepEqual(lines.map(({ solid }) => solid), [[5, null, 6], [null, null, 7]]);
});

test("the trend ends with the shown window", () => {
  const rows = [0, 10, 20, 30].map((s) => row(s * 1_000, 30_000, s, { kind: "partial" }));
  const { view, plan } = viewOf({ window: "sliding 30s every 10s" }, rows, 33_000);
  assert.deepEqual(trend(view, plan, 40_000, [null]).x, [30, 40]);
});

const session = (who, start, end, value, rest = {}) => ({ dims: { distinct_id: who }, start, end, value, kind: "final", rev: 0, ...rest });
const SESSIONS = { window: "session 1m", by: ["distinct_id"], value: "count(*)" };

test("of sessions all that are open are shown together, a line each", () => {
  const rows = [session("a", 0, 90_000, 9), session("a", 150_000, 260_000, 2, { kind: "partial" }), session("b", 190_000, 250_000, 5, { kind: "partial" })];
  const shown = reading(SESSIONS, rows, 200_000);
  assert.deepEqual([shown.value, shown.start, shown.end, shown.kind, shown.sessions], [7, 150_000, 260_000, "partial", 2]);
  assert.deepEqual(shown.entries.map(({ label, value }) => [label[0], value]), [["b", 5], ["a", 2]]);
  assert.equal(reading({ ...SESSIONS, value: "avg(x)" }, rows, 200_000).value, 5);
});

test("a session at whose end the watermark stands is open, since an event may still join it", () => {
  assert.equal(reading(SESSIONS, [session("a", 0, 60_000, 1)], 60_000).sessions, 1);
  assert.equal(reading(SESSIONS, [session("a", 0, 60_000, 1)], 60_001).sessions, 0);
});

test("the trend of sessions adds up those that ended at about the same time", () => {
  const rows = [session("a", 0, 61_000, 1), session("b", 0, 62_000, 2), session("a", 200_000, 300_000, 4), session("c", 0, 900_000, 8, { kind: "partial" })];
  const { view, plan } = viewOf(SESSIONS, rows, 890_000);
  const { x, lines } = trend(view, plan, read(view, plan, 890_000).end, [null]);
  assert.deepEqual([x, lines[0].solid], [[62, 300, 900], [3, 4, null]]);
});

test("the shown value and the one of another time, complete windows against complete ones", () => {
  const rows = (from, values) => values.map((value, i) => row(from + i * MIN, MIN, value));
  const now = viewOf({}, [...rows(60 * MIN, [10, 20]), row(62 * MIN, MIN, 3, { kind: "partial" })], 62 * MIN);
  const shown = read(now.view, now.plan, 62 * MIN);
  const past = viewOf({}, rows(0, [5, 4, 9]), 9 * MIN);
  assert.deepEqual(against(now.view, now.plan, shown, past.view, 60 * MIN), { now: 20, before: 4, complete: true });
  const gap = viewOf({}, rows(0, [5]), 9 * MIN);
  assert.deepEqual(against(now.view, now.plan, shown, gap.view, 60 * MIN), { now: 20, before: 0, complete: true });
  const young = viewOf({}, rows(5 * MIN, [5]), 9 * MIN);
  assert.equal(against(now.view, now.plan, shown, young.view, 60 * MIN), null);
});

test("items carry their bounds where they are approximate", () => {
  const value = { items: [["a", 9], ["b", 4]], bounds: [[7, 12], [4, 4]] };
  const shown = reading({ value: "top(x, 2)" }, [row(0, MIN, value)], 30_000);
  assert.deepEqual(shown.entries.map(({ bounds }) => bounds), [[7, 12], null]);
});

test("values that cannot be added have no change while nobody stands for the window", () => {
  const meta = { value: "uniq(a) / uniq(b)", by: ["c"] };
  const rows = (start) => ["x", "y"].map((c) => row(start, MIN, 0.2, { dims: { c } }));
  const { view, plan } = viewOf(meta, [...rows(0), ...rows(MIN)], 2 * MIN);
  const shown = read(view, plan, 2 * MIN);
  assert.deepEqual([shown.value, shown.change], [null, null]);
  assert.equal(against(view, plan, shown, view, MIN), null);
});
