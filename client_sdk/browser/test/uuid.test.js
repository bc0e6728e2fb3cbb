import assert from "node:assert/strict";
import { test } from "node:test";

import { uuidGenerator } from "../src/uuid.js";

const zeros = (parts) => parts.fill(0);

test("an id holds its time, version 7 and variant 2", () => {
  assert.equal(uuidGenerator(() => 0x0193_4d0e_7b00, zeros)(), "01934d0e-7b00-7000-8000-000000000000");
  const ones = uuidGenerator(() => 1, (parts) => parts.fill(0xffff));
  assert.equal(ones(), "00000000-0001-77ff-bfff-ffffffffffff");
});

test("ids of one generator strictly increase, within a millisecond and when the clock steps back", () => {
  let now;
  const make = uuidGenerator(() => now);
  const ids = [];
  for (now of [5_000, 5_000, 4_000, 5_001, 5_001]) for (let i = 0; i < 3_000; i++) ids.push(make());
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.every((id) => /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(id)));
});
