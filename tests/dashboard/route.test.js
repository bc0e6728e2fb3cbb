import assert from "node:assert/strict";
import { test } from "node:test";

import { parseRoute, routeTo } from "../../gateway/dashboard/route.js";

const PAGES = ["board", "live", "start"];
const parsed = (hash) => {
  const { page, name, query } = parseRoute(hash, PAGES);
  return [page, name, query.toString()];
};

test("an address names a page, what of it, and a query", () => {
  assert.deepEqual(parsed("#/live"), ["live", null, ""]);
  assert.deepEqual(parsed("#/board/sales"), ["board", "sales", ""]);
  assert.deepEqual(parsed("#/board/a%20b%2Fc?x=1&y=%26"), ["board", "a b/c", "x=1&y=%26"]);
  assert.deepEqual(parsed("#/board/"), ["board", null, ""]);
  assert.deepEqual(parsed("#/live?event=a?b/c"), ["live", null, "event=a%3Fb%2Fc"]);
});

test("what names no page is the first one", () => {
  for (const hash of ["", "#", "#board=1", "#/nowhere/x?y=1", "#live", "#/__proto__", "#//live"]) {
    assert.deepEqual(parsed(hash), ["board", null, ""], hash);
  }
});

test("a name that is no proper escape stays as it is", () => {
  assert.deepEqual(parsed("#/board/100%"), ["board", "100%", ""]);
});

test("an address that was made is read back, whatever is in it", () => {
  for (const name of ["sales", "a/b", "ü?&=#%", "<img src=x>"]) {
    const route = parseRoute(routeTo("board", name, { "where.$pathname": name }), PAGES);
    assert.deepEqual([route.page, route.name, route.query.get("where.$pathname")], ["board", name, name]);
  }
  assert.equal(routeTo("live"), "#/live");
});
