import assert from "node:assert/strict";
import { test } from "node:test";

import { findings, settle } from "../src/verdict.js";
import { add, assignAll, check, open, uuids } from "./queues.js";
import { MemoryStorage } from "./storage.js";

test("settling counts each verdict once and removes the chunk from the store", () => {
  const storage = new MemoryStorage();
  const queue = open(storage);
  for (let i = 0; i < 5; i++) add(queue);
  assignAll(queue);
  const names = uuids(queue);
  const verdicts = [
    [1, 0, "drop", "late"],
    [1, 1, "duplicate", "uuid"],
    [1, 1, "duplicate", "uuid"],
    [1, 2, "warn", "clamped"],
    [1, 9, "drop", "no such event"],
    [2, 3, "drop", "no such batch"],
    [1, "length", "drop", "hostile"],
    null,
    5,
  ];
  const found = settle(queue, 1, verdicts);
  assert.deepEqual(
    found.map(({ entry, outcome }) => [entry.uuid, outcome]),
    [
      [names[0], "drop"],
      [names[1], "duplicate"],
      [names[1], "duplicate"],
    ],
  );
  assert.deepEqual(queue.balance(), {
    sent: 5,
    accepted: 3,
    duplicate: 1,
    rejected: 1,
    expired: 0,
    pending: 0,
  });
  assert.equal(storage.length, 1);
  assert.deepEqual(settle(queue, 1, verdicts), []);
  check(queue);
});

test("an ack beyond what was given out settles only what was given out", () => {
  const queue = open(new MemoryStorage());
  add(queue);
  assignAll(queue);
  add(queue);
  settle(queue, 99, []);
  assert.equal(queue.acked, 1);
  assert.equal(queue.events, 1);
  check(queue);
});

const filled = (uuids, seq) => ({ seq, entries: uuids.map((uuid) => ({ uuid })) });

test("findings are the drops and duplicates that name an event", () => {
  const chunks = [filled(["a", "b"], 1), filled(["c"], 2)];
  const rows = [
    [1, 1, "drop", "late"],
    [2, 0, "duplicate", "uuid"],
    [2, 0, "warn", "clamped"],
    [2, 1, "drop", "x"],
    [3, 0, "drop", "x"],
    "no",
  ];
  assert.deepEqual(
    findings(chunks, rows).map(({ entry, outcome, reason }) => [entry.uuid, outcome, reason]),
    [
      ["b", "drop", "late"],
      ["c", "duplicate", "uuid"],
    ],
  );
  assert.deepEqual(findings(chunks, null), []);
});
