import assert from "node:assert/strict";
import { test } from "node:test";

import { collected, fileName } from "../../gateway/dashboard/export.js";

test("an export is all pages, one behind the other", async () => {
  const pages = [{ text: '{"id":1}\n{"id":2}\n', next: "2" }, { text: '{"id":5}\n', next: null }];
  const asked = [];
  const told = [];
  const api = { lines: async (path) => (asked.push(path), pages.shift()) };
  const { parts, events, whole } = await collected(api, "schema:a b", (count) => told.push(count));
  assert.equal(parts.join(""), '{"id":1}\n{"id":2}\n{"id":5}\n');
  assert.deepEqual([events, whole, told], [3, true, [2, 3]]);
  assert.deepEqual(asked, ["v1/quarantine/export?after=0&reason=schema%3Aa+b", "v1/quarantine/export?after=2&reason=schema%3Aa+b"]);
});

test("a server without an end is not followed for ever", async () => {
  const api = { lines: async () => ({ text: "{}\n", next: "1" }) };
  const { events, whole } = await collected(api, "", () => {});
  assert.deepEqual([events, whole], [500, false]);
});

test("a file is named by reason and time, and by nothing that a path could be", () => {
  const now = new Date("2026-01-31T12:00:01.5Z");
  assert.equal(fileName("", now), "rejected-2026-01-31T120001Z.ndjson");
  assert.equal(fileName("schema:../x", now), "rejected-schema_.._x-2026-01-31T120001Z.ndjson");
});
