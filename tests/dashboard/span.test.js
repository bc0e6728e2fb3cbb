import assert from "node:assert/strict";
import { test } from "node:test";

import { brief, duration, history, lastWindows, windowOf } from "../../gateway/dashboard/span.js";

test("durations are read in every unit", () => {
  assert.deepEqual(["500ms", "10s", "30m", "2h", "7d"].map(duration), [500, 10_000, 1_800_000, 7_200_000, 604_800_000]);
});

test("what is no duration is null", () => {
  for (const text of ["", "10", "s", "-5s", "1.5s", "10 s", null, undefined, {}]) assert.equal(duration(text), null);
});

test("every window kind of the definition language is read", () => {
  assert.deepEqual(windowOf("tumbling 1m"), { kind: "tumbling", size: 60_000, step: 60_000 });
  assert.deepEqual(windowOf("sliding 30m every 10s"), { kind: "sliding", size: 1_800_000, step: 10_000 });
  assert.deepEqual(windowOf("session 30m"), { kind: "session", size: 1_800_000, step: 0 });
  assert.deepEqual(windowOf("cumulative 1d every 1m"), { kind: "cumulative", size: 86_400_000, step: 60_000 });
});

test("an unknown window has a kind of its own, not an error", () => {
  for (const text of ["hopping 5s", "sliding 30m", "tumbling", "", null]) assert.equal(windowOf(text).kind, "other");
});

test("history is at least five minutes and at most an hour", () => {
  assert.equal(history(windowOf("tumbling 1s")), 300);
  assert.equal(history(windowOf("tumbling 10s")), 600);
  assert.equal(history(windowOf("sliding 5m every 5s")), 900);
  assert.equal(history(windowOf("tumbling 1h")), 3_600);
  assert.equal(history(windowOf("?")), 300);
});

test("a duration is written in the largest unit that divides it", () => {
  assert.deepEqual([500, 1_000, 90_000, 1_800_000, 86_400_000, 0].map(brief), ["500ms", "1s", "90s", "30m", "1d", "0ms"]);
});

test("a chosen range is asked for with a window more, so that its first window is whole", () => {
  assert.equal(history(windowOf("tumbling 1m"), 900_000), 960);
  assert.equal(history(windowOf("sliding 30m every 10s"), 300_000), 2_100);
  assert.equal(lastWindows(windowOf("tumbling 1d"), 30), 30 * 86_400);
});
