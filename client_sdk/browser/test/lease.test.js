import assert from "node:assert/strict";
import { after, mock, test } from "node:test";

import { acquire } from "../src/lease.js";
import { Store } from "../src/store.js";
import { FakeLocks } from "./locks.js";
import { MemoryStorage } from "./storage.js";

/** Node does not stay up for `AbortSignal.timeout` alone, as a page does. */
const awake = setInterval(() => {}, 60_000);
after(() => clearInterval(awake));

test("one holder at a time, and release lets the next one in", async () => {
  for (const locks of [new FakeLocks(), undefined]) {
    const parts = { locks, store: new Store().attach(() => new MemoryStorage()), wall: () => 1_000_000 };
    const lease = await acquire(parts, "n", 0);
    assert.equal(lease.certain, locks !== undefined);
    assert.equal(await acquire(parts, "n", 0), null);
    const other = await acquire(parts, "other", 0);
    other.release();
    lease.release();
    const next = await acquire(parts, "n", 60_000);
    assert.ok(next);
    next.release();
  }
});

test("with patience a lock is waited for", async () => {
  const parts = { locks: new FakeLocks(), store: new Store().attach(() => null), wall: () => 0 };
  const lease = await acquire(parts, "n", 0);
  const waiting = acquire(parts, "n", 60_000);
  lease.release();
  assert.ok(await waiting);
});

test("patience ends", async () => {
  const parts = { locks: new FakeLocks(), store: new Store().attach(() => null), wall: () => 0 };
  await acquire(parts, "n", 0);
  assert.equal(await acquire(parts, "n", 1), null);
});

test("a browser that has not looked while patience lasted is asked once more", async () => {
  const locks = new FakeLocks();
  const late = {
    request: (name, options, use) =>
      options.signal
        ? new Promise((_, reject) => options.signal.addEventListener("abort", () => reject(options.signal.reason)))
        : locks.request(name, options, use),
  };
  const parts = { locks: late, store: new Store().attach(() => null), wall: () => 0 };
  assert.ok(await acquire(parts, "n", 1));
  assert.equal(await acquire(parts, "n", 1), null);
});

test("a stored lease is renewed while its tab lives and lapses three minutes after it died", async () => {
  mock.timers.enable({ apis: ["setInterval"] });
  let now = 1_000_000;
  const storage = new MemoryStorage();
  const parts = { locks: undefined, store: new Store().attach(() => storage), wall: () => now };
  await acquire(parts, "n", 0);
  now += 170_000;
  mock.timers.tick(20_000);
  now += 170_000;
  assert.equal(await acquire(parts, "n", 0), null);
  now += 10_000;
  assert.ok(await acquire(parts, "n", 0));
  mock.timers.reset();
});

test("a lease from the future, left by a clock that was set back, does not hold", async () => {
  const store = new Store().attach(() => new MemoryStorage());
  store.set("n", "99999999999999");
  const lease = await acquire({ locks: undefined, store, wall: () => 1_000_000 }, "n", 0);
  assert.ok(lease);
  lease.release();
});
