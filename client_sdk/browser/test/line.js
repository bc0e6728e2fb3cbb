/** One producer on one line, driven by hand: it says, hears, captures and reloads as a test tells it. */

import { Producer } from "../src/producer.js";
import { Queue } from "../src/queue.js";
import { Store } from "../src/store.js";
import { CAPS } from "./queues.js";
import { MemoryStorage } from "./storage.js";

export const WALL = 1_795_334_400_000;
export const SDK = { name: "browser", version: "0" };
let storage;
export let producer;
/** What the page was told it has lost: `[events, reason]`. */
export let drops;
let made;

/** The page again: a new producer over what is stored. */
export function reload() {
  drops = [];
  const caps = { ...CAPS, dropped: (events, reason) => drops.push([events, reason]) };
  producer = new Producer(new Queue(new Store().attach(() => storage), "q:", "p", caps));
}

/** A new browser: nothing stored. */
export function reset() {
  storage = new MemoryStorage();
  made = 0;
  reload();
}

export function capture(n = 1, { now = 0, size = 0 } = {}) {
  for (let i = 0; i < n; i++) {
    const text = JSON.stringify({ event: "a", uuid: `u${String(++made).padStart(4, "0")}`, pad: "x".repeat(size) });
    producer.queue.add({ uuid: JSON.parse(text).uuid, text, bytes: text.length, at: now });
  }
  producer.queue.save();
}

export const welcome = (resume, extra = {}) => ({
  type: "welcome",
  limits: { max_frame: 262_144, max_events: 500, max_depth: 16 },
  credit: { max_seq: (resume?.last_seq ?? 0) + 4, max_bytes: 262_144 },
  resume,
  flush_ms: 500,
  level: 0,
  ...extra,
});

/** Say hello and hear welcome; the hello. */
export function connect(resume = { known: false, last_seq: producer.queue.acked }, extra = {}) {
  const hello = JSON.parse(producer.hello("wk", SDK, {}));
  return { hello, work: producer.receive(welcome(resume, extra), 0, WALL) };
}

export const ack = (seq, extra = {}) =>
  producer.receive(
    { type: "ack", seq, credit: { max_seq: seq + 4, max_bytes: 1 << 22 }, level: 0, flush_ms: 500, ...extra },
    0,
    WALL,
  );

export const poll = (now = 0) => {
  const { frames, wake } = producer.poll(now, WALL);
  return { frames: frames.map((frame) => JSON.parse(frame)), wake };
};

export const seqs = (now) => poll(now).frames.map((frame) => frame.seq);
export const sent = (frames) => frames.flatMap((frame) => frame.events.map((event) => event.uuid));
export const books = () => producer.queue.balance();
