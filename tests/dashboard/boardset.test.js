import assert from "node:assert/strict";
import { test } from "node:test";

import { boardOf, boardsOf, chosen, tileOf } from "../../gateway/dashboard/boardset.js";

const KPIS = [{ name: "a" }, { name: "b" }];
const board = (name, more = {}) => ({ name, title: "", range: "", tile: [tileOf("a")], annotation: [], version: "v1", built_in: false, ...more });
const names = (boards) => boards.map((one) => one.board.name);

test("the board of all KPIs is always there, last, and cannot be edited", () => {
  for (const answer of [null, undefined, "x", {}, { boards: 3 }, { boards: [null, 3, {}, { name: "" }] }]) {
    const [all, ...rest] = boardsOf(answer, KPIS, []);
    assert.deepEqual(rest, []);
    assert.deepEqual([all.board.name, all.fixed, all.board.tile.map(({ kpi }) => kpi)], ["all", true, ["a", "b"]]);
  }
  assert.deepEqual(names(boardsOf({ boards: [board("main"), board("all")] }, KPIS, [])), ["main", "all"]);
});

test("built-in boards are shown where all their KPIs run; boards of one's own show what is missing", () => {
  const gaps = [tileOf("a"), tileOf("gone")];
  const boards = [board("mine", { tile: gaps }), board("built", { built_in: true }), board("other", { tile: gaps, built_in: true })];
  const shown = boardsOf({ boards }, KPIS, []);
  assert.deepEqual(names(shown), ["mine", "built", "all"]);
  assert.deepEqual(shown[0].board.tile.length, 2);
});

test("a draft takes the place of the server's board, with the version that it was made from", () => {
  const shown = boardsOf({ boards: [board("main"), board("other")] }, KPIS, [{ board: boardOf(board("main", { title: "Mine" })), version: "v0" }, { board: boardOf(board("new")), version: "" }]);
  assert.deepEqual(shown.map((one) => [one.board.name, one.board.title, one.version, one.draft]), [
    ["main", "Mine", "v0", true],
    ["other", "", "v1", false],
    ["new", "", "", true],
    ["all", "All KPIs", "", false],
  ]);
});

test("a draft is behind once the server has another board of its name than the one it was made from", () => {
  const drafts = [["same", "v1"], ["other", "v0"], ["new", ""], ["both", ""]].map(([name, version]) => ({ board: boardOf(board(name)), version }));
  const shown = boardsOf({ boards: [board("plain"), board("same"), board("other"), board("both")] }, KPIS, drafts);
  const behind = shown.filter((one) => one.behind);
  assert.deepEqual(names(behind), ["other", "both"]);
  assert.ok(shown.every((one) => typeof one.behind === "boolean"));
});

test("what a newer server says is read as far as this page knows it", () => {
  const odd = boardOf({ name: "m", title: 3, range: "9w", tile: [{ kpi: "a", view: "hologram", size: "huge", range: 5, x: 1 }, { view: "number" }, null], annotation: [{ at: "x" }, { at: 5 }] });
  assert.deepEqual(odd, { name: "m", title: "", range: "", tile: [tileOf("a")], annotation: [{ at: 5, text: "" }] });
});

test("a board says what the server has of its name, and which one of the file is behind it", () => {
  const boards = [board("a"), board("b", { over_built_in: true, newer: 1 }), board("c", { built_in: true })];
  const draft = { board: boardOf(board("b")), version: "v0" };
  const [a, b, c, all] = boardsOf({ boards }, KPIS, [draft]).map((one) => one.standing);
  assert.deepEqual([a.next, b.next, c.next, all], ["b", null, null, null]);
  assert.deepEqual([a.version, b.version, b.overBuiltIn, c.builtIn, a.builtIn], ["v1", "v1", true, true, false]);
  assert.deepEqual([b.table.newer, "version" in b.table, "built_in" in b.table, "over_built_in" in b.table], [1, false, false, false]);
  assert.equal(boardsOf({ boards: [] }, KPIS, [draft])[0].standing, null);
});

test("an address chooses a board, else it is the first one", () => {
  const boards = boardsOf({ boards: [board("main"), board("other")] }, KPIS, []);
  assert.equal(chosen(boards, "other").board.name, "other");
  for (const name of [null, "gone"]) assert.equal(chosen(boards, name).board.name, "main");
});
