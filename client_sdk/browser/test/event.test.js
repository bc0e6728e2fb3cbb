import assert from "node:assert/strict";
import { test } from "node:test";

import { MAX_EVENT_BYTES, encodeEvent, redactor, utf8Length } from "../src/event.js";

const encode = (event, replacer = redactor()) => encodeEvent(event, replacer);

const event = (properties, name = "a") => ({ event: name, uuid: "u", timestamp: 1, properties });

test("an event's bytes are those of its UTF-8 text", () => {
  for (const text of ["", "plain", "ünïcödé", "漢字", "👩‍👩‍👧", "\u07ff\u0800\uffff"]) {
    assert.equal(utf8Length(text), Buffer.byteLength(text));
    const encoded = encode(event({ text }));
    assert.equal(encoded.bytes, Buffer.byteLength(encoded.text));
    assert.deepEqual(JSON.parse(encoded.text).properties, { text });
  }
});

test("half a surrogate pair becomes U+FFFD, and only that", () => {
  const properties = { half: "a\ud800b", "k\udfff": 1, pair: "\ud83d\ude00", typed: "\\ud800", deep: ["\\\\\ud9ab"] };
  const decoded = JSON.parse(encode(event(properties)).text).properties;
  assert.deepEqual(decoded, {
    half: "a\ufffdb",
    "k\ufffd": 1,
    pair: "\ud83d\ude00",
    typed: "\\ud800",
    deep: ["\\\\\ufffd"],
  });
});

test("what JSON cannot say is thrown, all else that cannot be sent has its reason", () => {
  const cycle = {};
  cycle.self = cycle;
  const hostile = {
    toJSON() {
      throw new Error("no");
    },
  };
  assert.throws(() => encode(event(cycle)), TypeError);
  assert.throws(() => encode(event(hostile)), /no/);
  for (const name of [undefined, null, "", 5, {}])
    assert.deepEqual(encode({ event: name }), { reason: "event_name" });
  assert.deepEqual(encode(event({ text: "x".repeat(MAX_EVENT_BYTES) })), { reason: "too_large" });
});

test("a big integer keeps its digits as text", () => {
  assert.equal(JSON.parse(encode(event({ n: 2n ** 70n })).text).properties.n, "1180591620717411303424");
});

test("what a getter throws is thrown, and properties need not be an object", () => {
  const hostile = {
    get x() {
      throw new Error("no");
    },
  };
  assert.throws(() => encode(event(hostile)), /no/);
  for (const odd of [null, 5, true]) assert.deepEqual(JSON.parse(encode(event(odd)).text).properties, odd);
});

test("named properties are masked at any depth, and patterns in any text", () => {
  const properties = { email: "a@b.example", user: { phone: { home: 1 }, note: "call 555-0100 or 555-0101" }, n: 5550100 };
  const replacer = redactor(["email", "phone", /\b\d{3}-\d{4}\b/g]);
  assert.deepEqual(JSON.parse(encode(event(properties), replacer).text).properties, {
    email: "***",
    user: { phone: "***", note: "call *** or ***" },
    n: 5550100,
  });
});

test("a pattern masks all that it finds, whatever its flags", () => {
  for (const rule of [/\d+/, /\d+/g, /\d+/i])
    assert.equal(JSON.parse(encode(event({ text: "1 and 22" }), redactor([rule])).text).properties.text, "*** and ***");
});
