import assert from "node:assert/strict";
import { test } from "node:test";

import { Clock } from "../../gateway/dashboard/clock.js";
import { Connection } from "../../gateway/dashboard/connection.js";

/** A world without time or network: timers fire when asked, sockets do what the test says. */
class World {
  base = new URL("http://board.test/");
  sockets = [];
  requests = [];
  said = [];
  answer = { status: 200, body: { kpis: [{ name: "k" }] } };
  #now = 0;
  #timers = new Map();
  #next = 1;

  now = () => this.#now;
  random = () => 0.5;
  setTimeout = (act, ms) => {
    this.#timers.set(this.#next, { act, at: this.#now + ms });
    return this.#next++;
  };
  clearTimeout = (timer) => this.#timers.delete(timer);
  fetch = async (url, options) => {
    this.requests.push({ url: url.href, headers: options.headers });
    if (this.answer instanceof Error) throw this.answer;
    const { status, body, retryAfter = null } = this.answer;
    return { ok: status === 200, status, json: async () => body, headers: { get: () => retryAfter } };
  };
  socket = (url, protocol) => {
    const socket = {
      url, protocol, readyState: 1, sent: [],
      send(text) { this.sent.push(JSON.parse(text)); },
      close() { this.readyState = 3; },
    };
    this.sockets.push(socket);
    return socket;
  };

  get last() {
    return this.sockets.at(-1);
  }

