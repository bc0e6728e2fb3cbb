import assert from "node:assert/strict";
import { test } from "node:test";

import { Buckets } from "../../src/modules/buckets.js";

/** As JSON says it. @param {unknown} properties */
const plain = (properties) => JSON.parse(JSON.stringify(properties));

test("the first of a kind is told at once, its repetitions together", () => {
  const buckets = new Buckets();
  assert.deepEqual(plain(buckets.take("a", { m: "a" })), { m: "a", $exception_count: 1 });
  assert.equal(buckets.take("a", { m: "again" }), undefined);
  assert.equal(buckets.take("a", { m: "again" }), undefined);
  assert.deepEqual(plain(buckets.take("b", { m: "b" })), { m: "b", $exception_count: 1 });
  assert.deepEqual(buckets.flush(), [{ m: "a", $exception_count: 2 }]);
  assert.deepEqual(buckets.flush(), []);
  assert.deepEqual(plain(buckets.take("a", { m: "anew" })), { m: "anew", $exception_count: 1 });
});

test("new kinds are told as far as there is room, and the rest is counted with the next that is told", () => {
  const buckets = new Buckets();
  const told = Array.from({ length: 1_000 }, (_, i) => buckets.take(String(i), {})).filter(Boolean);
  assert.equal(told.length, 20);
  assert.deepEqual(buckets.flush(), []);
  assert.deepEqual(buckets.take("next", {}), { $exception_count: 1, $exception_suppressed: 980 });
  assert.deepEqual(plain(buckets.take("after", {})), { $exception_count: 1 });
});

test("every error is in some count", () => {
  const buckets = new Buckets();
  const told = [];
  for (let i = 0; i < 5_000; i++) {
    told.push(buckets.take(String((i * i) % 97), {}));
    if (i % 700 === 0) told.push(...buckets.flush());
  }
  told.push(...buckets.flush(), buckets.take("last", {}));
  const sum = (/** @type {string} */ name) => told.reduce((all, one) => all + Number(one?.[name] ?? 0), 0);
  assert.equal(sum("$exception_count") + sum("$exception_suppressed"), 5_001);
});
