import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as wire from "../../gateway/dashboard/wire.js";

const vectors = (name) => JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));
const golden = (list) => new Map(list.map(({ name, frame }) => [name, frame]));
const client = golden(vectors("client"));
const server = golden(vectors("server"));

test("what a viewer writes equals the golden frames, byte for byte", () => {
  const written = {
    hello_viewer: wire.hello("vk_test", "v-1"),
    pong: wire.pong(1795334425123, 1795334425100),
    unsubscribe: wire.unsubscribe(1),
    resync: wire.resync(1),
    visibility: wire.visibility(false),
  };
  for (const [name, message] of Object.entries(written)) assert.equal(wire.encode([message]), client.get(name), name);
});

test("subscribe equals the golden frame", () => {
  const made = wire.subscribe(1, "active_users", 300, 4, { where: { country: "DE" }, from: { epoch: "e1", offset: 12 } });
  assert.deepEqual(made, JSON.parse(client.get("subscribe")));
});

test("subscribe without a place to resume from has no `from`", () => {
  assert.equal("from" in wire.subscribe(1, "k", 300, 4), false);
});

test("a wish for events equals the golden frame", () => {
  const { match } = JSON.parse(client.get("subscribe_events"));
  assert.equal(wire.encode([wire.tail(7, match, 20, 4, { epoch: "e1", offset: 118 })]), client.get("subscribe_events"));
  assert.equal("from" in wire.tail(7, match, 20, 4), false);
});

test("events of the wrong shape are left out, and their fields can be relied on", () => {
  const frame = '{"type":"events","id":1,"offset":2,"epoch":"e","prev":"x","recovered":1,"events":[7,{"kpis":"a","properties":[1],"received":"now","hint":5}]}';
  const [message] = wire.decode(frame);
  const [event] = message.events;
  assert.deepEqual([message.prev, message.recovered, message.seen, message.events.length], [null, false, 0, 1]);
  assert.deepEqual([event.kpis, event.properties, event.received, event.hint, event.event], [[], {}, 0, "", null]);
  assert.deepEqual(wire.decode('{"type":"events","id":1,"offset":2}'), []);
});

test("several messages travel as one array", () => {
  assert.equal(wire.encode([wire.resync(1), wire.resync(2)]), '[{"type":"resync","id":1},{"type":"resync","id":2}]');
});

test("every golden frame that a viewer may get is read as it is", () => {
  for (const name of ["welcome_viewer", "ping", "drain", "notice", "error", "snapshot", "snapshot_part", "delta", "events", "events_anew"]) {
    assert.deepEqual(wire.decode(server.get(name)), [JSON.parse(server.get(name))], name);
  }
});

test("arrays are read message by message and unknown types are left out", () => {
  const frame = '[{"type":"ping","now":1},{"type":"poem"},null,7,{"type":"drain","in_ms":5}]';
  assert.deepEqual(wire.decode(frame).map(({ type }) => type), ["ping", "drain"]);
});

test("frames that cannot be relied on are left out", () => {
  const bad = [
    "", "not json", "null", "[]", '"text"',
    '{"type":"delta","id":1,"prev":"1","offset":2,"set":[],"del":[]}',
    '{"type":"snapshot","id":1,"epoch":null,"offset":1}',
    '{"type":"welcome","now":"soon","epoch":"e"}',
    '{"type":"__proto__"}', '{"type":"constructor"}',
  ];
  for (const text of bad) assert.deepEqual(wire.decode(text), [], text);
});

test("rows and deletions of the wrong shape are left out of a delta", () => {
  const good = { dims: {}, start: 0, end: 1, value: 1, kind: "final", rev: 0 };
  const set = [good, null, { ...good, start: "0" }, { ...good, dims: [] }, { ...good, kind: 3 }];
  const [delta] = wire.decode(JSON.stringify({ type: "delta", id: 1, prev: 0, offset: 1, watermark: "x", set, del: [7, [{}, 0]] }));
  assert.deepEqual([delta.set, delta.del, delta.watermark], [[good], [[{}, 0]], null]);
});

test("close codes follow the gateway's table", () => {
  for (const { number, retry } of vectors("closecodes")) assert.equal(wire.retryRule(number), retry, String(number));
});

test("codes that are not listed follow their block, others back off", () => {
  assert.deepEqual([1006, 1000, 4042, 4142, 4242, 4999].map(wire.retryRule), ["backoff", "backoff", "never", "backoff", "now", "backoff"]);
});

test("every close has a sentence", () => {
  for (const code of [1006, 1012, 4001, 4009]) assert.match(wire.closeText(code), /^[A-Z].*\.$/);
});
