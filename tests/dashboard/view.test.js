import assert from "node:assert/strict";
import { test } from "node:test";

import { View, dimKey } from "../../gateway/dashboard/view.js";

const row = (start, value, { end = start + 1_000, dims = {}, kind = "partial", rev = 0 } = {}) => ({ dims, start, end, value, kind, rev });
const snapshot = (rows, { epoch = "e1", offset = 10, watermark = 0, ...rest } = {}) =>
  ({ type: "snapshot", id: 1, epoch, offset, watermark, meta: { name: "k" }, rows, ...rest });
const delta = (prev, offset, set = [], { del = [], watermark = null } = {}) => ({ type: "delta", id: 1, prev, offset, watermark, set, del });
const values = (view) => view.frames.flatMap((frame) => [...frame.rows.values()].map(({ value }) => value));

function opened(rows = [row(0, 1)]) {
  const view = new View(300_000);
  assert.equal(view.apply(snapshot(rows)), "changed");
  return view;
}

test("a dim key does not depend on the order of names and tells types apart", () => {
  assert.equal(dimKey({ a: 1, b: null }), dimKey({ b: null, a: 1 }));
  const keys = [{ a: 1 }, { a: "1" }, { a: null }, { a: "null" }, { a: true }, {}].map(dimKey);
  assert.equal(new Set(keys).size, keys.length);
});

test("a snapshot replaces everything and sets the place to resume from", () => {
  const view = opened([row(0, 1), row(1_000, 2)]);
  view.apply(snapshot([row(5_000, 9)], { epoch: "e2", offset: 3 }));
  assert.deepEqual(values(view), [9]);
  assert.deepEqual(view.from, { epoch: "e2", offset: 3 });
});

test("a row with the same identity replaces the one before; a repeated row is harmless", () => {
  const view = opened();
  assert.equal(view.apply(delta(10, 11, [row(0, 5), row(0, 5)])), "changed");
  assert.deepEqual([values(view), view.size, view.from.offset], [[5], 1, 11]);
});

test("a conflated delta may jump", () => {
  const view = opened();
  assert.equal(view.apply(delta(10, 47, [row(0, 8)])), "changed");
  assert.equal(view.from.offset, 47);
});

test("a hole is answered by one resync and not applied; the snapshot ends it", () => {
  const view = opened();
  assert.equal(view.apply(delta(11, 12, [row(0, 99)])), "resync");
  assert.equal(view.from, null);
  assert.equal(view.apply(delta(12, 13, [row(0, 100)])), "waiting");
  assert.deepEqual(values(view), [1]);
  view.apply(snapshot([row(0, 100)], { offset: 13 }));
  assert.equal(view.apply(delta(13, 14, [row(0, 101)])), "changed");
  assert.deepEqual(values(view), [101]);
});

test("a delta before any snapshot is a hole", () => {
  assert.equal(new View(1_000).apply(delta(0, 1)), "resync");
});

test("an empty delta at the head moves only the watermark", () => {
  const view = opened();
  assert.equal(view.apply(delta(10, 10, [], { watermark: 77 })), "changed");
  assert.deepEqual([view.watermark, values(view)], [77, [1]]);
});

test("a delta without a watermark keeps the one before", () => {
  const view = opened();
  view.apply(delta(10, 11, [], { watermark: 500 }));
  view.apply(delta(11, 12));
  assert.equal(view.watermark, 500);
});

test("`del` and retractions take rows away, and empty windows with them", () => {
  const de = { country: "DE" };
  const view = opened([row(0, 1, { dims: de }), row(0, 2), row(1_000, 3)]);
  view.apply(delta(10, 11, [{ ...row(1_000, null), kind: "retract", rev: 1 }], { del: [[de, 0], [{ country: "FR" }, 0], [null, 0]] }));
  assert.deepEqual(values(view), [2]);
  assert.equal(view.frames.length, 1);
});

test("a row whose end moved leaves its former window", () => {
  const view = opened([row(0, 1, { end: 1_000 })]);
  view.apply(delta(10, 11, [row(0, 2, { end: 3_000 })]));
  assert.deepEqual(view.frames.map(({ start, end }) => [start, end]), [[0, 3_000]]);
});

test("cumulative rows share their start and differ by their end", () => {
  const view = new View(300_000, true);
  view.apply(snapshot([row(0, 1, { end: 60_000 }), row(0, 2, { end: 120_000 })]));
  assert.deepEqual(values(view), [1, 2]);
  view.apply(delta(10, 11, [], { del: [[{}, 0, 60_000]] }));
  assert.deepEqual(values(view), [2]);
  view.apply(delta(11, 12, [row(0, 3, { end: 180_000 })], { del: [[{}, 0]] }));
  assert.deepEqual(values(view), [], "a deletion without an end takes every step");
});

