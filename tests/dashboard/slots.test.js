import assert from "node:assert/strict";
import { test } from "node:test";

import { Slots } from "../../gateway/dashboard/slots.js";

test("keys keep their slot when their rank changes", () => {
  const slots = new Slots(3);
  assert.deepEqual(slots.assign(["a", "b", "c"]), ["a", "b", "c"]);
  assert.deepEqual(slots.assign(["c", "a", "b"]), ["a", "b", "c"]);
});

test("a key that leaves frees its slot for the one that comes", () => {
  const slots = new Slots(3);
  slots.assign(["a", "b", "c"]);
  assert.deepEqual(slots.assign(["d", "c", "a"]), ["a", "d", "c"]);
  assert.deepEqual([slots.of("d"), slots.of("b")], [1, -1]);
});

test("keys beyond the slots have none", () => {
  const slots = new Slots(2);
  assert.deepEqual(slots.assign(["a", "b", "c"]), ["a", "b"]);
  assert.deepEqual(slots.assign(["z"]), ["z", null]);
});
