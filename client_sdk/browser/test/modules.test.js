import assert from "node:assert/strict";
import { test } from "node:test";

import { startModules } from "../src/modules.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a lone name is a list of one", async () => {
  const loaded = [];
  startModules("clicks", async (name) => ({ start: () => loaded.push(name) }), { config: {} }, () => {});
  await settled();
  assert.deepEqual(loaded, ["clicks"]);
});

test("each module gets the API and its own options, and is stopped by the undo", async () => {
  const tidegate = { config: { clicks: { limit: 3 } } };
  const told = [];
  const calls = [];
  const load = async (name) => ({
    start: (api, options) => {
      calls.push([name, api === tidegate, options]);
      return () => calls.push([name, "stopped"]);
    },
  });
  const stop = startModules(["clicks", "scroll"], load, tidegate, (report) => told.push(report));
  await settled();
  assert.deepEqual(calls, [
    ["clicks", true, { limit: 3 }],
    ["scroll", true, {}],
  ]);
  assert.deepEqual(told, [{ name: "clicks" }, { name: "scroll" }]);
  stop();
  stop();
  assert.deepEqual(calls.slice(2), [
    ["clicks", "stopped"],
    ["scroll", "stopped"],
  ]);
});

test("a module that is missing, throws or cannot stop leaves the others alone", async () => {
  const told = [];
  let stopped = 0;
  const modules = {
    broken: {
      start() {
        throw new Error("no");
      },
    },
    stubborn: {
      start: () => () => {
        throw new Error("never");
      },
    },
    fine: { start: () => () => (stopped += 1) },
    lasting: { start() {} },
  };
  const load = async (name) => modules[name] ?? Promise.reject(new TypeError("404"));
  const names = ["missing", "broken", "stubborn", "fine", "lasting"];
  const stop = startModules(names, load, { config: {} }, (report) => told.push(report));
  await settled();
  const failed = told.filter(({ error }) => error).map(({ name }) => name);
  assert.deepEqual(failed.sort(), ["broken", "missing"]);
  stop();
  assert.equal(stopped, 1);
});

test("a module that is still being loaded when all are stopped is never started", async () => {
  let arrive;
  const load = () => new Promise((resolve) => (arrive = resolve));
  const stop = startModules(["late"], load, { config: {} }, () => assert.fail("told"));
  stop();
  arrive({ start: () => assert.fail("started") });
  await settled();
});

test("a module of the page's own is started without being loaded", async () => {
  const started = [];
  const own = { name: "mine", start: (_, options) => void started.push(options) };
  startModules([own], () => assert.fail("loaded"), { config: { mine: { a: 1 } } }, () => {});
  await settled();
  assert.deepEqual(started, [{ a: 1 }]);
});
