/** Queues with events in them, and what must hold of any queue at any time. */

import assert from "node:assert/strict";

import { Queue } from "../src/queue.js";
import { Store } from "../src/store.js";

export const CAPS = { maxEvents: 1_000, maxBytes: 1 << 20, oldest: () => 0, dropped: () => {} };
let made = 0;

export const open = (storage, caps = CAPS, id = "p") => new Queue(new Store().attach(() => storage), "q:", id, caps);

/** Adds one event of about `size` bytes; returns its uuid. */
export function add(queue, size = 40) {
  const uuid = `u${String(++made).padStart(8, "0")}`;
  const text = JSON.stringify({ event: "a", uuid, pad: "" }).replace('""', `"${"x".repeat(Math.max(0, size - 40))}"`);
  queue.add({ uuid, text, bytes: text.length, at: 0 });
  return uuid;
}

export const uuids = (queue) => queue.chunks.flatMap(({ entries }) => entries.map(({ uuid }) => uuid));

/** What must hold at any time. */
export function check(queue) {
  const { ledger, chunks } = queue;
  assert.equal(
    queue.events,
    chunks.reduce((sum, chunk) => sum + chunk.entries.length, 0),
  );
  assert.equal(
    queue.bytes,
    chunks.reduce((sum, chunk) => sum + chunk.entries.map(({ text }) => text).join("").length, 0),
  );
  assert.equal(ledger.sent, ledger.accepted + ledger.duplicate + ledger.rejected + ledger.expired + queue.events);
  const assigned = queue.assigned().length;
  chunks.forEach((chunk, i) => assert.equal(chunk.seq, i < assigned ? queue.acked + i + 1 : undefined));
  const places = chunks.flatMap(({ entries }) => entries.map(({ place }) => place));
  places.push(queue.place);
  assert.ok(places.every((place, i) => i === 0 || place > places[i - 1]));
  for (const { entries } of chunks) for (const { uuid, text } of entries) assert.equal(JSON.parse(text).uuid, uuid);
}

export function assignAll(queue) {
  queue.seal();
  while (queue.fresh()) queue.assign(queue.fresh(), queue.highest + 1);
}
