import assert from "node:assert/strict";
import { test } from "node:test";

import { Person, Session } from "../src/session.js";
import { Store } from "../src/store.js";
import { MemoryStorage } from "./storage.js";

const MINUTE = 60_000;
const START = 1_795_334_400_000;

function counter() {
  let n = 0;
  return () => `id${++n}`;
}

test("a session lasts over gaps of exactly thirty minutes and ends after a longer one", () => {
  const session = new Session(new Store(() => new MemoryStorage()), "t", counter());
  assert.equal(session.touch(START), "id1");
  assert.equal(session.touch(START + 30 * MINUTE), "id1");
  assert.equal(session.touch(START + 60 * MINUTE + 1), "id2");
});

test("a session ends 24 hours after it began, however busy", () => {
  const session = new Session(new Store(() => new MemoryStorage()), "t", counter());
  let id = "";
  for (let minute = 0; minute < 24 * 60; minute += 20) id = session.touch(START + minute * MINUTE);
  assert.equal(id, "id1");
  assert.equal(session.touch(START + 24 * 60 * MINUTE), "id2");
});

test("tabs share the session, also what another tab did last", () => {
  const store = new Store(() => new MemoryStorage());
  const makeId = counter();
  const one = new Session(store, "t", makeId);
  const two = new Session(store, "t", makeId);
  one.touch(START);
  two.touch(START + 25 * MINUTE);
  assert.equal(one.touch(START + 50 * MINUTE), "id1");
});

test("a busy session is stored at most once a second", () => {
  const storage = new MemoryStorage();
  const session = new Session(new Store(() => storage), "t", counter());
  for (let i = 0; i < 999; i++) session.touch(START + i);
  assert.equal(storage.writes, 1);
});

test("a damaged session is replaced", () => {
  const store = new Store(() => new MemoryStorage());
  store.set("t:session", '{"id":5,"start":"x"}');
  assert.equal(new Session(store, "t", counter()).touch(START), "id1");
});

test("a person is anonymous and steady until identified, in all tabs", () => {
  const store = new Store(() => new MemoryStorage());
  const one = new Person(store, "t", counter());
  const two = new Person(store, "t", () => "unused");
  assert.equal(two.id, one.id);
  assert.equal(one.identify("u1"), "id1");
  assert.equal(two.id, "u1");
});

test("a person is steady where nothing can be stored", () => {
  const person = new Person(new Store(() => null), "t", counter());
  assert.equal(person.id, person.id);
});
