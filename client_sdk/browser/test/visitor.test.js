import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../src/store.js";
import { Visitor } from "../src/visitor.js";
import { MemoryStorage } from "./storage.js";

const MINUTE = 60_000;
const START = 1_795_334_400_000;

function counter() {
  let n = 0;
  return () => `id${++n}`;
}

test("a session lasts over gaps of exactly thirty minutes and ends after a longer one", () => {
  const session = new Visitor(new Store().attach(() => new MemoryStorage()), "t", counter());
  const first = session.touch(START);
  assert.equal(session.touch(START + 30 * MINUTE), first);
  assert.notEqual(session.touch(START + 60 * MINUTE + 1), first);
});

test("a session ends 24 hours after it began, however busy", () => {
  const session = new Visitor(new Store().attach(() => new MemoryStorage()), "t", counter());
  const first = session.touch(START);
  for (let minute = 20; minute < 24 * 60; minute += 20) assert.equal(session.touch(START + minute * MINUTE), first);
  assert.notEqual(session.touch(START + 24 * 60 * MINUTE), first);
});

test("tabs share the session, also what another tab did last", () => {
  const store = new Store().attach(() => new MemoryStorage());
  const makeId = counter();
  const one = new Visitor(store, "t", makeId);
  const two = new Visitor(store, "t", makeId);
  const first = one.touch(START);
  assert.equal(two.touch(START + 25 * MINUTE), first);
  assert.equal(one.touch(START + 50 * MINUTE), first);
});

test("a busy session is stored at most once a second", () => {
  const storage = new MemoryStorage();
  const session = new Visitor(new Store().attach(() => storage), "t", counter());
  const before = storage.writes;
  for (let i = 0; i < 999; i++) session.touch(START + i);
  assert.equal(storage.writes, before + 1);
});

test("a damaged session is replaced", () => {
  const store = new Store().attach(() => new MemoryStorage());
  store.set("t:session", '{"id":5,"start":"x"}');
  assert.equal(new Visitor(store, "t", counter()).touch(START), "id2");
});

test("a person is anonymous and steady until identified, in all tabs", () => {
  const store = new Store().attach(() => new MemoryStorage());
  const one = new Visitor(store, "t", counter());
  one.identify(one.id); // as is done where it may be stored
  const two = new Visitor(store, "t", () => "unused");
  assert.equal(two.id, one.id);
  assert.equal(one.identify("u1"), "id1");
  assert.equal(two.id, "u1");
});

test("a person who is stored already is found once the storage may be looked at, unless identified meanwhile", () => {
  const storage = new MemoryStorage();
  const known = new Visitor(new Store().attach(() => storage), "t", counter());
  known.identify("u1");
  for (const [given, id] of [["", "u1"], ["u2", "u2"]]) {
    const store = new Store();
    const visitor = new Visitor(store, "t", () => "anonymous");
    assert.equal(visitor.id, "anonymous");
    if (given) visitor.identify(given);
    store.attach(() => storage);
    assert.equal(visitor.id, id);
  }
});

test("a person is steady where nothing can be stored", () => {
  const person = new Visitor(new Store().attach(() => null), "t", counter());
  assert.equal(person.id, person.id);
});

test("after a reset it is another person in another session", () => {
  const visitor = new Visitor(new Store().attach(() => new MemoryStorage()), "t", counter());
  visitor.identify("u1");
  const before = [visitor.id, visitor.touch(START)];
  visitor.reset();
  assert.notEqual(visitor.id, before[0]);
  assert.notEqual(visitor.touch(START + 1), before[1]);
});

test("a clock that is set back or forth ends a session at most, and never breaks it", () => {
  const visitor = new Visitor(new Store().attach(() => new MemoryStorage()), "t", counter());
  const first = visitor.touch(START);
  assert.equal(visitor.touch(START - 40 * MINUTE), first);
  const later = visitor.touch(START + 90 * 24 * 60 * MINUTE);
  assert.notEqual(later, first);
  assert.notEqual(visitor.touch(START), later); // it would have lasted for those 90 days
});
