import assert from "node:assert/strict";
import { test } from "node:test";

import { PATIENCE_MS, Trial } from "../../gateway/dashboard/trial.js";

const states = (trial) => trial.steps.map(({ state }) => state);
const text = (trial, name) => trial.steps.find((step) => step.name === name).text;
const good = { kpis: ["revenue", "events"], verdict: "accepted", reason: "" };

test("each step is ticked when it is known", () => {
  const trial = new Trial(1_000);
  assert.deepEqual(states(trial), ["waiting", "waiting", "waiting", "waiting", "waiting"]);
  trial.sdk({ state: "open" }, 1_050);
  assert.deepEqual(states(trial).slice(0, 2), ["done", "waiting"]);
  trial.acked(1_100);
  assert.deepEqual(states(trial), ["done", "done", "done", "waiting", "waiting"]);
  assert.equal(trial.outcome, "running");
  trial.seen(good, 1_240);
  assert.equal(trial.outcome, "done");
  assert.equal(text(trial, "connected"), "after 50 ms");
  assert.equal(text(trial, "counted"), "in revenue, events, after 240 ms");
});

test("who sees the event need not wait for the ack", () => {
  const trial = new Trial(0);
  trial.seen(good, 90);
  assert.equal(trial.outcome, "done");
  trial.acked(500);
  assert.equal(text(trial, "disk"), "after 90 ms");
});

test("a key that is refused ends it with the reason", () => {
  for (const [code, words] of [[4001, /does not accept/], [4003, /view key/], [4000, /4000/]]) {
    const trial = new Trial(0);
    trial.sdk({ state: "connecting", code: 0 }, 1);
    trial.sdk({ state: "stopped", code }, 2);
    assert.equal(trial.outcome, "failed");
    assert.match(text(trial, "connected"), words);
  }
});

test("an event that was not accepted says why", () => {
  const trial = new Trial(0);
  trial.verdict({ outcome: "warn", reason: "clamped" });
  assert.equal(trial.outcome, "running");
  trial.verdict({ outcome: "drop", reason: "late" });
  assert.match(text(trial, "accepted"), /rejected: late/);
  const seen = new Trial(0);
  seen.seen({ kpis: [], verdict: "duplicate", reason: "uuid" }, 5);
  assert.match(text(seen, "accepted"), /counted before/);
});

test("an event that no KPI takes has still arrived", () => {
  const trial = new Trial(0);
  trial.seen({ ...good, kpis: [] }, 5);
  assert.deepEqual(states(trial), ["done", "done", "done", "skipped", "done"]);
  assert.equal(trial.outcome, "done");
});

test("without live events the way is followed to the disk", () => {
  const trial = new Trial(0);
  trial.unseen("disabled");
  assert.equal(trial.outcome, "running");
  trial.acked(5);
  assert.deepEqual([trial.outcome, ...states(trial)], ["done", "done", "done", "done", "skipped", "skipped"]);
  assert.match(text(trial, "shown"), /live_events/);
});

test("what does not come is named after a while", () => {
  const trial = new Trial(0);
  trial.sdk({ state: "open" }, 5);
  trial.tick(PATIENCE_MS - 1);
  assert.equal(trial.outcome, "running");
  trial.tick(PATIENCE_MS);
  assert.deepEqual(states(trial), ["done", "failed", "waiting", "waiting", "waiting"]);
  const lost = new Trial(0);
  lost.sdk({ state: "waiting", code: 1006 }, 5);
  lost.tick(PATIENCE_MS);
  assert.match(text(lost, "connected"), /lost.*Nothing was heard/);
  const held = new Trial(0);
  held.sdk({ state: "open" }, 5);
  held.tick(PATIENCE_MS);
  assert.match(text(held, "accepted"), /Nothing was heard for 20 s\. The server may take nothing just now/);
  const over = new Trial(0);
  over.seen(good, 5);
  over.tick(PATIENCE_MS * 2);
  assert.equal(over.outcome, "done");
});

test("an SDK that cannot be used is a failure", () => {
  const trial = new Trial(0);
  trial.broken("It is not there.");
  assert.deepEqual([trial.outcome, text(trial, "connected")], ["failed", "It is not there."]);
});
