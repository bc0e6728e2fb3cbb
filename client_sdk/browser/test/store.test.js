import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../src/store.js";
import { MemoryStorage } from "./storage.js";

test("what is set can be read, listed and removed", () => {
  const store = new Store().attach(() => new MemoryStorage());
  store.set("a:2", "two");
  store.set("a:1", "one");
  store.set("b", "x");
  assert.deepEqual(store.keys("a:"), ["a:1", "a:2"]);
  store.remove("a:1");
  assert.equal(store.get("a:1"), null);
  assert.equal(store.get("a:2"), "two");
});

test("blocked storage leaves everything in memory", () => {
  for (const open of [
    () => null,
    () => {
      throw new DOMException("denied", "SecurityError");
    },
  ]) {
    const store = new Store(open);
    store.set("a", "1");
    assert.equal(store.get("a"), "1");
    assert.deepEqual(store.keys(""), ["a"]);
  }
});

test("storage that can no longer be listed leaves what is in memory", () => {
  const fails = () => {
    throw new DOMException("corrupted");
  };
  const store = new Store().attach(() => new Proxy(new MemoryStorage(), { ownKeys: fails, get: fails }));
  store.set("a:1", "one");
  assert.deepEqual(store.keys("a:"), ["a:1"]);
});

test("full storage keeps the newest text in memory and stores again when there is room", () => {
  const storage = new MemoryStorage();
  const store = new Store().attach(() => storage);
  store.set("a", "old");
  storage.full = true;
  store.set("a", "new");
  assert.equal(store.get("a"), "new");
  storage.full = false;
  store.set("a", "newer");
  assert.equal(storage.getItem("a"), "newer");
});

test("damaged JSON reads as nothing", () => {
  const store = new Store().attach(() => new MemoryStorage());
  store.set("a", "{");
  assert.equal(store.json("a"), undefined);
  assert.equal(store.json("none"), null);
});

test("what was kept in memory goes into a storage that is attached later", () => {
  const storage = new MemoryStorage();
  storage.setItem("b", "old");
  const store = new Store();
  store.set("a", "1");
  assert.equal(store.get("b"), null);
  store.attach(() => storage);
  assert.equal(storage.getItem("a"), "1");
  assert.equal(store.get("b"), "old");
});
