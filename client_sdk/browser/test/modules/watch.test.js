import assert from "node:assert/strict";
import { test } from "node:test";

import { guarded, watch } from "../../src/modules/watch.js";

test("a handler that throws disturbs nobody", () => {
  const seen = /** @type {string[]} */ ([]);
  const target = new EventTarget();
  const { on, stop } = watch();
  on(target, "a b", ({ type }) => {
    seen.push(type);
    throw new Error("ours");
  });
  target.dispatchEvent(new Event("a"));
  target.dispatchEvent(new Event("b"));
  assert.deepEqual(seen, ["a", "b"]);
  stop();
  target.dispatchEvent(new Event("a"));
  assert.deepEqual(seen, ["a", "b"]);
});

test("a listener is passive and in the capture phase unless told otherwise", () => {
  const options = /** @type {any[]} */ ([]);
  const target = /** @type {any} */ ({ addEventListener: (/** @type {any[]} */ ...args) => options.push(args[2]) });
  const { on } = watch();
  on(target, "a", () => {});
  on(target, "a", () => {}, { capture: false });
  assert.deepEqual(
    options.map(({ capture, passive }) => [capture, passive]),
    [
      [true, true],
      [false, true],
    ],
  );
});

test("a guarded function takes its arguments and gives nothing away", () => {
  let sum = 0;
  const add = guarded((/** @type {number} */ a, /** @type {number} */ b) => void (sum = a + b));
  assert.equal(add(1, 2), undefined);
  assert.equal(sum, 3);
});
