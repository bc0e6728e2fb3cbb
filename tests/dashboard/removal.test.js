import assert from "node:assert/strict";
import { test } from "node:test";

import { boardOf, boardsOf } from "../../gateway/dashboard/boardset.js";
import { removalOf } from "../../gateway/dashboard/removal.js";

const tables = (more) => [{ name: "main", title: "Shop", tile: [], annotation: [], version: "v1", built_in: false, over_built_in: false, ...more }];
const shown = (more) => boardsOf({ boards: tables(more) }, [], [])[0];

test("a board of the file is deleted for everyone, where pages may write", () => {
  const asked = removalOf(shown(), true);
  assert.deepEqual([asked.may, asked.heading], [true, "Delete Shop?"]);
  assert.match(asked.text, /everyone/);
});

test("a read-only board says where it is deleted", () => {
  const asked = removalOf(shown(), false);
  assert.deepEqual([asked.may, asked.heading], [false, "Shop cannot be deleted here"]);
  assert.match(asked.text, /read-only.*out of that file/);
});

test("a built-in board cannot be deleted, and one in its place gives it back", () => {
  assert.match(removalOf(shown({ built_in: true }), true).text, /built in/);
  assert.equal(removalOf(shown({ built_in: true }), true).may, false);
  const asked = removalOf(shown({ over_built_in: true }), true);
  assert.deepEqual([asked.may, asked.heading, asked.act], [true, "Back to the built-in Shop?", "Go back to it"]);
});

test("what was never saved is deleted in this browser, wherever the boards are", () => {
  const draft = { board: boardOf({ name: "new" }), version: "" };
  const [one] = boardsOf({ boards: [] }, [], [draft]);
  for (const writable of [true, false]) {
    const asked = removalOf(one, writable);
    assert.deepEqual([asked.may, asked.heading], [true, "Delete new?"]);
    assert.match(asked.text, /only this browser/);
  }
});
