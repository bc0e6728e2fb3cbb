import assert from "node:assert/strict";
import { test } from "node:test";

import { Shifts } from "../../src/modules/shifts.js";

/** The score of shifts at these times, one each. */
const score = (...times) => {
  const shifts = new Shifts();
  for (const startTime of times) shifts.add({ startTime, value: 1, hadRecentInput: false });
  return shifts.worst;
};

test("shifts less than a second apart count together, and the worst session counts", () => {
  assert.equal(score(), 0);
  assert.equal(score(0, 999, 1_500), 3);
  assert.equal(score(0, 500, 1_500, 5_000), 2);
});

test("a session lasts less than five seconds", () => {
  assert.equal(score(0, 900, 1_800, 2_700, 3_600, 4_500, 4_999), 7);
  assert.equal(score(0, 900, 1_800, 2_700, 3_600, 4_500, 5_000), 6);
});

test("what a person has brought about is no shift", () => {
  const shifts = new Shifts();
  shifts.add({ startTime: 0, value: 1, hadRecentInput: true });
  assert.equal(shifts.worst, 0);
});
