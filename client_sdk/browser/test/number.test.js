import assert from "node:assert/strict";
import { test } from "node:test";

import { count } from "../src/number.js";

test("count takes whole numbers from 0 and nothing else", () => {
  assert.equal(count({ n: 3 }, "n", 9), 3);
  assert.equal(count({ n: 0 }, "n", 9), 0);
  for (const n of [-1, 1.5, "3", null, Infinity, 2 ** 60, {}]) assert.equal(count({ n }, "n", 9), 9);
  assert.equal(count(undefined, "n", 9), 9);
});
