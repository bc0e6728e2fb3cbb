import assert from "node:assert/strict";
import { test } from "node:test";

import { privacy } from "../src/privacy.js";

const LOCATION = { href: "https://a.example/p?token=abc&q=1", pathname: "/p" };
const wire = (properties) => ({ event: "a", uuid: "u", timestamp: 1, distinct_id: "d", session_id: "s", properties });
const encode = (config, properties) => privacy(config).encode(wire(properties), { r: 0 }, LOCATION);
const properties = (config, own) => JSON.parse(encode(config, own).text).properties;

test("an event carries the masked address, and its own properties win", () => {
  const masked = { $current_url: "https://a.example/p?token=***&q=1", $pathname: "/p" };
  assert.deepEqual(properties({}, { n: 1 }), { ...masked, r: 0, n: 1 });
  assert.equal(properties({}, { r: 1 }).r, 1);
  assert.equal(properties({}, { $pathname: "/other" }).$pathname, "/other");
  assert.equal(properties({ queryAllow: [] }, {}).$current_url, "https://a.example/p?token=***&q=***");
});

test("with a list, only its properties of the page's own are sent", () => {
  const sent = properties({ properties: ["price"] }, { price: 1, name: "x", $set: {} });
  assert.deepEqual(Object.keys(sent), ["$current_url", "$pathname", "price"]);
});

test("the page may change or drop an event, but not take its uuid, and redaction comes after", () => {
  const beforeSend = (event) => ({ ...event, uuid: "mine", event: "b", properties: { email: "x", n: 2 } });
  const { event, uuid, properties: sent } = JSON.parse(encode({ beforeSend, redact: ["email"] }, { n: 1 }).text);
  assert.deepEqual([event, uuid, sent], ["b", "u", { email: "***", n: 2 }]);
  assert.equal(encode({ beforeSend: () => null }, {}), null);
});

test("a lone word or pattern is a list of one", () => {
  const own = { email: "x", price: 1, p: 2, note: "1 2" };
  assert.deepEqual(properties({ redact: "email" }, own).email, "***");
  assert.equal(properties({ redact: /\d/ }, own).note, "*** ***");
  assert.deepEqual(Object.keys(properties({ properties: "price" }, own)), ["$current_url", "$pathname", "price"]);
  assert.equal(properties({ queryAllow: "qq" }, {}).$current_url, "https://a.example/p?token=***&q=***");
});

test("ids of ours are never masked: events with one id would be taken for one", () => {
  const id = "01a2b3c4-5555-7666-8777-888899990000";
  const given = { ...wire({ uuid: id, note: "tel 5555", uuids: [id] }), uuid: id, window_id: id, session_id: id, distinct_id: "u5555" };
  const { text } = privacy({ redact: [/\d{4}/, "uuid"] }).encode(given, {}, LOCATION);
  const { uuid, window_id, session_id, distinct_id, properties: own } = JSON.parse(text);
  assert.deepEqual([uuid, window_id, session_id, distinct_id], [id, id, id, "u***"]);
  assert.deepEqual([own.uuid, own.note, own.uuids[0]], ["***", "tel ***", "01a2b3c4-***-***-***-*********"]);
});

test("a hook that returns no event costs it, but for null, which is its wish", () => {
  for (const nothing of [undefined, false, "", Promise.resolve({ event: "a" }), 5, []])
    assert.deepEqual(encode({ beforeSend: () => nothing }, {}), { reason: "event_name" });
});

test("whatever time the page's hook leaves, the event has one in whole milliseconds", () => {
  const times = { Date: new Date(7), text: "1970-01-01T00:00:00.007Z", fraction: 7.9, number: 7 };
  for (const [name, timestamp] of Object.entries(times))
    assert.equal(JSON.parse(encode({ beforeSend: (event) => ({ ...event, timestamp }) }, {}).text).timestamp, 7, name);
  for (const timestamp of [undefined, null, {}, "rubbish", NaN, 1e300, 10n, Symbol("t")])
    assert.equal(JSON.parse(encode({ beforeSend: (event) => ({ ...event, timestamp }) }, {}).text).timestamp, 1);
});

test("where the page's hook or getter throws, nothing is sent", () => {
  const fails = () => {
    throw new Error("no");
  };
  assert.deepEqual(encode({ beforeSend: fails }, {}), { reason: "unencodable" });
  assert.deepEqual(encode({}, { get x() { return fails(); } }), { reason: "unencodable" });
});
