import assert from "node:assert/strict";
import { test } from "node:test";

import { nearest, rowsFor } from "../../gateway/dashboard/notes.js";

test("words that would touch stand in rows below one another, and are left out when all are taken", () => {
  const spans = [{ from: 0, to: 10 }, { from: 20, to: 30 }, { from: 5, to: 15 }, { from: 12, to: 18 }, { from: 8, to: 9 }];
  assert.deepEqual(rowsFor(spans, 2, 2), [0, 0, 1, 0, null]);
  assert.deepEqual(rowsFor(spans, 2, 3), [0, 0, 1, null, null]);
  assert.deepEqual(rowsFor([], 1, 1), []);
});

test("no two words of a row overlap, whatever they are", () => {
  let seed = 7;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let round = 0; round < 200; round++) {
    const spans = Array.from({ length: 12 }, () => {
      const from = random() * 100;
      return { from, to: from + random() * 40 };
    });
    const rows = rowsFor(spans, 3, 1);
    spans.forEach((one, i) => spans.slice(i + 1).forEach((other, j) => {
      const same = rows[i] !== null && rows[i] === rows[i + 1 + j];
      assert.ok(!same || one.to < other.from || other.to < one.from);
    }));
    assert.equal(rows[0], 0);
  }
});

test("the pointer is at the nearest annotation within reach, and at all of its moment", () => {
  const notes = [{ at: 100, text: "a" }, { at: 130, text: "b" }, { at: 130, text: "c" }];
  const texts = (at, reach) => nearest(notes, at, reach).map(({ text }) => text).join("");
  assert.deepEqual([texts(110, 50), texts(120, 50), texts(90, 5), texts(90, 10)], ["a", "bc", "", "a"]);
  assert.deepEqual(nearest([], 1, 10), []);
});
