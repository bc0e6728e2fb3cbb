import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";

import { claim, claimNew, queuePrefix } from "../src/identity.js";
import { Store } from "../src/store.js";
import { FakeLocks } from "./locks.js";
import { MemoryStorage } from "./storage.js";

/** Node does not stay up for `AbortSignal.timeout` alone, as a page does. */
const awake = setInterval(() => {}, 60_000);
after(() => clearInterval(awake));

let store, parts, made;

beforeEach(() => {
  store = new Store().attach(() => new MemoryStorage());
  parts = { locks: new FakeLocks(), store, wall: () => 0 };
  made = 0;
});

const newTab = () => ({ store, tab: new Store().attach(() => new MemoryStorage()), name: "t" });
const makeId = () => `id${++made}`;
const stores = (id) => store.set(queuePrefix("t") + id, "{}");

test("a reloaded tab is the same producer in the same window", async () => {
  const places = newTab();
  const first = await claim(places, parts, makeId);
  stores(first.id);
  first.lease.release();
  const again = await claim(places, parts, makeId);
  assert.deepEqual([again.id, again.windowId], [first.id, first.windowId]);
});

test("a page waits for its predecessor to let go", async () => {
  const places = newTab();
  const first = await claim(places, parts, makeId);
  const again = claim(places, parts, makeId);
  first.lease.release();
  assert.equal((await again).id, first.id);
});

test("a duplicated tab is another producer in another window", async () => {
  const places = newTab();
  const first = await claim(places, parts, makeId);
  stores(first.id);
  const copy = await claim(places, parts, makeId);
  assert.notEqual(copy.id, first.id);
  assert.notEqual(copy.windowId, first.windowId);
  assert.deepEqual(copy.orphans, []);
});

test("a new tab takes over a closed tab's identity, and the others as orphans", async () => {
  stores("a");
  stores("b");
  store.set(`${queuePrefix("t")}b:chunk`, "{}");
  stores("c");
  void parts.locks.request("t:lease:c", {}, () => new Promise(() => {})); // this tab lives
  const claimed = await claim(newTab(), parts, makeId);
  assert.equal(claimed.id, "a");
  assert.deepEqual(
    claimed.orphans.map((orphan) => orphan.id),
    ["b"],
  );
});

test("two new tabs never get the same identity", async () => {
  stores("a");
  const claims = await Promise.all([claim(newTab(), parts, makeId), claim(newTab(), parts, makeId)]);
  assert.equal(new Set(claims.map((claimed) => claimed.id)).size, 2);
});

test("where nothing can be stored a tab is a new producer", async () => {
  const places = { store: new Store().attach(() => null), tab: new Store(() => null), name: "t" };
  const claimed = await claim(places, { ...parts, store: places.store }, makeId);
  assert.ok(claimed.id && claimed.windowId && claimed.lease);
});

test("a damaged record of the tab is replaced", async () => {
  const places = newTab();
  places.tab.set("t:tab", '{"producer":5}');
  assert.equal((await claim(places, parts, makeId)).id, "id2");
});

test("an id of one's own choosing is remembered for the next load", async () => {
  const places = newTab();
  const lease = await claimNew(places, parts, "mine", "window");
  lease.release();
  const again = await claim(places, parts, makeId);
  assert.deepEqual([again.id, again.windowId], ["mine", "window"]);
});
