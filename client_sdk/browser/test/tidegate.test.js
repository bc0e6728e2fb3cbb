import assert from "node:assert/strict";
import { test } from "node:test";

import { create, install } from "../src/tidegate.js";

const make = () => create("https://gateway.example/tidegate.js", {});

test("what was called on the stub is done, once, in order and at its time", () => {
  const calls = [];
  globalThis.tidegate = [
    [5, "register", { a: 1 }],
    [6, "capture", "x"],
    [7, "capture", "y", {}, { timestamp: 1 }],
    [8, "nonsense"],
  ];
  const api = { register: (...args) => calls.push(args), capture: (...args) => calls.push(args) };
  install(api, null);
  assert.equal(globalThis.tidegate, api);
  assert.deepEqual(calls, [[{ a: 1 }], ["x", undefined, { timestamp: 6 }], ["y", {}, { timestamp: 1 }]]);
});

test("without a key nothing starts, and a later start does", () => {
  globalThis.addEventListener ??= () => {};
  const api = make();
  for (const none of [undefined, null, ""]) api.init(none, { name: "wrong" });
  assert.equal(api.config.name, undefined);
  api.init("wk_1", { name: "right", consent: "denied" });
  assert.equal(api.config.name, "right");
});

test("a second copy of the script leaves the page to the first", () => {
  delete globalThis.tidegate;
  const first = make();
  install(first, null);
  const started = [];
  const second = { ...make(), init: (key) => started.push(key) };
  install(second, { dataset: { key: "wk_1" } });
  assert.equal(globalThis.tidegate, first);
  assert.deepEqual(started, []);
});
