import assert from "node:assert/strict";
import { test } from "node:test";

import { beganAt, beginChunk, cutPoint, encodeChunk, isFull, restoreChunk } from "../src/chunk.js";

const filled = (texts, seq = 0) => ({ ...beginChunk("k", 5), seq, texts, bytes: texts.join("").length });

test("a chunk is restored from its text, fresh when it is of another epoch", () => {
  const chunk = filled(['{"uuid":"é"}', '{"uuid":"b"}'], 7);
  const stored = JSON.parse(encodeChunk(chunk, 3));
  assert.deepEqual(restoreChunk("k", stored, 3), {
    key: "k",
    seq: 7,
    texts: chunk.texts,
    bytes: 25,
    since: 0,
    sealed: true,
    from: 0,
    pieces: [],
  });
  assert.equal(restoreChunk("k", stored, 4).seq, 0);
});

test("a chunk is full at 50 events or 32 KiB", () => {
  assert.ok(!isFull(filled(Array(49).fill("{}"))));
  assert.ok(isFull(filled(Array(50).fill("{}"))));
  assert.ok(isFull(filled(["x".repeat(32_768)])));
});

test("a cut leaves one event at least on either side", () => {
  const chunk = filled(["aaaa", "bbbb", "cccc"]);
  assert.deepEqual(cutPoint(chunk, 1, 500), { n: 1, bytes: 4 });
  assert.deepEqual(cutPoint(chunk, 8, 500), { n: 2, bytes: 8 });
  assert.deepEqual(cutPoint(chunk, 1_000, 500), { n: 2, bytes: 8 });
  assert.deepEqual(cutPoint(chunk, 1_000, 0), { n: 1, bytes: 4 });
  assert.deepEqual(cutPoint(filled(["aaaa"]), 1, 1), { n: 0, bytes: 0 });
});

test("a chunk tells from its key when it was begun", () => {
  assert.equal(beganAt({ key: "0193abcd-ef01-7abc-8def-0123456789ab" }), 0x0193abcdef01);
});
