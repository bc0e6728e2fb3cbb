import assert from "node:assert/strict";
import { test } from "node:test";

import { Journal, journalPrefix } from "../src/journal.js";
import { Queue } from "../src/queue.js";
import { Store } from "../src/store.js";
import { CAPS, check, uuids } from "./queues.js";
import { MemoryStorage } from "./storage.js";

let made = 0;

function begin(caps = {}) {
  const storage = new MemoryStorage();
  const told = [];
  const store = new Store().attach(() => storage);
  const journal = new Journal(store, journalPrefix("t"), `j${++made}`, { ...CAPS, ...caps, dropped: (...drop) => told.push(drop) });
  return { storage, told, store, journal, read: () => new Queue(store, journalPrefix("t"), journal.id, CAPS) };
}

function take(journal, n = 1) {
  return Array.from({ length: n }, () => {
    const uuid = `u${String(++made).padStart(8, "0")}`;
    const text = JSON.stringify({ event: "a", uuid });
    journal.add({ uuid, text, bytes: text.length, at: 0 });
    return uuid;
  });
}

test("what it stores is a queue that the next page can read", () => {
  const { journal, read } = begin();
  const all = take(journal, 120);
  journal.save();
  const queue = read();
  assert.deepEqual(uuids(queue), all);
  assert.deepEqual([queue.highest, queue.ledger.sent, queue.chunks.length], [0, 120, 3]);
  check(queue);
});

test("the first chunk is stored as seq 1 before it is sent, and never changes after", () => {
  const { journal, read } = begin();
  const first = take(journal, 3);
  journal.assign(journal.fresh(), 1);
  assert.deepEqual(uuids(read()), first);
  const later = take(journal, 2);
  journal.save();
  const queue = read();
  assert.deepEqual(
    queue.chunks.map(({ seq, entries }) => [seq, entries.length]),
    [
      [1, 3],
      [undefined, 2],
    ],
  );
  assert.deepEqual(uuids(queue), [...first, ...later]);
});

test("beyond the cap the oldest chunk that was not sent goes, and is counted and told", () => {
  const { journal, read, told } = begin({ maxEvents: 100 });
  const sent = take(journal, 50);
  journal.assign(journal.fresh(), 1);
  take(journal, 50);
  const newest = take(journal, 1);
  journal.save();
  assert.deepEqual(uuids(read()), [...sent, ...newest]);
  assert.deepEqual(told, [[50, "full"]]);
  assert.deepEqual(journal.balance(), { sent: 101, accepted: 0, duplicate: 0, rejected: 0, expired: 50, pending: 51 });
});

test("taking one event does not look at those that wait: while consent is pending they can be many", () => {
  const { journal } = begin();
  let looks = 0;
  for (let i = 0; i < 500; i++) {
    journal.add({ uuid: `u${i}`, text: "{}", bytes: 1, at: 0 });
    const { entries } = journal.chunks.at(-1);
    Object.defineProperty(entries.at(-1), "bytes", { get: () => ++looks });
  }
  assert.ok(looks <= 1_000, `${looks} looks`);
});

test("bytes are capped like events, and counted again when some have gone", () => {
  const { journal, told } = begin({ maxBytes: 50 * 38 });
  take(journal, 99);
  assert.deepEqual(told, [[50, "full"]]);
  take(journal, 2);
  assert.equal(journal.balance().pending, 51);
});

test("what has left leaves the store, and the books stay", () => {
  const { journal, store } = begin();
  assert.equal(journal.seal(), undefined);
  take(journal, 60);
  journal.save();
  journal.forget(journal.chunks.splice(0));
  assert.equal(store.keys(journalPrefix("t")).length, 1);
  assert.equal(journal.balance().pending, 0);
});

test("an event for which there is no room beside those under way is the one to go", () => {
  const { journal, read, told } = begin({ maxEvents: 2 });
  const sent = take(journal, 2);
  journal.assign(journal.fresh(), 1);
  take(journal);
  journal.save();
  assert.deepEqual([uuids(read()), told], [sent, [[1, "full"]]]);
});