test("a snapshot in parts counts when all have come, in any order, with the deltas between them", () => {
  const view = opened();
  assert.equal(view.apply(snapshot([row(2_000, 3)], { offset: 20, part: 2, parts: 2 })), "waiting");
  assert.equal(view.from, null);
  assert.equal(view.apply(delta(20, 21, [row(2_000, 4)])), "waiting");
  assert.deepEqual(values(view), [1]);
  assert.equal(view.apply(snapshot([row(1_000, 2)], { offset: 20, part: 1, parts: 2 })), "changed");
  assert.deepEqual([values(view), view.from.offset], [[2, 4], 21]);
});

test("parts of an older snapshot are not mixed into a newer one", () => {
  const view = opened();
  view.apply(snapshot([row(0, 50)], { offset: 20, part: 1, parts: 2 }));
  view.apply(snapshot([row(0, 60)], { offset: 21, part: 1, parts: 2 }));
  view.apply(snapshot([row(1_000, 61)], { offset: 21, part: 2, parts: 2 }));
  assert.deepEqual(values(view), [60, 61]);
  view.apply(snapshot([row(0, 70)], { offset: 22, part: 1, parts: 2 }));
  view.apply(snapshot([row(0, 80)], { offset: 23 }));
  assert.deepEqual(values(view), [80]);
});

test("a lost socket forgets half a snapshot and an unanswered resync, but no complete rows", () => {
  const view = opened();
  view.disconnected();
  assert.deepEqual(view.from, { epoch: "e1", offset: 10 });
  view.apply(delta(12, 13));
  view.disconnected();
  assert.equal(view.from, null);
  assert.deepEqual(values(view), [1]);
});

test("rows older than the history are forgotten as the watermark moves", () => {
  const view = new View(10_000);
  let offset = 10;
  view.apply(snapshot([]));
  for (let at = 0; at < 100_000; at += 1_000) view.apply(delta(offset, ++offset, [row(at, at)], { watermark: at }));
  assert.equal(view.frames[0].end, 89_000);
  assert.equal(view.size, view.frames.length);
});

test("any sequence of deltas ends in the rows of a plain map", () => {
  let state = 42;
  const random = (n) => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % n;
  const view = opened([]);
  const model = new Map();
  for (let offset = 10; offset < 2_010; offset++) {
    const dims = { country: ["DE", "FR", null][random(3)] };
    const start = random(20) * 1_000;
    const name = `${dims.country}@${start}`;
    if (random(4) === 0) {
      view.apply(delta(offset, offset + 1, [], { del: [[dims, start]] }));
      model.delete(name);
    } else {
      view.apply(delta(offset, offset + 1, [row(start, offset, { dims })]));
      model.set(name, offset);
    }
  }
  const held = view.frames.flatMap((frame) => [...frame.rows.values()].map((r) => [`${r.dims.country}@${r.start}`, r.value]));
  assert.deepEqual(new Map(held), model);
  assert.deepEqual(view.frames.map(({ end }) => end), view.frames.map(({ end }) => end).sort((a, b) => a - b));
});

test("a view that holds much more windows than it began with is worth asking for anew", () => {
  const view = opened(Array.from({ length: 2_000 }, (_, i) => row(i * 1_000, i)));
  view.lastMs = Infinity;
  assert.equal(view.crowded, false);
  const more = (from, to) => Array.from({ length: to - from }, (_, i) => row((from + i) * 1_000, i));
  view.apply(delta(10, 11, more(2_000, 4_000)));
  assert.equal(view.crowded, false);
  view.apply(delta(11, 12, more(4_000, 4_001)));
  assert.equal(view.crowded, true);
  view.apply(snapshot(more(0, 4_500)));
  assert.equal(view.crowded, false);
});

test("a view holds only so many rows: the oldest windows go", () => {
  const view = new View(Infinity);
  const rows = (from, to) => Array.from({ length: to - from }, (_, i) => row((from + i) * 1_000, i));
  view.apply(snapshot(rows(0, 100_000)));
  view.apply(delta(10, 11, rows(100_000, 100_300), { watermark: 5 }));
  assert.equal(view.size, 100_000);
  assert.equal(view.frames[0].start, 300_000);
});
