import assert from "node:assert/strict";
import { test } from "node:test";

import { settle } from "../src/verdict.js";
import { add, assignAll, CAPS, check, open, uuids } from "./queues.js";
import { MemoryStorage } from "./storage.js";

test("a chunk is closed at 50 events or before 32 KiB", () => {
  const queue = open(new MemoryStorage());
  for (let i = 0; i < 51; i++) add(queue);
  assert.deepEqual(
    queue.chunks.map((chunk) => [chunk.entries.length, chunk.sealed]),
    [
      [50, true],
      [1, false],
    ],
  );
  for (let i = 0; i < 4; i++) add(queue, 10_000);
  assert.deepEqual(
    queue.chunks.map((chunk) => chunk.entries.length),
    [50, 4, 1],
  );
  assert.ok(queue.chunks.every((chunk) => chunk.bytes <= 32_768));
  check(queue);
});

test("what was saved is there after a reload, in order, seqs included", () => {
  const storage = new MemoryStorage();
  const queue = open(storage);
  const all = [];
  for (let i = 0; i < 60; i++) all.push(add(queue));
  queue.assign(queue.fresh(), queue.highest + 1);
  queue.save();
  const again = open(storage);
  assert.deepEqual(uuids(again), all);
  assert.deepEqual(
    again.chunks.map((chunk) => chunk.seq),
    [1, undefined],
  );
  assert.deepEqual(again.ledger, queue.ledger);
  check(again);
});

test("a chunk is in the store with its seq before assign returns", () => {
  const storage = new MemoryStorage();
  const queue = open(storage);
  const uuid = add(queue);
  queue.assign(queue.fresh(), 1);
  const again = open(storage);
  assert.deepEqual([again.bySeq(1).entries[0].uuid, again.highest], [uuid, 1]);
});

test("beyond the cap the oldest fresh chunk goes and is counted, never one that may be under way", () => {
  const queue = open(new MemoryStorage(), { ...CAPS, maxEvents: 120 });
  for (let i = 0; i < 50; i++) add(queue);
  queue.assign(queue.fresh(), queue.highest + 1);
  for (let i = 0; i < 71; i++) add(queue);
  assert.equal(queue.ledger.expired, 50);
  assert.deepEqual(
    queue.chunks.map((chunk) => [chunk.seq, chunk.entries.length]),
    [
      [1, 50],
      [undefined, 21],
    ],
  );
  check(queue);
});

test("bytes are capped like events", () => {
  const queue = open(new MemoryStorage(), { ...CAPS, maxBytes: 100_000 });
  for (let i = 0; i < 20; i++) add(queue, 10_000);
  assert.ok(queue.bytes <= 100_000);
  assert.ok(queue.ledger.expired > 0);
  check(queue);
});

test("when all that fits is under way, the new event is the one to go", () => {
  const queue = open(new MemoryStorage(), { ...CAPS, maxEvents: 2 });
  add(queue);
  add(queue);
  assignAll(queue);
  add(queue);
  assert.deepEqual(queue.balance(), {
    sent: 3,
    accepted: 0,
    duplicate: 0,
    rejected: 0,
    expired: 1,
    pending: 2,
  });
});

test("under a smaller cap than before, what may be under way stays, and every new event goes", () => {
  const storage = new MemoryStorage();
  const before = open(storage);
  const all = [add(before), add(before), add(before)];
  assignAll(before);
  const queue = open(storage, { ...CAPS, maxEvents: 2 });
  add(queue);
  queue.save();
  assert.deepEqual([uuids(queue), queue.ledger.expired], [all, 1]);
  check(queue);
});

test("a new epoch makes every chunk fresh, also after a crash right behind it", () => {
  const storage = new MemoryStorage();
  const queue = open(storage);
  const all = [add(queue), add(queue)];
  assignAll(queue);
  queue.renumber();
  for (const seen of [queue, open(storage)]) {
    assert.deepEqual([seen.epoch, seen.highest], [2, 0]);
    assert.deepEqual(uuids(seen), all);
    check(seen);
  }
});

test("a chunk is cut at events or bytes, one event at least, and the cut is stored with its seq", () => {
  const storage = new MemoryStorage();
  const queue = open(storage);
  const all = Array.from({ length: 10 }, () => add(queue, 1_000));
  queue.seal();
  queue.split(queue.fresh(), 3_500, 500);
  queue.split(queue.chunks[1], 1 << 20, 2);
  queue.split(queue.chunks[2], 10, 500);
  assert.deepEqual(
    queue.chunks.map((chunk) => chunk.entries.length),
    [3, 2, 1, 4],
  );
  check(queue);
  queue.split(queue.chunks[2], 10, 500); // of one event nothing can be cut
  assert.equal(queue.chunks.length, 4);
  for (let n = 0; n < 3; n++) queue.assign(queue.fresh(), n + 1);
  for (const seen of [queue, open(storage)]) {
    assert.deepEqual(uuids(seen), all);
    assert.deepEqual(
      seen.chunks.map(({ seq, entries }) => [seq, entries.length]),
      [
        [1, 3],
        [2, 2],
        [3, 1],
        [undefined, 4],
      ],
    );
    check(seen);
  }
});

