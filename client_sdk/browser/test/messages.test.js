import assert from "node:assert/strict";
import { test } from "node:test";

import { batch, decode, hello, pong, post } from "../src/messages.js";
import { vectors } from "./vectors.js";

const client = Object.fromEntries(vectors("client").map((vector) => [vector.name, vector]));

test("hello, batch and pong are byte for byte the golden frames", () => {
  const said = client.hello_producer.message;
  assert.equal(hello(said.token, said.producer, said.sdk, said.defaults), client.hello_producer.frame);
  const { seq, sent_at, backlog, events } = client.batch.message;
  const texts = events.map((event) => ({ text: JSON.stringify(event) }));
  assert.equal(batch(seq, sent_at, backlog, texts), client.batch.frame);
  assert.equal(pong(client.pong.message.now, client.pong.message.sent), client.pong.frame);
});

test("every golden frame of the server decodes to its message", () => {
  for (const { name, frame, message } of vectors("server")) assert.deepEqual(decode(frame), [message], name);
});

test("a frame may hold several messages, and what is none is left out", () => {
  assert.deepEqual(decode('[{"type":"ping","now":1},5,null,{"type":7},[],{"type":"ack"}]'), [
    { type: "ping", now: 1 },
    { type: "ack" },
  ]);
  for (const data of ["", "{", "null", "5", '"x"', "[]", new ArrayBuffer(2), undefined])
    assert.deepEqual(decode(data), []);
});

test("a posted body is JSON with the ids of the batch", () => {
  const body = post('w"k', { id: "p", epoch: 2 }, 7, 123, { distinct_id: "u" }, [{ text: '{"event":"a"}' }, { text: '{"event":"b"}' }]);
  assert.deepEqual(JSON.parse(body), {
    token: 'w"k',
    producer: { id: "p", epoch: 2 },
    seq: 7,
    sent_at: 123,
    defaults: { distinct_id: "u" },
    events: [{ event: "a" }, { event: "b" }],
  });
});
