import assert from "node:assert/strict";
import { test } from "node:test";

import { Feed } from "../../gateway/dashboard/feed.js";
import { View } from "../../gateway/dashboard/view.js";

function fed() {
  const sent = [];
  const seen = [];
  const feed = new Feed((messages) => sent.push(...messages), () => seen.push("restated"));
  const add = (kpi) => {
    const view = new View(300_000);
    const undo = feed.add({ kpi, last: 300, view, onChange: () => seen.push(kpi), onError: (code) => seen.push([kpi, code]) });
    return { view, undo };
  };
  return { feed, sent, seen, add, taken: () => sent.splice(0) };
}

const snapshot = (id, offset = 5) => ({ type: "snapshot", id, epoch: "e", offset, watermark: null, meta: {}, rows: [] });
const delta = (id, prev, offset) => ({ type: "delta", id, prev, offset, watermark: null, set: [], del: [] });

test("nothing is sent before a socket is open, everything at once when it is", () => {
  const { feed, add, sent, taken } = fed();
  add("a");
  add("b");
  assert.deepEqual(sent, []);
  feed.opened();
  assert.deepEqual(taken(), [
    { type: "subscribe", id: 1, kpi: "a", last: 300, max_hz: 4 },
    { type: "subscribe", id: 2, kpi: "b", last: 300, max_hz: 4 },
  ]);
});

test("a subscription added later is sent at once, and its undo unsubscribes once", () => {
  const { feed, add, taken } = fed();
  feed.opened();
  const { undo } = add("a");
  undo();
  undo();
  assert.deepEqual(taken().map(({ type }) => type), ["subscribe", "unsubscribe"]);
});

test("after a loss each view resumes from where it stands", () => {
  const { feed, add, taken } = fed();
  add("a");
  add("b");
  feed.opened();
  feed.receive(snapshot(1));
  feed.receive(delta(1, 5, 9));
  feed.closed();
  taken();
  feed.opened();
  assert.deepEqual(taken().map(({ from }) => from), [{ epoch: "e", offset: 9 }, undefined]);
});

test("a hole asks for one resync of that subscription alone", () => {
  const { feed, add, seen, taken } = fed();
  add("a");
  add("b");
  feed.opened();
  feed.receive(snapshot(1));
  feed.receive(snapshot(2));
  taken();
  feed.receive(delta(2, 6, 7));
  feed.receive(delta(2, 7, 8));
  feed.receive(delta(1, 5, 6));
  assert.deepEqual(taken(), [{ type: "resync", id: 2 }]);
  assert.deepEqual(seen, ["a", "b", "a"]);
});

test("errors reach their subscription and messages for none are dropped", () => {
  const { feed, add, seen } = fed();
  const { undo } = add("a");
  feed.opened();
  feed.receive({ type: "error", code: "unknown_kpi", id: 1 });
  undo();
  feed.receive(snapshot(1));
  assert.deepEqual(seen, ["restated", ["a", "unknown_kpi"]]);
});

test("a snapshot that nobody asked for means that the KPI set may have changed", () => {
  const { feed, add, seen } = fed();
  add("a");
  feed.opened();
  feed.receive(snapshot(1));
  feed.receive(delta(1, 5, 6));
  feed.receive(delta(1, 8, 9));
  feed.receive(snapshot(1, 9));
  assert.deepEqual(seen.splice(0), ["a", "a", "a"]);
  feed.receive(snapshot(1, 9));
  assert.deepEqual(seen.splice(0), ["a", "restated"]);
  feed.closed();
  feed.opened();
  feed.receive({ ...snapshot(1, 9), part: 1, parts: 2 });
  feed.receive({ ...snapshot(1, 9), part: 2, parts: 2 });
  assert.deepEqual(seen, ["a"]);
});

test("visibility is told when it changes, and again on a new socket while hidden", () => {
  const { feed, taken } = fed();
  feed.show(false);
  assert.deepEqual(taken(), []);
  feed.opened();
  assert.deepEqual(taken(), [{ type: "visibility", visible: false }]);
  feed.show(false);
  feed.show(true);
  assert.deepEqual(taken(), [{ type: "visibility", visible: true }]);
});

test("a view that is crowded asks once for what the server keeps, and that restates nothing", () => {
  const { feed, seen, add, taken } = fed();
  feed.opened();
  const { view } = add("a");
  feed.receive(snapshot(1));
  taken();
  seen.length = 0;
  let crowded = true;
  Object.defineProperty(view, "crowded", { get: () => crowded });
  feed.receive(delta(1, 5, 6));
  feed.receive(delta(1, 6, 7));
  assert.deepEqual(taken(), [{ type: "resync", id: 1 }]);
  crowded = false;
  feed.receive(snapshot(1, 7));
  assert.deepEqual(seen, ["a", "a", "a"]);
  crowded = true;
  feed.receive(delta(1, 7, 8));
  assert.deepEqual(taken(), [{ type: "resync", id: 1 }]);
});

test("a filter travels with the subscription", () => {
  const { feed, taken } = fed();
  feed.opened();
  feed.add({ kpi: "a", last: 60, where: { c: null }, view: new View(1), onChange: () => {}, onError: () => {} });
  assert.deepEqual(taken(), [{ type: "subscribe", id: 1, kpi: "a", last: 60, max_hz: 4, where: { c: null } }]);
});