test("random steps with reloads keep the invariants", () => {
  let state = 7;
  const random = (n) => (state = (state * 48_271) % 2_147_483_647) % n;
  const storage = new MemoryStorage();
  let queue = open(storage, { ...CAPS, maxEvents: 200, maxBytes: 60_000 });
  const reloads = { count: 0 };
  for (let step = 0; step < 3_000; step++) {
    const action = random(10);
    if (action < 5) for (let i = random(30); i >= 0; i--) add(queue, 40 + random(900));
    else if (action === 5) queue.seal();
    else if (action === 6 && queue.fresh()) queue.assign(queue.fresh(), queue.highest + 1);
    else if (action === 7) settle(queue, queue.acked + random(3), [[queue.acked + 1, random(4), "drop", "x"]]);
    else if (action === 8 && random(10) === 0) queue.renumber();
    else if (action === 9) {
      queue.save();
      const before = uuids(queue).sort();
      queue = open(storage, { ...CAPS, maxEvents: 200, maxBytes: 60_000 });
      assert.deepEqual(uuids(queue).sort(), before);
      reloads.count += 1;
    }
    check(queue);
  }
  assert.ok(reloads.count > 50 && queue.ledger.expired > 0 && queue.ledger.rejected > 0);
});

test("next hands out batches in order for ways without credit, stored first and cut to size", () => {
  const storage = new MemoryStorage();
  const queue = open(storage);
  for (let i = 0; i < 60; i++) add(queue, 140);
  const one = queue.next(0, 3_000);
  const two = queue.next(one.seq, 1 << 16);
  const three = queue.next(two.seq, 1 << 16);
  assert.deepEqual(
    [one, two, three].map((chunk) => chunk.seq),
    [1, 2, 3],
  );
  assert.ok(one.bytes <= 3_000);
  assert.equal(one.entries.length + two.entries.length + three.entries.length, 60);
  assert.equal(queue.next(three.seq, 1 << 16), undefined);
  assert.equal(open(storage).highest, 3);
  check(queue);
});

test("each event is stored by itself, under a key that sorts as it came", () => {
  const storage = new MemoryStorage();
  const queue = open(storage);
  const all = [];
  for (let i = 0; i < 21; i++) {
    all.push(add(queue));
    queue.save();
    assert.deepEqual(uuids(open(storage)), all);
  }
  assert.deepEqual(queue.store.keys("q:p:").map((key) => JSON.parse(queue.store.get(key)).uuid), all);
});

test("an event more costs a write of that event and one of the head, whatever waits", () => {
  const storage = new MemoryStorage();
  const queue = open(storage);
  for (let i = 0; i < 40; i++) {
    add(queue);
    queue.save();
  }
  assert.equal(storage.writes, 80);
  assert.ok(Math.max(...queue.store.keys("q:p").map((key) => queue.store.get(key).length)) < 200);
});

test("a place is never given twice, also when all that was there has gone", () => {
  const storage = new MemoryStorage();
  const queue = open(storage);
  add(queue);
  assignAll(queue);
  settle(queue, 1, []);
  const again = open(storage);
  assert.equal(again.place, queue.place);
  const uuid = add(again);
  again.save();
  assert.deepEqual(uuids(open(storage)), [uuid]);
});

test("what was begun before the oldest time is not loaded, and counted", () => {
  const storage = new MemoryStorage();
  const began = 1_795_334_400_000;
  const uuid = (time) => `${time.toString(16).padStart(12, "0").replace(/^.{8}/, "$&-")}-7000-8000-000000000000`;
  const queue = open(storage);
  for (const time of [began, began + 60_000]) {
    const text = JSON.stringify({ event: "a", uuid: uuid(time) });
    queue.add({ uuid: uuid(time), text, bytes: text.length, at: 0 });
    assignAll(queue);
  }
  const told = [];
  const dropped = (events, reason) => told.push([events, reason]);
  const again = open(storage, { ...CAPS, oldest: () => began + 1, dropped });
  assert.deepEqual(uuids(again), [uuid(began + 60_000)]);
  assert.deepEqual([again.epoch, again.highest, again.ledger.expired, told.length], [2, 0, 1, 1]);
  assert.deepEqual(told, [[1, "old"]]);
  assert.deepEqual(uuids(open(storage, { ...CAPS, oldest: () => began })), [uuid(began + 60_000)]);
  check(again);
});
