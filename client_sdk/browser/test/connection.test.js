import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Backoff } from "../src/backoff.js";
import { Connection } from "../src/connection.js";

class FakeSocket {
  readyState = 0;
  sent = [];
  closedWith = null;
  open() {
    this.readyState = 1;
    this.onopen?.();
  }
  send(text) {
    this.sent.push(text);
  }
  close(code) {
    this.closedWith = code;
    this.readyState = 3;
  }
  end(code) {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

let sockets, states, heard, closes, now, parts, connection;

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  [sockets, states, heard, closes, now] = [[], [], [], [], 0];
  parts = {
    dial: () => sockets[sockets.push(new FakeSocket()) - 1],
    backoff: new Backoff(() => 0.5),
    now: () => now,
    notBefore: () => 0,
    opened: () => connection.send("hello"),
    message: (data) => heard.push(data),
    closed: (code, failures) => (closes.push([code, failures]), false),
    changed: (state, code) => states.push(code ? `${state} ${code}` : state),
  };
  connection = new Connection(parts);
});

function pass(ms) {
  now += ms;
  mock.timers.tick(ms);
}

const last = () => sockets[sockets.length - 1];

function healthy() {
  connection.connect();
  last().open();
  connection.welcomed(25_000);
}

test("hello goes out when the socket is up, and welcome makes it open", () => {
  healthy();
  last().onmessage({ data: "x" });
  assert.deepEqual([last().sent, heard, states], [["hello"], ["x"], ["connecting", "open"]]);
});

test("a lost socket is dialled again after the back-off", () => {
  healthy();
  last().end(1006);
  assert.deepEqual(states.at(-1), "waiting 1006");
  pass(249);
  assert.equal(sockets.length, 1);
  pass(1);
  assert.equal(sockets.length, 2);
});

test("a socket that fails without a close is lost all the same, and one with a close keeps its code", () => {
  connection.connect();
  last().onerror();
  pass(100);
  assert.deepEqual(closes, [[1006, 1]]);
  pass(250);
  last().onerror();
  last().end(4001);
  pass(10_000);
  assert.deepEqual(closes, [
    [1006, 1],
    [4001, 2],
  ]);
  assert.equal(sockets.length, 2);
});

test("the back-off starts anew only after five healthy seconds", () => {
  for (const [health, wait] of [
    [4_999, 500],
    [5_000, 250],
  ]) {
    connection = new Connection({ ...parts, backoff: new Backoff(() => 0.5) });
    connection.connect();
    last().end(1006);
    pass(250);
    last().open();
    connection.welcomed(25_000);
    pass(health);
    const before = sockets.length;
    last().end(1006);
    pass(wait - 1);
    assert.equal(sockets.length, before);
    pass(1);
    assert.equal(sockets.length, before + 1);
  }
});

test("a code that forbids it is never retried", () => {
  healthy();
  last().end(4001);
  assert.equal(connection.state, "stopped");
  pass(3_600_000);
  connection.connect();
  assert.equal(sockets.length, 1);
  assert.equal(states.at(-1), "stopped 4001");
});

test("a code that says now is retried at once, but not in a hot loop", () => {
  healthy();
  last().end(4200);
  pass(0);
  assert.equal(sockets.length, 2);
  last().end(4200);
  pass(249);
  assert.equal(sockets.length, 2);
  pass(1);
  assert.equal(sockets.length, 3);
});

test("a wait that the server asked for is kept", () => {
  parts.notBefore = () => 7_000;
  connection = new Connection(parts);
  connection.connect();
  last().end(1013);
  pass(6_999);
  assert.equal(sockets.length, 1);
  pass(1);
  assert.equal(sockets.length, 2);
});

test("silence of two and a half heartbeats ends the socket", () => {
  healthy();
  pass(40_000);
  last().onmessage({ data: "ping" });
  pass(62_499);
  assert.equal(last().closedWith, null);
  pass(1);
  assert.equal(last().closedWith, 4103);
  assert.equal(connection.state, "waiting");
});

test("a heartbeat without end is an hour of patience at most", () => {
  connection.connect();
  last().open();
  connection.welcomed(Number.MAX_SAFE_INTEGER);
  pass(3_599_999);
  assert.equal(last().closedWith, null);
  pass(1);
  assert.equal(last().closedWith, 4103);
});

test("a dial without welcome is given up after ten seconds", () => {
  connection.connect();
  last().open();
  pass(10_000);
  assert.equal(last().closedWith, 4103);
  assert.deepEqual(closes, [[4103, 1]]);
});

test("a socket that was let go of is not heard any more", () => {
  healthy();
  const old = last();
  connection.reconnect();
  assert.equal(old.closedWith, 1000);
  assert.deepEqual([old.onclose, old.onmessage], [null, null]);
  pass(0);
  assert.equal(sockets.length, 2);
});

test("a browser that refuses to dial counts as a lost socket", () => {
  parts.dial = () => {
    throw new DOMException("blocked", "SecurityError");
  };
  connection = new Connection(parts);
  connection.connect();
  assert.deepEqual(closes, [[1006, 1]]);
  assert.equal(connection.state, "waiting");
});

test("who deals with a close keeps the code's rule from being followed", () => {
  parts.closed = () => true;
  connection = new Connection(parts);
  connection.connect();
  last().end(4009);
  assert.equal(connection.state, "connecting");
  connection.reconnect();
  pass(0);
  assert.equal(sockets.length, 2);
});

test("paused it does not dial by itself, and connect wakes it", () => {
  healthy();
  connection.pause();
  pass(100_000);
  assert.deepEqual([sockets.length, connection.state, last().closedWith], [1, "idle", 1000]);
  connection.connect();
  assert.equal(sockets.length, 2);
});

test("nothing is sent into a socket that is not up", () => {
  connection.connect();
  connection.send("early");
  assert.deepEqual(last().sent, []);
});
