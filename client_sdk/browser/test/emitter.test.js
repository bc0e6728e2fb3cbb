import assert from "node:assert/strict";
import { test } from "node:test";

import { Emitter } from "../src/emitter.js";

test("on returns the undo of that one listener", () => {
  const emitter = new Emitter();
  const heard = [];
  const listener = (value) => heard.push(value);
  const undo = emitter.on("a", listener);
  emitter.on("a", listener);
  emitter.emit("a", 1);
  undo();
  undo();
  emitter.emit("a", 2);
  emitter.emit("b", 3);
  assert.deepEqual(heard, [1, 1, 2]);
});

test("a listener that throws, or is none, disturbs nobody", () => {
  const emitter = new Emitter();
  const heard = [];
  emitter.on("a", () => {
    throw new Error("the page's bug");
  });
  emitter.on("a", undefined);
  emitter.on("a", (value) => heard.push(value));
  emitter.emit("a", 1);
  assert.deepEqual(heard, [1]);
});

test("a listener may undo itself while it is told", () => {
  const emitter = new Emitter();
  const heard = [];
  const undo = emitter.on("a", () => undo());
  emitter.on("a", (value) => heard.push(value));
  emitter.emit("a", 1);
  assert.deepEqual(heard, [1]);
});
