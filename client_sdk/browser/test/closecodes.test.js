import assert from "node:assert/strict";
import { test } from "node:test";

import { FENCED, retryRule } from "../src/closecodes.js";
import { vectors } from "./vectors.js";

test("every row of the gateway's table has the same rule here", () => {
  const rows = vectors("closecodes");
  assert.ok(rows.length > 15);
  for (const { number, retry } of rows) assert.equal(retryRule(number), retry, String(number));
  assert.equal(rows.find(({ reason }) => reason.startsWith("fenced"))?.number, FENCED);
});

test("codes that no table lists follow their block, and the rest back off", () => {
  assert.equal(retryRule(4042), "never");
  assert.equal(retryRule(4142), "backoff");
  assert.equal(retryRule(4242), "now");
  assert.equal(retryRule(1006), "backoff");
  assert.equal(retryRule(1000), "backoff");
});
