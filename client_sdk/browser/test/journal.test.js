import assert from "node:assert/strict";
import { test } from "node:test";

import { Journal, journalPrefix } from "../src/journal.js";
import { Queue } from "../src/queue.js";
import { Store } from "../src/store.js";
import { CAPS, check, uuids } from "./queues.js";
import { MemoryStorage } from "./storage.js";

let made = 0;

function begin(config = {}) {
  const storage = new MemoryStorage();
  const told = [];
  const emit = (name, value) => told.push([name, value]);
  const store = new Store().attach(() => storage);
  const journal = new Journal({ store, name: "t", around: { config, emit }, makeId: () => `j${++made}` });
  return { storage, told, store, journal, read: () => new Queue(store, journalPrefix("t"), journal.id, CAPS) };
}

function take(journal, n = 1) {
  return Array.from({ length: n }, () => {
    const uuid = `u${String(++made).padStart(8, "0")}`;
    const text = JSON.stringify({ event: "a", uuid });
    journal.take({ uuid, encoded: { text, bytes: text.length }, at: 0 });
    return uuid;
  });
}

test("what it stores is a queue that the next page can read, with a window", () => {
  const { journal, read } = begin();
  const all = take(journal, 120);
  journal.save();
  const queue = read();
  assert.deepEqual(uuids(queue), all);
  assert.deepEqual([queue.assigned, queue.ledger.sent, queue.chunks.length], [0, 120, 3]);
  assert.equal(JSON.parse(queue.chunks[0].texts[0]).window_id, journal.id);
  check(queue);
});

test("the first chunk is stored as seq 1 before it is sent, and never changes after", () => {
  const { journal, read } = begin();
  const first = take(journal, 3);
  const texts = journal.seal();
  const later = take(journal, 2);
  journal.save();
  assert.deepEqual(journal.seal(), texts);
  const queue = read();
  assert.deepEqual(
    queue.chunks.map(({ seq }) => seq),
    [1, 0],
  );
  assert.deepEqual(queue.chunks[0].texts, texts);
  assert.deepEqual(uuids(queue), [...first, ...later]);
});

test("beyond the cap the oldest chunk that was not sent goes, and is counted and told", () => {
  const { journal, read, told } = begin({ maxEvents: 100 });
  const sent = take(journal, 50);
  journal.seal();
  take(journal, 50);
  const newest = take(journal, 1);
  journal.save();
  assert.deepEqual(uuids(read()), [...sent, ...newest]);
  assert.deepEqual(told, [["drop", { events: 50, reason: "full" }]]);
  assert.deepEqual(journal.balance(), { sent: 101, accepted: 0, duplicate: 0, rejected: 0, expired: 50, pending: 51 });
});

test("taking one event does not look at those that wait: while consent is pending they can be many", () => {
  const { journal } = begin();
  let looks = 0;
  const encoded = { text: "{}", get bytes() { return ++looks; } };
  for (let i = 0; i < 500; i++) journal.take({ uuid: `u${i}`, encoded, at: 0 });
  assert.ok(looks <= 1_000, `${looks} looks`);
});

test("bytes are capped like events, and counted again when some have gone", () => {
  const { journal, told } = begin({ maxBytes: 50 * 38 });
  take(journal, 99);
  assert.deepEqual(told, [["drop", { events: 50, reason: "full" }]]);
  take(journal, 2);
  assert.equal(journal.balance().pending, 51);
});

test("an empty journal has nothing to seal, and a cleared one leaves nothing stored", () => {
  const { journal, storage } = begin();
  journal.save();
  assert.equal(journal.seal(), undefined);
  take(journal, 60);
  journal.save();
  journal.clear();
  assert.equal(storage.length, 0);
  assert.equal(journal.balance().pending, 0);
});
