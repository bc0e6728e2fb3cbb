import assert from "node:assert/strict";
import { test } from "node:test";

import { parseRoute, routeTo } from "../../gateway/dashboard/route.js";
import { plainState, queryOf, rangeOf, stateOf } from "../../gateway/dashboard/viewstate.js";

test("an address brings back the view that it was made of", () => {
  const states = [
    plainState(),
    { range: "1h", where: {}, compare: false, wall: false },
    { range: "", where: { $country: "D&E=#?% ü\"'", plan: null, age: 3.5, paid: true }, compare: true, wall: true },
  ];
  for (const state of states) {
    const address = routeTo("board", "my board/#1", queryOf(state));
    const { name, query } = parseRoute(address, ["board"]);
    assert.equal(name, "my board/#1");
    assert.deepEqual(stateOf(query), state);
  }
  assert.equal(routeTo("board", "a", queryOf(plainState())), "#/board/a");
});

test("what cannot be read is as if it were not there", () => {
  const read = (text) => stateOf(new URLSearchParams(text));
  for (const where of ["{", "[]", "null", "3", '"x"', ""]) assert.deepEqual(read(`where=${where}`).where, {}, where);
  assert.deepEqual(read('where={"a":{"b":1},"c":[1],"d":"e"}').where, { d: "e" });
  for (const range of ["1w", "30s", "25h", "9999h", "h", "1h "]) assert.equal(read(`range=${range}`).range, range === "1h " ? "1h " : "", range);
  assert.deepEqual(read("compare=yes&wall=0&other=1"), plainState());
});

test("ranges reach from a minute to a day", () => {
  assert.deepEqual(["1m", "90s", "24h", "1d", "59s", "2d", "", null].map(rangeOf), [60_000, 90_000, 86_400_000, 86_400_000, null, null, null, null]);
});
