/**
 * Any interleaving of captures, losses, drops, reloads and servers that forget, over a model gateway: each event is
 * applied exactly once, none is lost, and the books close.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { sendBeacons } from "../src/beacon.js";
import { post } from "../src/messages.js";
import { Producer } from "../src/producer.js";
import { Queue } from "../src/queue.js";
import { Store } from "../src/store.js";
import { ModelGateway } from "./gateway.js";
import { MemoryStorage } from "./storage.js";

const CAPS = { maxEvents: 1e6, maxBytes: 1e9, oldest: () => 0, dropped: () => {} };

function seeded(seed) {
  let state = seed;
  return (n) => (state = (state * 48_271) % 2_147_483_647) % n;
}

class Run {
  constructor(seed) {
    this.random = seeded(seed);
    this.storage = new MemoryStorage();
    this.gateway = new ModelGateway();
    this.captured = [];
    this.now = 0;
    this.seen = {};
    this.reload();
  }

  count(name) {
    this.seen[name] = (this.seen[name] ?? 0) + 1;
  }

  reload() {
    this.producer = new Producer(new Queue(new Store().attach(() => this.storage), "q:", "p", CAPS));
    this.connect();
  }

  connect() {
    this.session = this.gateway.connect();
    this.up = [this.producer.hello("wk", { name: "browser", version: "0" }, {})];
    this.down = [];
  }

  capture() {
    const uuid = `u${String(this.captured.length).padStart(6, "0")}`;
    const event = { event: this.random(10) ? "a" : "bad", uuid };
    this.captured.push(event);
    const text = JSON.stringify(event);
    this.producer.queue.add({ uuid, text, bytes: text.length, at: this.now });
    this.producer.queue.save();
  }

  send() {
    this.up.push(...this.producer.poll(this.now, 0).frames);
  }

  /** One frame to the gateway, one message to the producer. */
  deliver() {
    if (this.up.length) this.down.push(...this.session.receive(this.up.shift()));
    if (this.down.length) {
      const work = this.producer.receive(this.down.shift(), this.now, 0);
      this.up.push(...work.send);
      if (work.reconnect) {
        this.count("new epoch");
        this.connect();
      }
    }
  }

  /** The beacon way: no credit, no answer, in any order, some lost. */
  beacon() {
    const bodies = [];
    const body = (seq, events) => post("wk", this.producer.identity, seq, 0, {}, events);
    sendBeacons(this.producer.queue, body, (text) => bodies.push(text));
    while (bodies.length) {
      const [text] = bodies.splice(this.random(bodies.length), 1);
      if (this.random(3) === 0) this.count("beacon lost");
      else if (this.gateway.post(text).status === 200) this.count("beacon taken");
      else this.count("beacon refused");
    }
  }

  step() {
    this.now += this.random(200);
    const dice = this.random(100);
    if (dice < 30) for (let i = this.random(20); i >= 0; i--) this.capture();
    else if (dice < 55) this.send();
    else if (dice < 90) this.deliver();
    else if (dice < 93) this.connect();
    else if (dice < 95) this.reload();
    else if (dice < 96) {
      this.beacon();
      this.reload();
    } else if (dice < 97) {
      this.count("forgotten");
      this.gateway.producers.clear(); // an evicted producer; its uuids are still known
      this.connect();
    } else if (dice < 98) this.gateway.window = 1 + this.random(8);
  }

  finish() {
    for (let i = 0; i < 5_000 && (this.producer.queue.events || this.up.length || this.down.length); i++) {
      this.now += 500;
      this.send();
      this.deliver();
    }
  }
}

test("whatever happens, each event is applied once and the ledger closes", () => {
  const seen = {};
  for (let seed = 1; seed <= 60; seed++) {
    const run = new Run(seed);
    for (let i = 0; i < 400; i++) run.step();
    run.finish();
    const good = run.captured.filter((event) => event.event !== "bad").map((event) => event.uuid);
    assert.deepEqual(run.gateway.applied.map((event) => event.uuid).sort(), good, `seed ${seed}`);
    const { ledger, events } = run.producer.queue;
    assert.equal(events, 0, `seed ${seed}`);
    assert.equal(ledger.sent, run.captured.length, `seed ${seed}`);
    assert.equal(ledger.sent, ledger.accepted + ledger.duplicate + ledger.rejected + ledger.expired, `seed ${seed}`);
    assert.equal(ledger.expired, 0, `seed ${seed}`);
    for (const [name, n] of Object.entries(run.seen)) seen[name] = (seen[name] ?? 0) + n;
    if (ledger.duplicate) seen.duplicates = (seen.duplicates ?? 0) + 1;
  }
  for (const name of ["new epoch", "forgotten", "beacon taken", "beacon lost", "beacon refused", "duplicates"])
    assert.ok(seen[name] >= 3, name);
});
