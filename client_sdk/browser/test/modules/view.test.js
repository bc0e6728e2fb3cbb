import assert from "node:assert/strict";
import { test } from "node:test";

import { place, secondsSince, viewOf } from "../../src/modules/view.js";

const maskUrl = (/** @type {string} */ url) => url.replace("hush", "***");

test("modules that are given the same SDK share a view", () => {
  const tidegate = /** @type {any} */ ({});
  viewOf(tidegate).kept = true;
  assert.equal(viewOf(tidegate).kept, true);
  assert.equal(viewOf(/** @type {any} */ ({})).kept, undefined);
});

test("a place is masked and bounded", () => {
  const location = { href: `https://s.example/?token=hush&x=${"x".repeat(9_000)}`, pathname: "/hush" };
  Object.assign(globalThis, { location });
  const told = place(/** @type {any} */ ({ maskUrl }));
  assert.equal(told.$current_url.slice(0, 28), "https://s.example/?token=***&x=".slice(0, 28));
  assert.equal(told.$current_url.length, 2_048);
  assert.equal(told.$pathname, "/***");
});

test("durations are seconds with three digits", () => {
  const seconds = secondsSince(performance.now() - 1_234.5678);
  assert.ok(seconds >= 1.234 && seconds < 60);
  assert.equal(Math.round(seconds * 1_000), seconds * 1_000);
});
