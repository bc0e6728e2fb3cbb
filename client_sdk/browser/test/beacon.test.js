import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { sendBeacons } from "../src/beacon.js";
import { post } from "../src/messages.js";
import { Producer } from "../src/producer.js";
import { Queue } from "../src/queue.js";
import { Store } from "../src/store.js";
import { CAPS } from "./queues.js";

let producer, sent;
const body = (seq, events) => post("wk", producer.identity, seq, 1_795_334_400_000, { distinct_id: "u" }, events);
const take = (text) => sent.push(JSON.parse(text)) > 0;

beforeEach(() => {
  sent = [];
  producer = new Producer(new Queue(new Store().attach(() => null), "q:", "p", CAPS));
});

function capture(n, size) {
  for (let i = 0; i < n; i++) {
    const text = JSON.stringify({ event: "a", uuid: `u${producer.queue.ledger.sent}`, pad: "é".repeat(size) });
    producer.queue.add({ uuid: JSON.parse(text).uuid, text, bytes: Buffer.byteLength(text), at: 0 });
  }
}

function known() {
  producer.hello("wk", {}, {});
  producer.receive({ type: "welcome", resume: { known: true, last_seq: 0 } }, 0, 0);
}

test("beacons together stay within 64 KiB, in order, the last one cut to what is left", () => {
  known();
  capture(150, 240);
  sendBeacons(producer.queue, body, take);
  const bytes = sent.reduce((sum, message) => sum + Buffer.byteLength(JSON.stringify(message)), 0);
  assert.deepEqual(
    sent.map((message) => message.seq),
    [1, 2, 3],
  );
  assert.ok(bytes > 60_000 && bytes <= 65_536, String(bytes));
  assert.deepEqual(
    sent.flatMap((m) => m.events.map((event) => event.uuid)),
    Array.from({ length: sent.flatMap((m) => m.events).length }, (_, i) => `u${i}`),
  );
});

test("what was sent stays pending: nobody hears the answer", () => {
  known();
  capture(3, 10);
  sendBeacons(producer.queue, body, take);
  assert.equal(producer.queue.events, 3);
  assert.equal(producer.queue.assigned().length, 1);
});

test("a batch under way is repeated under its own seq", () => {
  known();
  capture(60, 10);
  const [first, second] = [producer.queue.next(0, 1 << 16), producer.queue.next(1, 1 << 16)];
  sendBeacons(producer.queue, body, take);
  assert.deepEqual(
    sent.map((message) => [message.seq, message.events.length]),
    [
      [first.seq, 50],
      [second.seq, 10],
    ],
  );
});

test("when the browser takes no more, it ends there", () => {
  known();
  capture(120, 10);
  sendBeacons(producer.queue, body, (text) => take(text) && sent.length < 2);
  assert.equal(sent.length, 2);
  assert.equal(producer.queue.chunks.length, 3);
});

test("to a server that does not know us only the oldest batch goes", () => {
  capture(120, 10);
  sendBeacons(producer.queue, body, take);
  assert.deepEqual(
    sent.map((message) => message.seq),
    [1],
  );
});
