import assert from "node:assert/strict";
import { test } from "node:test";

import { Engagement } from "../../src/modules/engagement.js";

test("time between signs of life counts, as far as they are close together", () => {
  const engaged = new Engagement();
  engaged.touch(1_000);
  engaged.touch(5_000);
  engaged.touch(1_000_000);
  assert.equal(engaged.take(1_002_000), 4_000 + 30_000 + 2_000);
});

test("hidden time does not count", () => {
  const engaged = new Engagement();
  engaged.touch(0);
  engaged.rest(1_000);
  engaged.rest(4_000);
  engaged.touch(9_000);
  assert.equal(engaged.take(9_500), 1_500);
});

test("nothing has been there before the first sign", () => {
  assert.equal(new Engagement().take(50_000), 0);
});

test("what was taken is not counted again", () => {
  const engaged = new Engagement();
  engaged.touch(0);
  assert.equal(engaged.take(1_000), 1_000);
  assert.equal(engaged.take(1_500), 500);
});
