import assert from "node:assert/strict";
import { test } from "node:test";

import { Interactions } from "../../src/modules/interactions.js";

/** @param {number[]} latencies of interactions one after the other */
function interactionsOf(latencies) {
  const interactions = new Interactions();
  for (const [i, latency] of latencies.entries()) interactions.add(1_000 + 7 * i, latency);
  return interactions;
}

test("without interactions there is no latency", () => {
  assert.equal(interactionsOf([]).typical(100), undefined);
});

test("of few interactions the slowest counts, and one less for each fifty", () => {
  const interactions = interactionsOf([50, 300, 100, 200]);
  assert.deepEqual([4, 49, 50, 100, 1_000].map((count) => interactions.typical(count)), [300, 300, 200, 100, 50]);
});

test("of the events of one interaction the slowest counts", () => {
  const interactions = new Interactions();
  for (const latency of [40, 90, 60]) interactions.add(7, latency);
  interactions.add(14, 80);
  assert.deepEqual([1, 50].map((count) => interactions.typical(count)), [90, 80]);
});

test("only the ten longest are kept, whatever comes behind them", () => {
  const interactions = interactionsOf(Array.from({ length: 1_000 }, (_, i) => i));
  assert.deepEqual([0, 450, 5_000].map((count) => interactions.typical(count)), [999, 990, 990]);
});

test("where the browser does not count interactions their ids say how many there were", () => {
  assert.equal(interactionsOf(Array.from({ length: 49 }, (_, i) => i)).typical(), 48);
  assert.equal(interactionsOf(Array.from({ length: 51 }, (_, i) => i)).typical(), 49);
});
