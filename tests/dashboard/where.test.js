import assert from "node:assert/strict";
import { test } from "node:test";

import { Values, conditionOf, narrowed } from "../../gateway/dashboard/where.js";

test("a filter holds where its dimension is", () => {
  assert.deepEqual(narrowed({ a: 1, b: null }, ["b", "c"]), { where: { b: null }, missing: ["a"] });
  assert.deepEqual(narrowed({}, ["b"]), { where: {}, missing: [] });
});

test("a condition is SQL in which nothing of a value is more than a value", () => {
  assert.equal(conditionOf({}), "");
  assert.equal(conditionOf({ $country: "DE" }), "\"$country\" = 'DE'");
  assert.equal(conditionOf({ 'a"b': "O'Hara' OR 1=1 --" }), "\"a\"\"b\" = 'O''Hara'' OR 1=1 --'");
  assert.equal(conditionOf({ a: null, b: true, c: false, d: -2.5 }), '"a" IS NULL AND "b" = TRUE AND "c" = FALSE AND "d" = -2.5');
});

test("values are known once seen, each once, and only so many", () => {
  const values = new Values();
  assert.deepEqual(values.of("a"), []);
  for (const a of ["x", 1, "1", null, "x", "__other__"]) values.see({ a });
  assert.equal(values.of("a").length, 4);
  assert.ok([1, "1", null, "x"].every((value) => values.of("a").includes(value)));
  for (let i = 0; i < 1_000; i++) values.see({ b: i });
  assert.equal(values.of("b").length, 300);
});
