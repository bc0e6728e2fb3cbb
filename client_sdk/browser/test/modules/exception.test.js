import assert from "node:assert/strict";
import { test } from "node:test";

import { exceptionOf, isNoise } from "../../src/modules/exception.js";

const EVENT = { type: "error", message: "Uncaught TypeError: x", filename: "https://s.example/app.js?v=1" };

test("an error has its type, message and stack, without queries of addresses", () => {
  const error = new TypeError("x of jo@mail.example.org");
  error.stack = "TypeError: x\n    at f (https://s.example/app.js?token=hush#a:10:5)\n    at blob:https://s.example/1-2:3:4";
  const told = exceptionOf(error, EVENT);
  assert.equal(told.$exception_type, "TypeError");
  assert.equal(told.$exception_message, "x of ***");
  assert.equal(
    told.$exception_stack,
    "TypeError: x\n    at f (https://s.example/app.js:10:5)\n    at blob:https://s.example/1-2:3:4",
  );
  assert.equal(told.$exception_source, "https://s.example/app.js");
  assert.equal(told.$exception_cross_origin, undefined);
});

test("anything may be thrown", () => {
  const rejected = (/** @type {unknown} */ reason) => {
    const { $exception_type, $exception_message } = exceptionOf(reason, { type: "unhandledrejection" });
    return [$exception_type, $exception_message];
  };
  assert.deepEqual(rejected("no"), ["UnhandledRejection", "no"]);
  assert.deepEqual(rejected(undefined), ["UnhandledRejection", "undefined"]);
  assert.deepEqual(rejected({ message: "m" }), ["UnhandledRejection", "m"]);
  assert.deepEqual(rejected(new DOMException("gone", "AbortError")), ["AbortError", "gone"]);
  assert.deepEqual(exceptionOf(null, { type: "error", message: "Uncaught null" }).$exception_message, "Uncaught null");
});

test("messages and stacks are bounded", () => {
  const error = new Error("m".repeat(10_000));
  error.stack = "s".repeat(100_000);
  const told = exceptionOf(error, EVENT);
  assert.equal(String(told.$exception_message).length, 500);
  assert.equal(String(told.$exception_stack).length, 4_000);
});

test("an error that the browser hides is marked", () => {
  assert.equal(exceptionOf(null, { type: "error", message: "Script error.", filename: "" }).$exception_cross_origin, true);
});

const isNoisy = (/** @type {unknown} */ thrown, /** @type {any} */ event) =>
  isNoise(JSON.stringify(exceptionOf(thrown, event)));

test("notes about layout and errors of extensions are noise", () => {
  const note = { type: "error", message: "ResizeObserver loop completed with undelivered notifications." };
  assert.ok(isNoisy(undefined, note));
  assert.ok(isNoisy(new Error("x"), { ...EVENT, filename: "chrome-extension://abc/x.js" }));
  assert.ok(!isNoisy(new Error("x"), EVENT));
});
