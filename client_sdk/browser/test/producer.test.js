import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { SDK, WALL, ack, books, capture, connect, drops, poll, producer, reload, reset, sent, seqs, welcome } from "./line.js";

beforeEach(reset);

test("nothing is sent before welcome", () => {
  capture(60);
  producer.hello("wk", SDK, {});
  assert.deepEqual(poll(10_000), { frames: [], wake: Infinity });
});

test("a batch waits for flush_ms, and a full one does not", () => {
  connect(undefined, { flush_ms: 700 });
  capture(1, { now: 100 });
  assert.deepEqual(poll(100), { frames: [], wake: 800 });
  assert.deepEqual(seqs(800), [1]);
  capture(50, { now: 900 });
  assert.deepEqual(seqs(900), [2]);
});

test("columns go to a server that reads them, where they are shorter; rows to any other", () => {
  connect(undefined, { formats: ["rows", "columns"] });
  capture(20);
  const [wide] = poll(1_000).frames;
  assert.deepEqual([wide.type, wide.n, wide.event], ["columns", 20, { d: ["a"], i: Array(20).fill(0) }]);
  producer.closed();
  connect({ known: false, last_seq: 0 });
  const [rows] = poll(1_000).frames;
  assert.deepEqual([rows.type, rows.events.map(({ uuid }) => uuid)], ["batch", wide.uuid]);
  producer.closed();
  connect({ known: true, last_seq: 1 }, { formats: ["rows", "columns"] });
  capture(1);
  assert.equal(poll(1_000).frames[0].type, "batch");
});

test("no columns where a library of the page makes text of arrays", (t) => {
  const arrays = /** @type {any} */ (Array.prototype);
  t.after(() => delete arrays.toJSON);
  arrays.toJSON = function () {
    return `[${this.join()}]`;
  };
  connect(undefined, { formats: ["rows", "columns"] });
  capture(20);
  const [{ type, events }] = poll(1_000).frames;
  assert.deepEqual([type, events.length], ["batch", 20]);
});

test("a batch says how many wait behind it", () => {
  connect();
  capture(120);
  assert.deepEqual(
    poll(1_000).frames.map(({ seq, sent_at, backlog }) => [seq, sent_at, backlog]),
    [
      [1, WALL, 2],
      [2, WALL, 1],
      [3, WALL, 0],
    ],
  );
});

test("no seq goes beyond the window, and the window never shrinks", () => {
  connect();
  capture(500);
  assert.deepEqual(seqs(0), [1, 2, 3, 4]);
  ack(1);
  assert.deepEqual(seqs(0), [5]);
  ack(1, { credit: { max_seq: 3, max_bytes: 10 } });
  ack(2);
  assert.deepEqual(seqs(0), [6]);
});

test("the bytes of all batch frames since welcome stay within credit, counted in UTF-8", () => {
  connect({ known: false, last_seq: 0 }, { credit: { max_seq: 9, max_bytes: 60_000 } });
  for (let i = 0; i < 150; i++) {
    const text = JSON.stringify({ event: "漢", uuid: `u${i}`, pad: "é".repeat(200) });
    producer.queue.add({ uuid: `u${i}`, text, bytes: Buffer.byteLength(text), at: 0 });
  }
  producer.queue.seal();
  const bytes = producer.poll(0, WALL).frames.reduce((sum, frame) => sum + Buffer.byteLength(frame), 0);
  assert.ok(bytes > 40_000 && bytes <= 60_000, String(bytes));
});

test("a resent batch costs credit again", () => {
  connect({ known: false, last_seq: 0 }, { credit: { max_seq: 9, max_bytes: 3_500 } });
  capture(50);
  assert.deepEqual(seqs(0), [1]);
  producer.receive({ type: "nack", want: 1 }, 0, WALL);
  assert.deepEqual(seqs(0), []);
  producer.receive({ type: "ack", seq: 0, credit: { max_seq: 9, max_bytes: 50_000 } }, 0, WALL);
  assert.deepEqual(seqs(0), [1]);
});

test("what the limits would have cut waits for a window that is used up, and is not given up for it", () => {
  const limits = { max_frame: 2_000, max_events: 20 };
  connect({ known: false, last_seq: 0 }, { limits, credit: { max_seq: 9, max_bytes: 100 } });
  capture(50);
  assert.deepEqual([seqs(0), books().pending, drops], [[], 50, []]);
  ack(0);
  assert.equal(sent(poll(0).frames).length, 50);
});

test("with nothing under way a batch larger than the window is cut to fit it", () => {
  connect({ known: false, last_seq: 0 }, { credit: { max_seq: 4, max_bytes: 2_000 } });
  capture(50);
  const { frames } = poll(0);
  assert.equal(frames.length, 1);
  assert.ok(frames[0].events.length > 5 && frames[0].events.length < 50);
});

test("no more frames than asked for are given out, and what is due stays due", () => {
  connect();
  capture(120);
  assert.deepEqual(producer.poll(1_000, WALL, 0), { frames: [], wake: 0 });
  const { frames, wake } = producer.poll(1_000, WALL, 1);
  assert.deepEqual([frames.length, wake], [1, 0]);
  assert.deepEqual(seqs(1_000), [2, 3]);
});

test("without credit there is nothing to wake up for", () => {
  connect(undefined, { credit: { max_seq: 1, max_bytes: 1 << 20 } });
  capture(120);
  assert.deepEqual(seqs(0), [1]);
  assert.equal(producer.poll(0, WALL, 0).wake, Infinity);
});

