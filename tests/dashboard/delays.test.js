import assert from "node:assert/strict";
import { test } from "node:test";

import { Delays } from "../../gateway/dashboard/delays.js";

test("only updates with newer events count, and not the state that was there", () => {
  const delays = new Delays();
  assert.equal(delays.quantile(0.5), null);
  assert.equal(delays.shown(1_000, 90_000), false);
  assert.equal(delays.shown(1_000, 90_100), false);
  assert.equal(delays.shown(2_000, 2_400), true);
  assert.equal(delays.shown(1_500, 9_000), false);
  assert.equal(delays.quantile(0.5), 400);
});

test("quantiles are those of the last 120 updates", () => {
  const delays = new Delays();
  delays.shown(0, 0);
  for (let i = 1; i <= 1_000; i++) delays.shown(i, i + i);
  assert.equal(delays.quantile(0), 881);
  assert.equal(delays.quantile(0.5), 941);
  assert.equal(delays.quantile(0.95), 995);
  assert.equal(delays.quantile(1), 1_000);
});

test("an event from ahead of the clock came at once", () => {
  const delays = new Delays();
  delays.shown(0, 0);
  delays.shown(5_000, 4_000);
  assert.equal(delays.quantile(0.5), 0);
});
