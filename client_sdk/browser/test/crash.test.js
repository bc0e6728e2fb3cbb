import assert from "node:assert/strict";
import { test } from "node:test";

import { settle } from "../src/verdict.js";
import { add, assignAll, CAPS, check, open, uuids } from "./queues.js";
import { MemoryStorage } from "./storage.js";

/** Where an event is stored. */
const keyOf = ({ store }, uuid) => store.keys("q:p:").find((key) => store.get(key).includes(uuid));

/** A storage whose browser dies after so many writes. */
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

test("every point at which the browser may die leaves each event once and the books closed", () => {
  const script = (queue) => {
    for (let i = 0; i < 3; i++) add(queue);
    queue.save();
    queue.assign(queue.fresh(), queue.highest + 1);
    for (let i = 0; i < 2; i++) add(queue);
    queue.save();
    queue.seal();
    queue.assign(queue.fresh(), queue.highest + 1);
    settle(queue, 1, [[1, 0, "drop", "x"]]);
    add(queue);
    queue.save();
    queue.renumber();
  };
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

test("what was given up is in no batch, wherever the browser may die", () => {
  const script = (queue) => {
    const sent = [add(queue), add(queue)];
    assignAll(queue);
    for (let i = 0; i < 2; i++) add(queue);
    queue.save();
    queue.seal();
    add(queue); // no room: the second two go
    queue.save();
    for (let i = 0; i < 2; i++) add(queue); // and now the third with these, which were never stored
    queue.save();
    return sent;
  };
  const caps = { ...CAPS, maxEvents: 4 };
  const dry = new Dying();
  script(open(dry, caps));
  for (let left = 0; left <= dry.writes + 3; left++) {
    const storage = new Dying();
    storage.left = left;
    const sent = script(open(storage, caps));
    storage.left = Infinity;
    const again = open(storage, caps);
    check(again);
    const [batch] = again.assigned();
    if (batch) assert.deepEqual(batch.entries.map(({ uuid }) => uuid), sent, `after ${left} writes`);
    assert.ok(again.ledger.sent <= 7, `after ${left} writes: ${again.ledger.sent}`);
  }
});

test("random steps with deaths: what was sent under a seq is that seq, what was acked does not come back", () => {
  let state = 7;
  const random = (n) => (state = (state * 48_271) % 2_147_483_647) % n;
  let deaths = 0;
  for (let round = 0; round < 200; round++) {
    const storage = new Dying();
    const caps = { ...CAPS, maxEvents: 3 + random(80), maxBytes: 500 + random(60_000) };
    /** Uuids by epoch and seq. */
    const sent = new Map();
    const acked = new Set();
    let queue = open(storage, caps);
    const remember = () => {
      for (const { seq, entries } of queue.assigned()) {
        const [key, all] = [`${queue.epoch}:${seq}`, entries.map(({ uuid }) => uuid).join(" ")];
        assert.equal(sent.get(key) ?? all, all, `round ${round}, ${key}`);
        sent.set(key, all);
      }
    };
    const steps = [
      () => add(queue, 40 + random(900)),
      () => add(queue, 40 + random(9_000)),
      () => queue.save(),
      () => queue.fresh() && queue.assign(queue.fresh(), queue.highest + 1),
      () => queue.next(queue.highest, 200 + random(3_000), 1 + random(10)),
      () => settle(queue, queue.acked + 1 + random(2), []),
      () => random(5) === 0 && queue.renumber(),
    ];
    for (let life = 0; life < 5; life++) {
      storage.left = random(120);
      for (let i = 0; i < 60 && storage.left > 0; i++) {
        const [held, upto] = [queue.chunks.map(({ entries }) => entries), queue.acked];
        steps[random(steps.length)]();
        check(queue);
        if (storage.left <= 0) continue; // nothing of this step was sent or heard
        remember();
        for (const { uuid } of held.slice(0, Math.max(0, queue.acked - upto)).flat()) acked.add(uuid);
      }
      deaths += Number(storage.left <= 0);
      storage.left = Infinity;
      queue = open(storage, caps);
      check(queue);
      remember();
      assert.equal(new Set(uuids(queue)).size, queue.events);
      assert.deepEqual(uuids(queue).filter((uuid) => acked.has(uuid)), [], `round ${round}`);
    }
  }
  assert.ok(deaths > 100);
});

test("a hole in the stored seqs renumbers, since the seq it lost can never be sent", () => {
  const storage = new MemoryStorage();
  const queue = open(storage);
  const first = add(queue);
  assignAll(queue);
  const second = add(queue);
  assignAll(queue);
  storage.removeItem(keyOf(queue, first));
  const again = open(storage);
  assert.deepEqual([again.epoch, again.highest, again.ledger.expired], [2, 0, 1]);
  assert.deepEqual(uuids(again), [second]);
  check(again);
});

test("damaged events are removed and counted as expired", () => {
  const storage = new MemoryStorage();
  const queue = open(storage);
  const uuid = add(queue);
  queue.save();
  const key = keyOf(queue, uuid);
  for (const text of ["{", "null", "7", "{}", '{"uuid":5}']) {
    storage.setItem(key, text);
    const told = [];
    const again = open(storage, { ...CAPS, dropped: (...drop) => told.push(drop) });
    assert.deepEqual([again.events, again.ledger.expired, told], [0, 1, [[1, "lost"]]], text);
    assert.equal(storage.getItem(key), null);
    check(again);
  }
});

test("a page whose library makes text of arrays in JSON keeps its seqs", () => {
  const storage = new MemoryStorage();
  const queue = open(storage);
  add(queue);
  Array.prototype.toJSON = function () {
    return `[${this.join(", ")}]`;
  };
  try {
    assignAll(queue);
  } finally {
    delete Array.prototype.toJSON;
  }
  add(queue);
  queue.save();
  assert.deepEqual(
    open(storage).chunks.map(({ seq }) => seq),
    [1, undefined],
  );
});

test("a damaged head, and keys that are none of ours, hold up no event", () => {
  for (const head of ["{", "null", '{"cuts":5}', '{"cuts":["x",null]}', '{"epoch":-1,"acked":"x","cuts":{},"ledger":7}']) {
    const storage = new MemoryStorage();
    const queue = open(storage);
    const all = [add(queue), add(queue)];
    assignAll(queue);
    storage.setItem("q:p", head);
    storage.setItem("q:p:odd", '{"uuid":"odd"}');
    const again = open(storage);
    assert.deepEqual([uuids(again), storage.getItem("q:p:odd")], [all, null], head);
    all.push(add(again));
    again.save();
    assert.deepEqual(uuids(open(storage)), all, head);
    check(again);
  }
});
