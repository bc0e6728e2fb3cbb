import assert from "node:assert/strict";
import { test } from "node:test";

import { Burst } from "../../src/modules/burst.js";

/** Which of some clicks, as [x, y, milliseconds], make a burst. @param {number[][]} clicks */
const hits = (clicks) => {
  const burst = new Burst();
  return clicks.map(([x, y, at]) => burst.hit({ x, y, at }));
};

test("three clicks within a second and thirty pixels are a burst", () => {
  assert.deepEqual(hits([[0, 0, 0], [30, 0, 500], [10, 10, 1_000]]), [false, false, true]);
});

test("too slow, or too far apart, they are none", () => {
  assert.deepEqual(hits([[0, 0, 0], [0, 0, 500], [0, 0, 1_001]]), [false, false, false]);
  assert.deepEqual(hits([[0, 0, 0], [20, 0, 100], [40, 0, 200]]), [false, false, false]);
  assert.deepEqual(hits([[0, 0, 0], [31, 0, 100], [0, 0, 200]]), [false, false, false]);
});

test("a burst that goes on is told once, and the next one again", () => {
  const quick = Array.from({ length: 8 }, (_, i) => [0, 0, 100 * i]);
  const later = [[0, 0, 5_000], [0, 0, 5_100], [0, 0, 5_200]];
  assert.deepEqual(
    hits([...quick, ...later]).flatMap((hit, i) => (hit ? [i] : [])),
    [2, 10],
  );
});

test("a burst may begin in the middle of slower clicks", () => {
  assert.deepEqual(hits([[0, 0, 0], [0, 0, 900], [0, 0, 1_200], [0, 0, 1_400]]), [false, false, false, true]);
});
