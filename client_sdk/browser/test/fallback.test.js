import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Fallback } from "../src/fallback.js";
import { post } from "../src/messages.js";
import { Producer } from "../src/producer.js";
import { Queue } from "../src/queue.js";
import { Store } from "../src/store.js";
import { CAPS } from "./queues.js";
import { ModelGateway } from "./gateway.js";

let gateway, producer, posts, stops, work, now, answer, fallback;

beforeEach(() => {
  gateway = new ModelGateway();
  producer = new Producer(new Queue(new Store().attach(() => null), "q:", "p", CAPS));
  [posts, stops, work, now] = [[], [], [], 0];
  answer = (body) => {
    const { status, reply } = gateway.post(body);
    return Response.json(reply, { status });
  };
  fallback = new Fallback({
    producer,
    body: (seq, events) => post("wk", producer.identity, seq, 0, {}, events),
    fetch: async (body) => {
      posts.push(JSON.parse(body));
      return answer(body);
    },
    now: () => now,
    apply: (done) => work.push(done),
    stop: (code) => stops.push(code),
  });
});

function capture(n) {
  for (let i = 0; i < n; i++) {
    const uuid = `u${producer.queue.ledger.sent}`;
    const text = JSON.stringify({ event: i === 3 ? "bad" : "a", uuid });
    producer.queue.add({ uuid, text, bytes: text.length, at: 0 });
  }
}

const books = () => producer.queue.balance();

test("batches go one by one, in order, and their verdicts are counted", async () => {
  capture(120);
  await fallback.run();
  assert.deepEqual(
    posts.map(({ seq, events }) => [seq, events.length]),
    [
      [1, 50],
      [2, 50],
      [3, 20],
    ],
  );
  assert.deepEqual(books(), { sent: 120, accepted: 119, duplicate: 0, rejected: 1, expired: 0, pending: 0 });
  assert.ok(fallback.working);
});

test("a lost answer is posted again under the same seq and counted once", async () => {
  capture(50);
  const healthy = answer;
  answer = (body) => {
    healthy(body);
    throw new TypeError("network");
  };
  await fallback.run();
  assert.ok(!fallback.working);
  answer = healthy;
  await fallback.run();
  assert.deepEqual(
    posts.map(({ seq }) => seq),
    [1, 1],
  );
  assert.equal(gateway.applied.length, 49);
  assert.equal(books().pending, 0);
});

test("429 and 503 are waited out as long as they say", async () => {
  for (const status of [429, 503]) {
    capture(1);
    const healthy = answer;
    answer = () => new Response("", { status, headers: { "Retry-After": "7" } });
    await fallback.run();
    answer = healthy;
    const before = posts.length;
    now += 6_999;
    await fallback.run();
    assert.equal(posts.length, before);
    now += 1;
    await fallback.run();
    assert.equal(posts.length, before + 1);
  }
});

test("a 200 that does not name the batch is nobody's word on it: what was posted stays, and is posted again", async () => {
  capture(50);
  const healthy = answer;
  for (const body of ["<h1>Offline</h1>", "", "null", "{}", '{"seq":2,"verdicts":[]}', '{"seq":"1"}']) {
    answer = () => new Response(body);
    await fallback.run();
    assert.deepEqual([books().pending, fallback.working], [50, false], body);
    now += 5_000;
  }
  answer = healthy;
  await fallback.run();
  assert.deepEqual([books().accepted, books().pending], [49, 0]);
  assert.ok(posts.every(({ seq }) => seq === 1));
});

test("a gap in what was once acked means a new epoch", async () => {
  capture(50);
  await fallback.run();
  gateway.producers.clear();
  capture(1);
  await fallback.run();
  assert.ok(work.at(-1).reconnect);
  await fallback.run();
  assert.deepEqual(
    posts.map(({ producer: { epoch }, seq }) => [epoch, seq]),
    [
      [1, 1],
      [1, 2],
      [2, 1],
    ],
  );
  assert.equal(books().pending, 0);
});

test("what the server will never take stops with the matching close code", async () => {
  for (const [status, body, code] of [
    [400, "", 4000],
    [401, "", 4001],
    [403, "", 4003],
    [413, "", 4000],
    [409, "{}", 4009],
  ]) {
    capture(1);
    stops.length = 0;
    answer = () => new Response(body, { status });
    await fallback.run();
    assert.deepEqual(stops, [code]);
  }
});

test("an answer to an identity that was given up meanwhile is not counted", async () => {
  capture(1);
  answer = (body) => {
    const { status, reply } = gateway.post(body);
    producer.queue.move("other", false);
    answer = () => new Response("", { status: 503 });
    return Response.json(reply, { status });
  };
  await fallback.run();
  assert.equal(books().pending, 1);
});

test("nothing is posted while the socket is up, and only one run goes at a time", async () => {
  capture(1);
  producer.ready = true;
  await fallback.run();
  assert.equal(posts.length, 0);
  producer.ready = false;
  await Promise.all([fallback.run(), fallback.run()]);
  assert.equal(posts.length, 1);
});
