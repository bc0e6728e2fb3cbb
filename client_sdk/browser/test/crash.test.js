import assert from "node:assert/strict";
import { test } from "node:test";

import { settle } from "../src/verdict.js";
import { add, assignAll, check, open, uuids } from "./queues.js";
import { MemoryStorage } from "./storage.js";

test("every point at which the browser may die leaves each event once and the books closed", () => {
  const script = (queue) => {
    for (let i = 0; i < 3; i++) add(queue);
    queue.save();
    queue.assign(queue.fresh());
    for (let i = 0; i < 2; i++) add(queue);
    queue.save();
    queue.seal();
    queue.assign(queue.fresh());
    settle(queue, 1, [[1, 0, "drop", "x"]]);
    add(queue);
    queue.save();
    queue.renumber();
  };
  class Dying extends MemoryStorage {
    left = Infinity;
    #step() {
      if (this.left-- <= 0) throw new Error("the browser died");
    }
    setItem(key, text) {
      if (this.left > 0) super.setItem(key, text);
      this.#step();
    }
    removeItem(key) {
      if (this.left > 0) super.removeItem(key);
      this.#step();
    }
  }
  const dry = new Dying();
  script(open(dry));
  let points = 0;
  for (let left = 0; left <= dry.writes + 3; left++, points++) {
    const storage = new Dying();
    storage.left = left;
    script(open(storage)); // the store swallows errors, so the rest of the script runs on memory
    storage.left = Infinity;
    const again = open(storage);
    check(again);
    assert.equal(new Set(uuids(again)).size, again.events, `after ${left} writes`);
    assert.equal(again.ledger.expired, 0, `after ${left} writes`);
  }
  assert.ok(points > 10);
});

test("a hole in the stored seqs renumbers, since the seq it lost can never be sent", () => {
  const storage = new MemoryStorage();
  const queue = open(storage);
  const first = add(queue);
  assignAll(queue);
  const second = add(queue);
  assignAll(queue);
  storage.removeItem(`q:p:${first}`);
  const again = open(storage);
  assert.deepEqual([again.epoch, again.assigned, again.ledger.expired], [2, 0, 1]);
  assert.deepEqual(uuids(again), [second]);
  check(again);
});

test("damaged chunks are removed and counted as expired", () => {
  const storage = new MemoryStorage();
  const queue = open(storage);
  const uuid = add(queue);
  queue.save();
  for (const text of ["{", "null", '{"e":1,"s":0,"v":7}', '{"e":1,"s":0,"v":[null,5]}']) {
    storage.setItem(`q:p:${uuid}`, text);
    const told = [];
    const again = open(storage, { maxEvents: 9, maxBytes: 999, dropped: (...drop) => told.push(drop) });
    assert.deepEqual([again.events, again.ledger.expired, told], [0, 1, [[1, "lost"]]], text);
    assert.equal(storage.getItem(`q:p:${uuid}`), null);
    check(again);
  }
});
