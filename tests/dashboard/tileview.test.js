import assert from "node:assert/strict";
import { test } from "node:test";

import { planOf } from "../../gateway/dashboard/measure.js";
import { sizeOf, viewOf, viewsFor } from "../../gateway/dashboard/tileview.js";

const plan = (value, { by = [], window = "tumbling 1m" } = {}) => planOf({ value, by, window });
const NUMBER = plan("count(*)");
const GROUPS = plan("count(*)", { by: ["c"] });
const QUANTILE = plan("quantile(x, 0.75)");
const SESSION = plan("count(*)", { window: "session 30m", by: ["distinct_id"] });

test("without a wish each KPI has the view that shows all of it", () => {
  const auto = [NUMBER, GROUPS, QUANTILE, SESSION].map((one) => viewOf("auto", one));
  assert.deepEqual(auto, ["number", "groups", "band", "sessions"]);
  const lists = ["funnel(event = 'a', within => '1h')", "retention(event = 'a', event = 'b')", "top(x, 3)"];
  assert.deepEqual(lists.map((value) => viewOf("auto", plan(value))), ["funnel", "retention", "top"]);
});

test("a wish is followed where the KPI can fill it", () => {
  assert.deepEqual(["number", "series", "bars", "band", "top", "sessions", "funnel"].map((wish) => viewOf(wish, GROUPS)), ["number", "series", "bars", "series", "bars", "series", "groups"]);
  assert.deepEqual(["number", "series", "bars", "band", "sessions", "retention"].map((wish) => viewOf(wish, NUMBER)), ["number", "series", "number", "band", "series", "number"]);
  assert.equal(viewOf("number", plan("top(x, 3)")), "top");
  assert.equal(viewOf("series", SESSION), "series");
});

test("each view has a size, unless the board says one; the editor offers what can be filled", () => {
  assert.deepEqual([sizeOf("auto", "number"), sizeOf("auto", "funnel"), sizeOf("large", "number")], ["small", "tall", "large"]);
  for (const one of [NUMBER, GROUPS, QUANTILE, SESSION]) {
    for (const wish of viewsFor(one).slice(1)) assert.equal(viewOf(wish, one), wish);
  }
  assert.deepEqual(viewsFor(plan("top(x, 3)")), ["auto"]);
});
