import assert from "node:assert/strict";
import { test } from "node:test";

import { Backoff } from "../src/backoff.js";

test("the ceiling doubles from half a second to thirty seconds", () => {
  const backoff = new Backoff(() => 0.5);
  const waits = Array.from({ length: 9 }, () => backoff.delay());
  assert.deepEqual(waits, [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
});

test("a wait is uniform from nothing up to the ceiling", () => {
  assert.equal(new Backoff(() => 0).delay(), 0);
});

test("reset starts anew", () => {
  const backoff = new Backoff(() => 0.5);
  backoff.delay();
  backoff.reset();
  assert.equal(backoff.delay(), 250);
});

test("retry-now is immediate once, then it backs off like any other", () => {
  const backoff = new Backoff(() => 0.5);
  assert.deepEqual([backoff.immediate(), backoff.immediate(), backoff.immediate()], [0, 250, 500]);
  backoff.reset();
  assert.equal(backoff.immediate(), 0);
});
