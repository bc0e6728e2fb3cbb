import assert from "node:assert/strict";
import { test } from "node:test";

import { absorb, move } from "../src/heritage.js";
import { add, assignAll, CAPS, check, open, uuids } from "./queues.js";
import { MemoryStorage } from "./storage.js";

test("moving to another identity takes every event along and leaves the old keys only when asked to", () => {
  for (const keep of [false, true]) {
    const storage = new MemoryStorage();
    const queue = open(storage);
    const all = [add(queue)];
    assignAll(queue);
    all.push(add(queue));
    move(queue, "n", keep);
    assert.deepEqual(uuids(open(storage, CAPS, "n")), all);
    assert.equal(open(storage, CAPS, "p").events, keep ? 1 : 0);
    check(queue);
  }
});

test("absorbing another queue puts its events behind what may be under way, adds its books and empties it", () => {
  const storage = new MemoryStorage();
  const other = open(storage, CAPS, "o");
  const older = [add(other)];
  assignAll(other);
  older.push(add(other));
  other.save();
  const queue = open(storage);
  const flying = add(queue);
  assignAll(queue);
  const newer = add(queue);
  absorb(queue, open(storage, CAPS, "o"));
  queue.save();
  for (const seen of [queue, open(storage)]) {
    assert.deepEqual(uuids(seen)[0], flying);
    assert.deepEqual([...uuids(seen)].sort(), [flying, ...older, newer].sort());
    assert.equal(seen.ledger.sent, 4);
    check(seen);
  }
  assert.equal(open(storage, CAPS, "o").ledger.sent, 0);
});
