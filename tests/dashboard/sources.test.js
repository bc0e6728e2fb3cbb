import assert from "node:assert/strict";
import { test } from "node:test";

import { Feed } from "../../gateway/dashboard/feed.js";
import { Sources } from "../../gateway/dashboard/sources.js";

function opened() {
  const sent = [];
  const feed = new Feed((messages) => sent.push(...messages), () => {});
  feed.opened();
  return { sent, feed, sources: new Sources(feed) };
}

const wish = (more = {}) => ({ kpi: "a", where: {}, last: 300, cumulative: false, ...more });
const listener = () => {
  const heard = [];
  return { heard, onChange: () => heard.push("changed"), onError: (code) => heard.push(code) };
};
const snapshot = (id) => ({ type: "snapshot", id, epoch: "e", offset: 1, watermark: null, meta: {}, rows: [] });

test("who wants the same shares one subscription, until nobody does", () => {
  const { sent, feed, sources } = opened();
  const [one, two] = [listener(), listener()];
  const first = sources.open(wish(), one);
  const second = sources.open(wish(), two);
  assert.equal(first.view, second.view);
  assert.deepEqual(sent, [{ type: "subscribe", id: 1, kpi: "a", last: 300, max_hz: 4 }]);
  feed.receive(snapshot(1));
  assert.deepEqual([one.heard, two.heard], [["changed"], ["changed"]]);
  first.close();
  first.close();
  assert.equal(sent.length, 1);
  second.close();
  assert.deepEqual(sent.at(-1), { type: "unsubscribe", id: 1 });
  assert.notEqual(sources.open(wish(), one).view, first.view);
});

test("another KPI, filter or length is another subscription", () => {
  const { sent, sources } = opened();
  for (const more of [{}, { kpi: "b" }, { where: { c: "DE" } }, { last: 600 }]) sources.open(wish(more), listener());
  assert.deepEqual(sent.map(({ kpi, last, where }) => [kpi, last, where]), [["a", 300, undefined], ["b", 300, undefined], ["a", 300, { c: "DE" }], ["a", 600, undefined]]);
});

test("a refusal is told to who comes later too, and forgotten once there are rows", () => {
  const { feed, sources } = opened();
  const [one, two, three] = [listener(), listener(), listener()];
  sources.open(wish(), one);
  feed.receive({ type: "error", id: 1, code: "bad_where" });
  sources.open(wish(), two);
  feed.receive(snapshot(1));
  sources.open(wish(), three);
  assert.deepEqual([one.heard, two.heard, three.heard], [["bad_where", "changed"], ["bad_where", "changed"], []]);
});
