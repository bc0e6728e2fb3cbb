import assert from "node:assert/strict";
import { test } from "node:test";

import { rowsName, rowsOf } from "../../gateway/dashboard/rowsfile.js";

const HEAD = "dims,start,end,value,kind,rev,error,keys";
const page = (...rows) => `${[HEAD, ...rows].join("\r\n")}\r\n`;

test("a file has all pages under one head, and asks for what the tile shows", async () => {
  const pages = [{ text: page("1", "2"), next: "50" }, { text: page(), next: "60" }, { text: page("3"), next: null }];
  const asked = [];
  const api = { lines: async (path) => (asked.push(new URL(path, "http://a.test")), pages.shift()) };
  const wanted = { kpi: "a.b", where: { $device: "Phone" }, from: 100, to: 200 };
  const { parts, rows, whole } = await rowsOf(api, wanted);
  assert.deepEqual([parts.join(""), rows, whole], [page("1", "2", "3"), 3, true]);
  assert.deepEqual(asked.map(({ searchParams }) => searchParams.get("after")), [null, "50", "60"]);
  const { pathname, searchParams } = asked[0];
  assert.equal(pathname, "/v1/kpis/a.b");
  const { where, ...rest } = Object.fromEntries(searchParams);
  assert.deepEqual(JSON.parse(where), wanted.where);
  assert.deepEqual(rest, { format: "csv", columns: "all", from: "100", to: "200", limit: "50000" });
});

test("without a filter none is asked for, and a server without an end is not followed for ever", async () => {
  let asked = 0;
  const api = { lines: async (path) => (asked++, assert.doesNotMatch(path, /where/), { text: page("1"), next: "1" }) };
  const { rows, whole } = await rowsOf(api, { kpi: "a", where: {}, from: 0, to: 1 });
  assert.deepEqual([asked, rows, whole], [100, 100, false]);
});

test("a file is named by the KPI and the time", () => {
  assert.equal(rowsName("by_country", new Date("2026-01-31T12:00:01.5Z")), "by_country-2026-01-31T120001Z.csv");
});
