import assert from "node:assert/strict";
import { test } from "node:test";

import { Backoff } from "../../gateway/dashboard/backoff.js";

test("ceilings double from half a second to thirty", () => {
  const backoff = new Backoff();
  const waits = Array.from({ length: 9 }, () => backoff.closed(0, 1));
  assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

test("jitter is full: the wait may be nothing", () => {
  assert.equal(new Backoff().closed(0, 0), 0);
});

test("a connection of less than five seconds does not reset the ceiling", () => {
  const backoff = new Backoff();
  backoff.closed(0, 1);
  backoff.opened(1_000);
  assert.equal(backoff.closed(5_999, 1), 1_000);
  backoff.opened(10_000);
  assert.equal(backoff.closed(15_000, 1), 500);
});

test("an immediate retry happens at once, but not twice in a row", () => {
  const backoff = new Backoff();
  assert.equal(backoff.closed(0, 1, { immediate: true }), 0);
  assert.equal(backoff.closed(0, 1, { immediate: true }), 1_000);
});

test("a wait that the server asked for comes before the jitter", () => {
  assert.equal(new Backoff().closed(0, 0.5, { floor: 3_000 }), 3_250);
});
