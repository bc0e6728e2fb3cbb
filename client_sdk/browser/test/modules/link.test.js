import assert from "node:assert/strict";
import { test } from "node:test";

import { addressOf } from "../../src/modules/link.js";

const tidegate = /** @type {any} */ ({ maskUrl: (/** @type {string} */ url) => url.replace("hush", "***") });
const told = (/** @type {string} */ url) => addressOf(tidegate, new URL(url));

test("an address is told without user and password, and masked", () => {
  assert.equal(told("https://user:pw@other.example/a?token=hush#x"), "https://other.example/a?token=***#x");
});

test("of what is no web address the kind alone is told", () => {
  assert.equal(told("mailto:jo@mail.example"), "mailto:");
  assert.equal(told("tel:+49301234567"), "tel:");
});

test("an address is bounded", () => {
  assert.equal(told(`https://other.example/${"x".repeat(9_000)}`).length, 2_048);
});