test("batches obey the server's limits of events and bytes", () => {
  connect(
    { known: false, last_seq: 0 },
    { limits: { max_frame: 2_000, max_events: 20 }, credit: { max_seq: 99, max_bytes: 1 << 20 } },
  );
  capture(45);
  capture(10, { size: 300 });
  const frames = producer.poll(1_000, WALL).frames;
  assert.ok(frames.every((frame) => frame.length <= 2_000 && JSON.parse(frame).events.length <= 20));
  assert.equal(frames.flatMap((frame) => JSON.parse(frame).events).length, 55);
});

test("an event larger than a frame is rejected and does not block the rest", () => {
  connect({ known: false, last_seq: 0 }, { limits: { max_frame: 2_000, max_events: 500 } });
  capture(1, { size: 3_000 });
  capture(1);
  assert.equal(poll(1_000).frames.length, 1);
  assert.deepEqual([books().rejected, books().pending], [1, 1]);
  assert.deepEqual(drops, [[1, "too_large"]]);
});

test("limits that would let nothing through are not taken for limits", () => {
  for (const limits of [{ max_frame: 0, max_events: 0 }, { max_frame: 1, max_events: 1 }]) {
    connect({ known: false, last_seq: 0 }, { limits });
    capture(2);
    assert.ok(poll(1_000).frames.length > 0);
    assert.deepEqual([books().rejected, drops], [0, []]);
    reset();
  }
});

test("assigned batches that the server's limits forbid are cut under a new epoch", () => {
  connect();
  capture(50);
  poll(0);
  const { work } = connect({ known: false, last_seq: 0 }, { limits: { max_frame: 262_144, max_events: 10 } });
  assert.ok(work.reconnect);
  connect({ known: false, last_seq: 0 }, { limits: { max_frame: 262_144, max_events: 10 } });
  assert.deepEqual(
    poll(0).frames.map((frame) => frame.events.length),
    [10, 10, 10, 10],
  );
});

test("an ack is cumulative and moves the books; verdicts are told", () => {
  connect();
  capture(100);
  poll(0);
  const { events } = ack(2, {
    verdicts: [
      [1, 0, "duplicate", "uuid"],
      [2, 49, "drop", "late"],
      [2, 0, "warn", "clamped"],
    ],
  });
  assert.deepEqual(books(), { sent: 100, accepted: 98, duplicate: 1, rejected: 1, expired: 0, pending: 0 });
  assert.deepEqual(events, [
    ["verdict", { event: "a", uuid: "u0001", outcome: "duplicate", reason: "uuid" }],
    ["verdict", { event: "a", uuid: "u0100", outcome: "drop", reason: "late" }],
    ["ack", { seq: 2 }],
  ]);
});

test("a hold lasts for wait_ms and then the window is the law again", () => {
  connect();
  capture(50);
  producer.receive({ type: "ack", seq: 0, credit: {}, level: 3, flush_ms: 500, wait_ms: 1_500 }, 100, WALL);
  assert.deepEqual(poll(1_599), { frames: [], wake: 1_600 });
  assert.deepEqual(seqs(1_600), [1]);
});

test("flush_ms of an ack sets the pace", () => {
  connect();
  ack(0, { level: 1, flush_ms: 2_000 });
  capture(1, { now: 10 });
  assert.equal(poll(1_000).wake, 2_010);
});

test("a nack rewinds to the wanted batch", () => {
  connect();
  capture(150);
  assert.deepEqual(seqs(0), [1, 2, 3]);
  producer.receive({ type: "nack", want: 2 }, 0, WALL);
  assert.deepEqual(seqs(0), [2, 3]);
});

test("a nack for what was acked means the server lost it: new epoch, same uuids", () => {
  connect();
  capture(100);
  poll(0);
  ack(1);
  const work = producer.receive({ type: "nack", want: 1 }, 0, WALL);
  assert.ok(work.reconnect);
  const { hello } = connect();
  assert.deepEqual(hello.producer, { id: "p", epoch: 2, next_seq: 1 });
  assert.deepEqual(
    sent(poll(0).frames),
    Array.from({ length: 50 }, (_, i) => `u${String(i + 51).padStart(4, "0")}`),
  );
});

test("a warning about credit rewinds the batch that was not applied, and waits", () => {
  connect();
  capture(100);
  poll(0);
  const { events } = producer.receive({ type: "warn", code: "over_credit", seq: 2 }, 0, WALL);
  assert.equal(events[0][0], "warn");
  assert.deepEqual(poll(500), { frames: [], wake: 1_000 });
  assert.deepEqual(seqs(1_000), [2]);
});

test("a ping is answered with its own time and the client's clock", () => {
  const { send } = producer.receive({ type: "ping", now: 17 }, 0, WALL);
  assert.deepEqual(send, [`{"type":"pong","now":17,"sent":${WALL}}`]);
});

test("messages out of place or out of shape change nothing", () => {
  capture(50);
  for (const type of ["ack", "nack", "later"]) producer.receive({ type, seq: 1, want: 1 }, 0, WALL);
  connect();
  poll(0);
  for (const seq of [-1, "1", null, 1e400, {}]) {
    producer.receive(
      { type: "ack", seq, credit: "much", level: {}, flush_ms: null, wait_ms: -5, verdicts: "x" },
      0,
      WALL,
    );
  }
  producer.receive(welcome({ known: true, last_seq: 1 }), 0, WALL);
  assert.deepEqual(books(), { sent: 50, accepted: 0, duplicate: 0, rejected: 0, expired: 0, pending: 50 });
  assert.ok(producer.ready);
});
