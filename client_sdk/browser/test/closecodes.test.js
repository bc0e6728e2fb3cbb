import assert from "node:assert/strict";
import { test } from "node:test";

import { CLOSE_CODES, retryRule } from "../src/closecodes.js";
import { vectors } from "./vectors.js";

test("the table equals the gateway's", () => {
  const rows = vectors("closecodes").map(({ number, retry }) => [String(number), retry]);
  assert.deepEqual(Object.entries(CLOSE_CODES), rows);
});

test("codes that no table lists follow their block, and the rest back off", () => {
  assert.equal(retryRule(4042), "never");
  assert.equal(retryRule(4142), "backoff");
  assert.equal(retryRule(4242), "now");
  assert.equal(retryRule(1006), "backoff");
  assert.equal(retryRule(1000), "backoff");
});
