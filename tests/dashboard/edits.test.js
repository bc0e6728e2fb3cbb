import assert from "node:assert/strict";
import { test } from "node:test";

import { tileOf } from "../../gateway/dashboard/boardset.js";
import { MOST_TILES, MOST_TITLE, added, annotated, changed, duplicated, moved, nameFor, unannotated, without } from "../../gateway/dashboard/edits.js";

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

test("a copy stands behind its tile, with all it has and a title that nothing else on the board has", () => {
  const all = changed(Object.freeze(board("a", "b")), 0, { view: "bars", size: "wide", range: "6h" });
  const once = duplicated(all, 0, "Sales");
  assert.deepEqual([kpis(once), once.tile[1]], ["aab", { ...all.tile[0], title: "Sales (copy)" }]);
  assert.deepEqual(all.tile.length, 2);
  const again = duplicated(duplicated(once, 1, "Sales (copy)"), 2, "Sales (copy 2)");
  assert.deepEqual(again.tile.map(({ title }) => title), ["", "Sales (copy)", "Sales (copy 2)", "Sales (copy 3)", ""]);
  const full = board(...Array.from({ length: MOST_TILES }, () => "a"));
  assert.equal(duplicated(full, 0, "Sales"), full);
  const long = duplicated(all, 1, "\u{1f600}".repeat(MOST_TITLE)).tile[2].title;
  assert.match(long, /^(\u{1f600})+ \(copy\)$/u);
  assert.ok([...long].length <= MOST_TITLE);
});
