import assert from "node:assert/strict";
import { test } from "node:test";

import { BoardOrder, placeOf } from "../../gateway/dashboard/boardorder.js";
import { boardOf, boardsOf } from "../../gateway/dashboard/boardset.js";

const table = (name, more = {}) => ({ name, title: name.toUpperCase(), tile: [], annotation: [], version: "v1", built_in: false, ...more });
const answerOf = (names, more = {}) => ({ boards: [...names.map((name) => table(name)), table("own", { built_in: true })], writable: true, order: names.join(), ...more });
const find = (answer, name, drafts = []) => boardsOf(answer, [], drafts).find((one) => one.board.name === name);

test("a board of the file stands among those of the file, and goes no further than they do", () => {
  const answer = answerOf(["a", "b", "c"]);
  const at = (name) => placeOf(find(answer, name), answer);
  assert.deepEqual(at("b"), { names: ["a", "b", "c"], at: 1, earlier: "", later: "" });
  assert.match(at("a").earlier, /first board/);
  assert.equal(at("a").later, "");
  assert.match(at("c").later, /last board that can be moved.*All KPIs/);
  assert.equal(at("c").earlier, "");
});

test("what is built in, never saved, or of a file that pages cannot write says why it stays", () => {
  const answer = answerOf(["a", "b"]);
  const draft = { board: boardOf({ name: "new" }), version: "" };
  const read = answerOf(["a", "b"], { writable: false });
  for (const [place, why] of [
    [placeOf(find(answer, "own"), answer), /built in/],
    [placeOf(find(answer, "new", [draft]), answer), /only this browser does/],
    [placeOf(find(read, "b"), read), /the setting boards names, which pages cannot write/],
  ]) {
    assert.match(place.earlier, why);
    assert.match(place.later, why);
  }
});

/** A server with boards, and a page that edits them. */
function scene(names) {
  const page = { answer: answerOf(names), server: answerOf(names), put: [], said: [], refuse: null };
  const api = {
    put: async (path, order, version) => {
      page.put.push([path, order, version]);
      if (page.refuse) throw page.refuse;
      page.server = answerOf(order);
    },
  };
  page.order = new BoardOrder({
    api,
    find: (name) => find(page.answer, name),
    answer: () => page.answer,
    say: (text) => page.said.push(text),
    onMoved: async () => void (page.answer = page.server),
  });
  page.settled = async (count) => {
    while (page.said.length < count) await new Promise(setImmediate);
  };
  return page;
}

test("moves that are asked for while one is under way follow it, each from where the one before has left the board", async () => {
  const page = scene(["a", "b", "c"]);
  page.order.move("a", "later");
  page.order.move("a", "later");
  page.order.move("a", "later");
  await page.settled(3);
  assert.deepEqual(page.put, [["v1/boards", ["b", "a", "c"], "a,b,c"], ["v1/boards", ["b", "c", "a"], "b,a,c"]]);
  assert.deepEqual(page.said.slice(0, 2), ["A: place 2 of 3", "A: place 3 of 3"]);
  assert.match(page.said[2], /last board that can be moved/);
});

test("an order that somebody else has changed is not replaced, and theirs is shown", async () => {
  const page = scene(["a", "b"]);
  page.server = answerOf(["b", "new", "a"]);
  page.refuse = Object.assign(new Error("changed"), { slug: "changed" });
  page.order.move("b", "earlier");
  await page.settled(1);
  assert.match(page.said[0], /Not moved: somebody else/);
  assert.equal(page.answer.order, "b,new,a");
  page.refuse = Object.assign(new Error("no"), { slug: "storage" });
  page.order.move("a", "earlier");
  await page.settled(2);
  assert.match(page.said[1], /cannot write to its disk/);
});

test("a board that is gone by the time of its move is not moved", async () => {
  const page = scene(["a", "b", "c"]);
  page.order.move("gone", "later");
  page.order.move("c", "earlier");
  await page.settled(1);
  assert.deepEqual(page.said, ["C: place 2 of 3"]);
});
