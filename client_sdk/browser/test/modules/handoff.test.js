import assert from "node:assert/strict";
import { test } from "node:test";

import { decode, encode, isAnonymous } from "../../src/modules/handoff.js";

/** @type {import("../../src/modules/handoff.js").Handoff} */
const HANDOFF = ['jo, and ünï; "x" = 1&2', { id: "s-1", start: 1, last: 2 }, 3];

test("what is encoded is decoded", () => {
  assert.deepEqual(decode(encode(HANDOFF)), HANDOFF);
});

test("a text fits into a cookie and a query as it is", () => {
  assert.match(encode(HANDOFF), /^[\w%.!~*'()-]+$/);
});

test("what has not its form is none", () => {
  for (const text of ["", "%", "{}", "[]", "null", encode(HANDOFF).slice(0, -1), '["p"]', '["p",null,3]', '[1,{},3]']) {
    assert.equal(decode(text), undefined, text);
  }
});

test("of what anyone may have written nothing else is taken over", () => {
  assert.deepEqual(decode('["p",{"id":"s","more":1},"x",5]'), ["p", { id: "s", start: undefined, last: undefined }, NaN]);
});

test("an id is anonymous when the SDK has made it", () => {
  assert.ok(isAnonymous("01934d0e-7b00-7000-8000-000000000001"));
  assert.ok(!isAnonymous("jo@mail.example"));
  assert.ok(!isAnonymous(""));
});
