import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as door from "../src/index.js";

test("the door is exactly these names, on the default export and on globalThis too", () => {
  const names = "alias capture flush group hasOptedOut identify init ledger maskUrl on optIn optOut page register reset shutdown unregister".split(" ");
  assert.deepEqual(Object.keys(door).sort(), [...names, "default"].sort());
  assert.equal(globalThis.tidegate, door.default);
  for (const name of names) assert.equal(door.default[name], door[name]);
});

test("nothing throws before init, or where there is no page at all", async () => {
  door.capture("a");
  door.page();
  door.identify("u");
  door.init("wk"); // no document here: fails in silence
  door.capture(undefined, null, null);
  assert.deepEqual(door.ledger(), { sent: 0, accepted: 0, duplicate: 0, rejected: 0, expired: 0, pending: 0 });
  assert.equal(await door.flush(), false);
  await door.shutdown();
});

test("the version is that of the package", () => {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  assert.equal(door.default.version, manifest.version);
});