  async advance(ms) {
    this.#now += ms;
    for (const [id, { act, at }] of [...this.#timers]) {
      if (at > this.#now || !this.#timers.delete(id)) continue;
      act();
    }
    await settled();
  }

  hear(message) {
    this.last.onmessage({ data: JSON.stringify(message) });
  }

  /** @param {object} [more] handlers of the test's own */
  connection(more = {}) {
    const note = (name) => (value) => this.said.push(value === undefined ? name : [name, value]);
    const on = { ...Object.fromEntries(["kpis", "opened", "message", "closed", "refused"].map((name) => [name, note(name)])),
      state: ({ phase, retryAt }) => this.said.push(retryAt === null ? phase : [phase, retryAt - this.#now]), ...more };
    this.clock = new Clock();
    return new Connection({ key: "vk_1", viewer: "v-1", clock: this.clock, on, env: this });
  }

  taken() {
    return this.said.splice(0);
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const welcome = { type: "welcome", now: 1_000_000, epoch: "e1", heartbeat_ms: 25_000 };

async function live(world) {
  const connection = world.connection();
  await connection.start();
  world.last.onopen({});
  world.hear(welcome);
  world.taken();
  return connection;
}

test("the list comes first, with the key in a header, then the socket with the key in hello", async () => {
  const world = new World();
  await world.connection().start();
  assert.deepEqual(world.requests, [{ url: "http://board.test/v1/kpis", headers: { Authorization: "Bearer vk_1" } }]);
  assert.deepEqual([world.last.url, world.last.protocol], ["ws://board.test/v1/ws", "tidegate.v1"]);
  world.last.onopen({});
  assert.deepEqual(world.last.sent, [{ type: "hello", v: 1, role: "viewer", token: "vk_1", viewer: { id: "v-1" } }]);
  world.hear(welcome);
  assert.deepEqual(world.taken(), ["connecting", ["kpis", [{ name: "k" }]], "live", ["opened", welcome]]);
});

test("over https the socket is encrypted too", async () => {
  const world = new World();
  world.base = new URL("https://board.test/");
  await world.connection().start();
  assert.equal(world.last.url, "wss://board.test/v1/ws");
});

test("a ping is answered with its own time and moves the clock", async () => {
  const world = new World();
  await live(world);
  await world.advance(100);
  world.hear({ type: "ping", now: 1_000_100 });
  const { sent, ...pong } = world.last.sent.at(-1);
  assert.deepEqual(pong, { type: "pong", now: 1_000_100 });
  assert.ok(Number.isInteger(sent));
  assert.equal(world.clock.at(100), 1_000_100);
});

test("a key that is refused over HTTP or by close code ends it; nothing more is tried", async () => {
  for (const lose of [
    async (world) => { world.answer = { status: 401 }; await world.connection().start(); },
    async (world) => { await live(world); world.last.onclose({ code: 4001 }); },
    async (world) => { await live(world); world.last.onclose({ code: 4003 }); },
  ]) {
    const world = new World();
    await lose(world);
    assert.equal(world.taken().at(-1)[0], "refused");
    const before = world.requests.length;
    await world.advance(120_000);
    assert.equal(world.requests.length, before);
  }
});

test("a close that says never stops until a person asks", async () => {
  const world = new World();
  const connection = await live(world);
  world.last.onclose({ code: 4006 });
  assert.deepEqual(world.taken(), ["closed", "stopped"]);
  await world.advance(120_000);
  assert.equal(world.sockets.length, 1);
  await connection.start();
  assert.equal(world.sockets.length, 2);
});

test("a list that may have changed is read again once, and not again for ten seconds", async () => {
  const world = new World();
  const connection = await live(world);
  world.answer = { status: 200, body: { kpis: [{ name: "new" }, 5] } };
  for (let i = 0; i < 9; i++) connection.relist();
  await world.advance(250);
  assert.deepEqual(world.taken(), [["kpis", [{ name: "new" }]]]);
  connection.relist();
  await world.advance(9_999);
  assert.deepEqual(world.taken(), []);
  await world.advance(1);
  assert.deepEqual(world.taken(), [["kpis", [{ name: "new" }]]]);
  assert.equal(world.sockets.length, 1);
});

test("a list that cannot be read again, or comes when its socket is gone, changes nothing", async () => {
  const world = new World();
  const connection = await live(world);
  world.answer = { status: 503 };
  connection.relist();
  await world.advance(250);
  world.answer = new Error("no network");
  connection.relist();
  await world.advance(10_000);
  connection.relist();
  world.last.onclose({ code: 4006 });
  connection.relist();
  await world.advance(60_000);
  assert.deepEqual(world.taken(), ["closed", "stopped"]);
  assert.equal(world.requests.length, 3);
});

test("a lost socket backs off with jitter, asks for the list again and opens a new one", async () => {
  const world = new World();
  await live(world);
  world.last.onclose({ code: 1006 });
  assert.deepEqual(world.taken(), ["closed", ["waiting", 250]]);
  await world.advance(249);
  assert.equal(world.sockets.length, 1);
  await world.advance(1);
  assert.deepEqual([world.sockets.length, world.requests.length], [2, 2]);
});

test("a 42xx close is followed by an attempt at once", async () => {
  const world = new World();
  await live(world);
  world.last.onclose({ code: 4200 });
  assert.deepEqual(world.taken(), ["closed", ["waiting", 0]]);
});

test("Retry-After is honoured, up to a minute", async () => {
  const world = new World();
  world.answer = { status: 503, retryAfter: "7" };
  await world.connection().start();
  assert.deepEqual(world.taken(), ["connecting", ["waiting", 7_250]]);
  world.answer.retryAfter = "86400";
  await world.advance(7_250);
  assert.deepEqual(world.taken(), ["connecting", ["waiting", 60_500]]);
});

test("a server that cannot be reached is tried again", async () => {
  const world = new World();
  world.answer = new TypeError("failed to fetch");
  await world.connection().start();
  assert.deepEqual(world.taken(), ["connecting", ["waiting", 250]]);
});

test("sockets that never open while the server answers are no restart: what to mend is told, until one opens", async () => {
  const world = new World();
  const hints = [];
  const connection = world.connection({ state: ({ phase, hint }) => phase === "waiting" && hints.push(hint) });
  await connection.start();
  for (let i = 0; i < 3; i++) {
    world.last.onclose({ code: 1006 });
    await world.advance(60_000);
  }
  assert.equal(hints[0], "");
  for (const hint of hints.slice(1)) assert.match(hint, /http:\/\/board\.test is missing in the setting allowed_origins/);
  world.last.onopen({});
  world.last.onclose({ code: 1006 });
  assert.deepEqual([hints.length, hints.at(-1)], [4, ""]);
  connection.stop();
});

test("a socket that goes silent for two heartbeats is given up", async () => {
  const world = new World();
  await live(world);
  await world.advance(54_999);
  assert.deepEqual(world.taken(), []);
  await world.advance(1);
  assert.deepEqual(world.taken()[0], "closed");
  assert.equal(world.sockets[0].readyState, 3);
});

test("a socket that never welcomes is given up", async () => {
  const world = new World();
  await world.connection().start();
  await world.advance(10_000);
  assert.equal(world.taken().at(-1)[0], "waiting");
});

test("a drain is shown and passed on", async () => {
  const world = new World();
  await live(world);
  world.hear({ type: "drain", in_ms: 3_000 });
  assert.deepEqual(world.taken(), ["draining", ["message", { type: "drain", in_ms: 3_000 }]]);
});

test("after stop nothing is said and nothing is tried", async () => {
  const world = new World();
  const connection = await live(world);
  const old = world.last;
  connection.stop();
  assert.deepEqual(world.taken(), ["closed"]);
  old.onmessage({ data: JSON.stringify(welcome) });
  old.onclose({ code: 1006 });
  await world.advance(120_000);
  assert.deepEqual([world.taken(), world.sockets.length], [[], 1]);
});

test("starting twice makes one connection", async () => {
  const world = new World();
  const connection = world.connection();
  await Promise.all([connection.start(), connection.start()]);
  await connection.start();
  assert.equal(world.sockets.length, 1);
});

test("entries of the list without a name are left out", async () => {
  const world = new World();
  world.answer.body = { kpis: [null, { name: 3 }, { name: "k" }] };
  await world.connection().start();
  assert.deepEqual(world.taken()[1], ["kpis", [{ name: "k" }]]);
});
