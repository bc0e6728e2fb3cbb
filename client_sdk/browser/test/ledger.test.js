import assert from "node:assert/strict";
import { test } from "node:test";

import { BLANK, close, fold } from "../src/ledger.js";

test("folding adds counts and ignores what is no count", () => {
  const ledger = { ...BLANK };
  fold(ledger, { sent: 5, accepted: 3, duplicate: "2", rejected: -1, expired: 1.5, other: 9 });
  fold(ledger, null);
  fold(ledger, { sent: 1, accepted: 1 });
  assert.deepEqual(ledger, { sent: 6, accepted: 4, duplicate: 0, rejected: 0, expired: 0 });
});

test("closing counts what vanished as expired", () => {
  const ledger = { ...BLANK, sent: 10, accepted: 6 };
  assert.equal(close(ledger, 1), 3);
  assert.equal(ledger.expired, 3);
});

test("closing counts what was stored but not yet booked as sent", () => {
  const ledger = { ...BLANK, sent: 10, accepted: 6 };
  assert.equal(close(ledger, 7), 0);
  assert.equal(ledger.sent, 13);
  assert.equal(ledger.expired, 0);
});
