import assert from "node:assert/strict";
import { test } from "node:test";

import { LiveLog, sampleText } from "../../gateway/dashboard/livelog.js";

const event = (nth, seq = 1) => ({ producer: "p", seq, nth, received: 5 });
const message = (prev, offset, events = [], counts = {}) => ({
  type: "events", id: 1, epoch: "e1", prev, offset, recovered: prev !== null,
  seen: 10, looked: 10, matched: events.length, ...counts, events,
});
const shown = (log) => log.entries.map((entry) => (entry.kind === "hole" ? "hole" : entry.event.nth));

test("events are newest first, and counts add up", () => {
  const log = new LiveLog();
  assert.equal(log.begun, false);
  assert.equal(log.apply(message(null, 4, [event(0)])), "changed");
  assert.equal(log.apply(message(4, 6, [event(1), event(2)])), "changed");
  assert.deepEqual(shown(log), [2, 1, 0]);
  assert.deepEqual(log.counts, { seen: 20, looked: 20, matched: 3, shown: 3 });
  assert.deepEqual(log.from, { epoch: "e1", offset: 6 });
  assert.equal(log.begun, true);
});

test("a message that does not continue is not taken, and asked for anew", () => {
  const log = new LiveLog();
  assert.equal(log.apply(message(4, 6, [event(1)])), "resync");
  log.apply(message(null, 4));
  assert.equal(log.apply(message(5, 6, [event(1)])), "resync");
  assert.deepEqual(shown(log), []);
  assert.equal(log.apply({ type: "delta", id: 1 }), "waiting");
});

test("what the server has lost is a hole, and what it says again is there once", () => {
  const log = new LiveLog();
  log.apply(message(null, 4, [event(0), event(1)]));
  log.disconnected();
  log.apply(message(null, 9, [event(1), event(2)]));
  assert.deepEqual(shown(log), [2, "hole", 1, 0]);
  assert.equal(log.counts.shown, 3);
});

test("it is bounded", () => {
  const log = new LiveLog();
  log.apply(message(null, 0));
  for (let seq = 1; seq <= 50; seq += 1) log.apply(message(seq - 1, seq, Array.from({ length: 50 }, (_, nth) => event(nth, seq))));
  assert.equal(log.entries.length, 200);
  assert.equal(log.entries[0].event.seq, 50);
  assert.equal(new Set(log.entries.map(({ id }) => id)).size, 200);
});

test("clearing keeps the place, forgetting does not", () => {
  const log = new LiveLog();
  log.apply(message(null, 4, [event(0)]));
  log.clear();
  assert.deepEqual([shown(log), log.counts.seen, log.from.offset], [[], 0, 4]);
  assert.equal(log.apply(message(4, 5, [event(0)])), "changed");
  assert.deepEqual(shown(log), [0]);
  log.forget();
  assert.deepEqual([shown(log), log.from], [[], null]);
});

test("a sample says of what", () => {
  const said = (seen, looked, matched, count) => sampleText({ seen, looked, matched, shown: count }, "en-US");
  assert.deepEqual(said(1200, 1200, 1200, 1200), { sampled: false, text: "1,200 events, all shown" });
  assert.deepEqual(said(1200, 1200, 3, 3), { sampled: false, text: "3 of 1,200 events match, all shown" });
  assert.deepEqual(said(24, 24, 0, 0), { sampled: false, text: "24 events came, none of them matches" });
  assert.deepEqual(said(0, 0, 0, 0), { sampled: false, text: "0 events, all shown" });
  assert.deepEqual(said(1200, 1200, 800, 50), { sampled: true, text: "Sampled: 50 of 800 matching events, out of 1,200 seen" });
  assert.deepEqual(said(9000, 1200, 800, 50), {
    sampled: true, text: "Sampled: 50 of 800 matching events; 1,200 of 9,000 events were looked at",
  });
});
