import assert from "node:assert/strict";
import { test } from "node:test";

import { boardOf } from "../../gateway/dashboard/boardset.js";
import { Drafts } from "../../gateway/dashboard/drafts.js";

class Storage {
  items = new Map();
  getItem(name) {
    return this.items.get(name) ?? null;
  }
  setItem(name, value) {
    this.items.set(name, value);
  }
}

const board = (name, title = "") => boardOf({ name, title, tile: [{ kpi: "a" }] });

test("drafts outlive the page until they are forgotten", () => {
  const storage = new Storage();
  const drafts = new Drafts(storage);
  drafts.keep(board("a"), "v1");
  drafts.keep(board("b"), "");
  drafts.keep(board("a", "again"), "v2");
  assert.deepEqual(new Drafts(storage).all, [{ board: board("b"), version: "" }, { board: board("a", "again"), version: "v2" }]);
  drafts.forget("b");
  assert.deepEqual(new Drafts(storage).all, [{ board: board("a", "again"), version: "v2" }]);
});

test("there are only so many, and what is no board is left out", () => {
  const storage = new Storage();
  const drafts = new Drafts(storage);
  const gone = Array.from({ length: 30 }, (_, i) => drafts.keep(board(`b${i}`), "")?.name ?? null);
  assert.deepEqual(gone, [...Array(20).fill(null), ...Array.from({ length: 10 }, (_, i) => `b${i}`)]);
  assert.deepEqual([drafts.all.length, drafts.all[0].board.name], [20, "b10"]);
  for (const text of ["{", "3", '{"a":1}', '[null,3,{"board":{"name":5}}]']) {
    storage.setItem("tidegate.board_drafts", text);
    assert.deepEqual(new Drafts(storage).all, []);
  }
});

test("without storage, or with one that refuses, they live as long as the page", () => {
  const refusing = { getItem: () => { throw new Error(); }, setItem: () => { throw new Error(); } };
  for (const storage of [null, refusing]) {
    const drafts = new Drafts(storage);
    drafts.keep(board("a"), "");
    assert.equal(drafts.all.length, 1);
  }
});

test("what one tab keeps or forgets takes nothing from another", () => {
  const storage = new Storage();
  const [one, two] = [new Drafts(storage), new Drafts(storage)];
  one.keep(board("a"), "v1");
  two.keep(board("b"), "v1");
  const both = [{ board: board("a"), version: "v1" }, { board: board("b"), version: "v1" }];
  assert.deepEqual(new Drafts(storage).all, both);
  assert.deepEqual([one.changed("something.else"), one.all.length], [false, 1]);
  assert.deepEqual([one.changed("tidegate.board_drafts"), one.all], [true, both]);
  two.forget("a");
  one.keep(board("c"), "");
  assert.deepEqual(one.all.map((draft) => draft.board.name), ["b", "c"]);
  storage.items.clear();
  assert.deepEqual([one.changed(null), one.all], [true, []]);
});

test("what storage could not take is not lost for what it had before", () => {
  const storage = new Storage();
  const drafts = new Drafts(storage);
  drafts.keep(board("a"), "");
  const take = storage.setItem;
  storage.setItem = () => { throw new Error("full"); };
  drafts.keep(board("b"), "");
  drafts.keep(board("c"), "");
  assert.deepEqual([drafts.changed("tidegate.board_drafts"), drafts.all.length], [true, 3]);
  storage.setItem = take;
  drafts.keep(board("d"), "");
  assert.equal(new Drafts(storage).all.length, 4);
});
