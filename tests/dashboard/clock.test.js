import assert from "node:assert/strict";
import { test } from "node:test";

import { Clock } from "../../gateway/dashboard/clock.js";

test("before a sample nothing is known", () => {
  assert.equal(new Clock().at(5), null);
});

test("a round trip puts the server's time in its middle", () => {
  const clock = new Clock();
  clock.sample(1_000_050, 300, 200);
  assert.equal(clock.at(300), 1_000_100);
});

test("a shorter round trip narrows the estimate and a longer one does not widen it", () => {
  const clock = new Clock();
  clock.sample(1_000_500, 1_000, 0);
  clock.sample(1_002_005, 2_010, 2_000);
  assert.equal(clock.at(0), 1_000_000);
  clock.sample(1_005_000, 9_000, 1_000);
  assert.equal(clock.at(0), 1_000_000);
});

test("an unasked message can only say that the server is ahead of what was thought", () => {
  const clock = new Clock();
  clock.sample(1_000_500, 1_000, 0);
  clock.sample(1_002_000, 2_100);
  assert.equal(clock.at(0), 1_000_200);
});

test("after a clock was set, the newest sample alone counts", () => {
  const clock = new Clock();
  clock.sample(1_000_005, 10, 0);
  clock.sample(2_000_000, 20);
  assert.equal(clock.at(20), 2_000_000);
});
