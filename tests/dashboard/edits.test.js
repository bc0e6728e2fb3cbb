import assert from "node:assert/strict";
import { test } from "node:test";

import { tileOf } from "../../gateway/dashboard/boardset.js";
import { MOST_TILES, added, annotated, changed, moved, nameFor, unannotated, without } from "../../gateway/dashboard/edits.js";

const board = (...kpis) => ({ name: "b", title: "", range: "", tile: kpis.map((kpi) => tileOf(kpi)), annotation: [] });
const kpis = ({ tile }) => tile.map(({ kpi }) => kpi).join("");

test("tiles move within the board", () => {
  const all = board("a", "b", "c");
  const to = (from, place) => kpis(moved(all, from, place));
  assert.deepEqual([to(0, 1), to(0, 2), to(2, 0), to(1, -1), to(1, 9), to(1, 1)], ["bac", "bca", "cab", "bac", "acb", "abc"]);
  assert.equal(moved(all, 7, 0), all);
  assert.equal(kpis(all), "abc");
});

test("tiles are added, changed and removed in another board, never in the one given", () => {
  const all = Object.freeze(board("a", "b"));
  assert.equal(kpis(added(all, tileOf("c"))), "abc");
  assert.equal(kpis(without(all, 0)), "b");
  assert.deepEqual(changed(all, 1, { view: "bars", size: "wide" }).tile[1], tileOf("b", { view: "bars", size: "wide" }));
  assert.equal(kpis(all), "ab");
  const full = board(...Array.from({ length: MOST_TILES }, () => "a"));
  assert.equal(added(full, tileOf("b")), full);
});

test("annotations stay in the order of time", () => {
  const noted = annotated(annotated(annotated(board(), 5, "b"), 9, "c"), 1, "a");
  assert.deepEqual(noted.annotation.map(({ text }) => text), ["a", "b", "c"]);
  assert.deepEqual(unannotated(noted, 1).annotation.map(({ text }) => text), ["a", "c"]);
});

test("a title becomes a name that the server takes and nobody has", () => {
  assert.equal(nameFor("My Board", []), "my_board");
  assert.equal(nameFor("Überblick 2026!", ["uberblick_2026"]), "u_berblick_2026");
  assert.equal(nameFor("My Board", ["my_board", "my_board_2"]), "my_board_3");
  assert.equal(nameFor("All", []), "all_2");
  for (const title of ["", "日本", "2nd", "-", "x".repeat(500)]) assert.match(nameFor(title, []), /^[a-z_][a-z0-9_]{0,99}$/);
});
