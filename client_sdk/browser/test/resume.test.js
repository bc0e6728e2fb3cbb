import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { ack, books, capture, connect, poll, producer, reload, reset, sent, seqs } from "./line.js";

beforeEach(reset);

test("hello names the lowest seq that is not acked", () => {
  connect();
  capture(150);
  poll(0);
  ack(1);
  reload();
  assert.deepEqual(connect({ known: true, last_seq: 1 }).hello.producer, { id: "p", epoch: 1, next_seq: 2 });
});

test("a resume settles what the server has and resends the rest under the same seqs", () => {
  connect();
  capture(150);
  const first = poll(0).frames;
  reload();
  connect({ known: true, last_seq: 2 });
  assert.deepEqual(books(), { sent: 150, accepted: 100, duplicate: 0, rejected: 0, expired: 0, pending: 50 });
  assert.deepEqual(poll(0).frames, [{ ...first[2], backlog: 0 }]);
});

test("a server that never heard of us takes our first seq as its start", () => {
  capture(50);
  connect();
  poll(0);
  const { work } = connect({ known: false, last_seq: 0 });
  assert.ok(!work.reconnect && producer.ready);
  assert.deepEqual(seqs(0), [1]);
});

test("a server that forgot us after acks gets a new epoch with the same uuids", () => {
  connect();
  capture(100);
  const uuids = sent(poll(0).frames).slice(50);
  ack(1);
  const { work } = connect({ known: false, last_seq: 1 });
  assert.ok(work.reconnect && !producer.ready);
  reload();
  assert.equal(connect().hello.producer.epoch, 2);
  assert.deepEqual(sent(poll(0).frames), uuids);
});

test("a server ahead of all we gave out was fed by someone else: new epoch, or our batches would be swallowed", () => {
  capture(50);
  const { work } = connect({ known: true, last_seq: 7 });
  assert.ok(work.reconnect);
  assert.equal(books().accepted, 0);
});

test("a server behind what it acked gets a new epoch", () => {
  connect();
  capture(100);
  poll(0);
  ack(2);
  assert.ok(connect({ known: true, last_seq: 1 }).work.reconnect);
});
