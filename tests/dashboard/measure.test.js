import assert from "node:assert/strict";
import { test } from "node:test";

import { isAdditive, leadOf, partsOf, planOf } from "../../gateway/dashboard/measure.js";

test("counts, sums and rates may be added over dimensions", () => {
  const additive = [
    "count(*)", "COUNT(*) FILTER (WHERE event = 'a/b')", "sum(price)", "rate()",
    "sum(price) FILTER (WHERE x = ')') + count(*)", " sum( (a + b) / 2 ) ",
  ];
  for (const sql of additive) assert.equal(isAdditive(sql), true, sql);
});

test("ratios, means, distinct counts and what is not understood may not", () => {
  const not = ["count(*) / uniq(distinct_id)", "avg(x)", "uniq(distinct_id)", "sum(a) - sum(b)", "sum(a) * 2", "max(x)", "count(*", "", null, "sums(x)"];
  for (const sql of not) assert.equal(isAdditive(sql), false, String(sql));
});

test("a plan says which tile a KPI gets", () => {
  const shape = (value, by) => planOf({ value, by, window: "tumbling 1m" }).shape;
  assert.equal(shape("count(*)", null), "number");
  assert.equal(shape("count(*)", ["$country"]), "groups");
  assert.equal(shape('top("$pathname", 10)', null), "items");
  assert.equal(shape("funnel(event = 'a', event = 'b', within => '30m')", ["x"]), "items");
  assert.equal(shape("count(*) FILTER (WHERE event = 'top(x)')", null), "number");
});

test("only short tumbling windows are shown settled", () => {
  const settled = (window) => planOf({ window }).settled;
  assert.deepEqual(["tumbling 1s", "tumbling 15s", "tumbling 1m", "sliding 10s every 1s"].map(settled), [true, true, false, false]);
});

test("a plan of an empty description is usable", () => {
  const plan = planOf({});
  assert.deepEqual([plan.by, plan.delay, plan.additive, plan.shape], [[], 0, false, "number"]);
});

test("values of every shape are taken apart", () => {
  assert.deepEqual(partsOf(3), [["", 3]]);
  assert.deepEqual(partsOf(null), [["", null]]);
  assert.deepEqual(partsOf("12"), [["", null]]);
  assert.deepEqual(partsOf({ items: [["/a", 5], ["/b", 2], "junk", ["/c", "x"]] }), [["/a", 5], ["/b", 2]]);
  assert.deepEqual(partsOf({ steps: [9, 4] }), [["Step 1", 9], ["Step 2", 4]]);
  assert.deepEqual(partsOf({ size: 7, returned: [3, null] }), [["Size", 7], ["+1", 3], ["+2", null]]);
  assert.deepEqual(partsOf({ p50: 1, p95: 2, note: "x" }), [["p50", 1], ["p95", 2]]);
});

test("the number that leads is the first item, and the last step of a funnel", () => {
  assert.deepEqual(leadOf({ items: [["/a", 5], ["/b", 2]] }), { name: "/a", value: 5 });
  assert.deepEqual(leadOf({ steps: [9, 4] }), { name: "Step 2", value: 4 });
  assert.deepEqual(leadOf({ items: [] }), { name: "", value: null });
  assert.deepEqual(leadOf(0), { name: "", value: 0 });
});

test("a plan says how coarser windows are drawn, and what is a single quantile", () => {
  const scale = (value) => planOf({ value, window: "tumbling 1s" }).scale;
  assert.deepEqual(["count(*)", "sum(x) + count(*)", "rate()"].map(scale), ["sum", "sum", "same"]);
  assert.deepEqual(["count(*) / uniq(x)", "avg(x)", "max(x) FILTER (WHERE a = 1)", "quantile(x, 0.5)"].map(scale), ["same", "same", "same", "same"]);
  assert.deepEqual(["uniq(x)", "sum(a) - sum(b)", "top(x, 3)", "count(", null].map(scale), [null, null, null, null, null]);
  const quantile = (value) => planOf({ value, window: "tumbling 1s" }).quantile;
  assert.deepEqual(["quantile(x, 0.5)", " QUANTILE(x / 2, 0.5) FILTER (WHERE a > 1)", "quantile(x, 0.9) - quantile(x, 0.1)", "count(*)"].map(quantile), [true, true, false, false]);
});
