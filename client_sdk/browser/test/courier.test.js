import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Courier } from "../src/courier.js";
import { welcome } from "./line.js";
import { CAPS, add, check, open } from "./queues.js";
import { MemoryStorage } from "./storage.js";

/** Sockets that were dialled; `refused`: no dial succeeds. @type {Socket[]} */
let sockets;
let refused;
/** Bodies that were posted. */
let posts;
let queue;
let courier;

class Socket {
  readyState = 1;
  frames = [];

  constructor() {
    if (refused) throw new Error("forbidden");
    sockets.push(this);
  }

  send(text) {
    this.frames.push(JSON.parse(text));
  }

  hear(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }

  close() {}
}

const now = { WebSocket: globalThis.WebSocket, fetch: globalThis.fetch };

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(Math, "random", () => 1); // the longest back-off
  sockets = [];
  posts = [];
  refused = false;
  globalThis.WebSocket = Socket;
  globalThis.fetch = async (_, { body }) => {
    posts.push(JSON.parse(body));
    return Response.json({ seq: posts.at(-1).seq, verdicts: [] });
  };
  queue = open(new MemoryStorage());
  courier = make();
});

function make() {
  const ignore = () => {};
  const settings = { url: "http://gateway", key: "wk", defaults: () => ({}), emit: ignore, progressed: ignore };
  return new Courier(queue, { ...settings, fenced: () => assert.fail("fenced") });
}

afterEach(() => {
  courier.stop();
  mock.timers.reset();
  mock.restoreAll();
  Object.assign(globalThis, now);
});

/** Let what has begun come to its end. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A socket that has heard welcome, for a queue with these events. */
function connected(events) {
  courier.start();
  const [socket] = sockets;
  socket.onopen();
  socket.hear(welcome({ known: false, last_seq: 0 }));
  for (let i = 0; i < events; i++) add(queue);
  return socket;
}

const seqs = ({ frames }) => frames.filter(({ type }) => type === "batch").map(({ seq }) => seq);

test("each batch is sent in a task of its own", () => {
  const socket = connected(150);
  const tasks = [];
  mock.method(globalThis, "setTimeout", (task) => tasks.push(task));
  courier.kick();
  for (const sent of [[], [1], [1, 2]]) {
    assert.deepEqual(seqs(socket), sent);
    assert.equal(tasks.length, 1);
    tasks.pop()();
  }
  assert.deepEqual(seqs(socket), [1, 2, 3]);
  assert.equal(tasks.length, 0);
});

test("when there may be no further task all is sent in this one", () => {
  const socket = connected(150);
  courier.kick(Infinity);
  assert.deepEqual(seqs(socket), [1, 2, 3]);
});

test("an ack brings the next batch at once", () => {
  const socket = connected(300);
  courier.kick(Infinity);
  assert.deepEqual(seqs(socket), [1, 2, 3, 4]);
  socket.hear({ type: "ack", seq: 1, credit: { max_seq: 9, max_bytes: 1 << 20 }, level: 0, flush_ms: 500 });
  assert.deepEqual(seqs(socket), [1, 2, 3, 4, 5]);
});

test("what has waited too long while the page was open is given up before the next dial", () => {
  let oldest = 0;
  queue = open(new MemoryStorage(), { ...CAPS, oldest: () => oldest });
  courier = make();
  courier.start();
  const [socket] = sockets;
  socket.onopen();
  socket.hear(welcome());
  for (const time of [1_000, 2_000]) {
    const uuid = `${time.toString(16).padStart(12, "0").replace(/^.{8}/, "$&-")}-7000-8000-000000000000`;
    const text = JSON.stringify({ event: "a", uuid });
    queue.add({ uuid, text, bytes: text.length, at: 0 });
    queue.seal();
  }
  courier.kick(Infinity);
  assert.equal(socket.frames.filter(({ type }) => type === "batch").length, 2);
  oldest = 1_500;
  courier.restart();
  mock.timers.tick(1);
  sockets[1].onopen();
  assert.deepEqual(sockets[1].frames[0].producer, { id: "p", epoch: 2, next_seq: 1 });
  assert.deepEqual([queue.events, queue.ledger.expired], [1, 1]);
  check(queue);
});

test("where posts get through they go on about once a second, however often something is captured", async () => {
  refused = true;
  add(queue);
  courier.start();
  mock.timers.tick(500);
  await settled();
  assert.equal(posts.length, 1);
  for (let i = 0; i < 100; i++) {
    add(queue);
    courier.kick();
    mock.timers.tick(100);
    await settled();
  }
  assert.ok(posts.length >= 9 && posts.length <= 15, `${posts.length} posts`);
  assert.ok(queue.ledger.accepted >= 90);
});
