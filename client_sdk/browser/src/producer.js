/**
 * The producer's side of protocol v1 as a pure state machine: no socket, no timer, no clock, no randomness. `receive`
 * and `poll` return the work; their caller does it.
 *
 *   hello -> welcome -> (batch | resend)* ; ack, nack and welcome move the window; `closed` ends it; then hello again
 *
 * Credit is absolute: a batch may go when `seq <= credit.seq` and the bytes of all batch frames since welcome stay
 * within `credit.bytes`. Whether the server knows us decides how to resume:
 *
 *   known, last_seq within [acked, highest]   settled up to there, the rest is resent under the same seqs
 *   known, last_seq elsewhere                 one side lost its memory: new epoch, same uuids
 *   unknown, nothing was ever acked           go on, the server takes our first seq as its start
 *   unknown, batches were acked               the server forgot us: new epoch, same uuids
 */

import { columns } from "./columns.js";
import { utf8Length } from "./event.js";
import * as messages from "./messages.js";
import { count } from "./number.js";
import { settle } from "./verdict.js";

/** @typedef {import("./queue.js").Queue} Queue */
/**
 * @typedef {object} Work what the caller has to do, in this order
 * @property {string[]} send frames
 * @property {boolean} reconnect close the socket and say hello again
 * @property {[string, unknown][]} events to be told to listeners
 */

/** Frame bytes that are not events: type, seq, sent_at, backlog with all their digits. */
const ENVELOPE = 128;
/** After a warning that we overran our credit: the books differ, so wait for an ack or this long. */
const OVERRUN_HOLD_MS = 1_000;
/** A limit below this is none: no event would get through, and each would be given up for it. */
const LEAST_FRAME = 1_024;
/** The server must not be able to hold us, or to slow us down, for ever by mistake. */
const LONGEST_HOLD_MS = 300_000;
const LONGEST_FLUSH_MS = 60_000;

/** Any array, for what the page has given to all of them. */
const ARRAY = /** @type {{toJSON?: unknown}} */ ([]);

/** Nothing to do yet. @returns {Work} */
export const noWork = () => ({ send: [], reconnect: false, events: [] });

export class Producer {
  /** Whether welcome was heard on the present connection. */
  ready = false;
  /** Server's advice 0..3; low-priority events are shed from 2 on. */
  level = 0;
  /** How long a batch is gathered, milliseconds. */
  flushMs = 500;
  /** Steady time before which nothing may be sent. */
  holdUntil = 0;
  /** Highest seq sent on the present connection. */
  #sent = 0;
  /** Bytes of batch frames since welcome. */
  #used = 0;
  #credit = { seq: 0, bytes: 0 };
  #limits = { frame: 262_144, events: 500 };
  /** Whether the server reads columns. */
  #columns = false;

  /** @param {Queue} queue */
  constructor(queue) {
    this.queue = queue;
  }

  /** Who we are on the wire. */
  get identity() {
    return { id: this.queue.id, epoch: this.queue.epoch };
  }

  /**
   * The first frame of a connection.
   * @param {string} token
   * @param {{name: string, version: string}} sdk
   * @param {Record<string, unknown>} defaults
   */
  hello(token, sdk, defaults) {
    this.closed();
    return messages.hello(token, { ...this.identity, next_seq: this.queue.acked + 1 }, sdk, defaults);
  }

  /** The connection is gone; nothing more may be sent before the next welcome. */
  closed() {
    this.ready = false;
  }

  /**
   * What may be sent now, and when to ask again at the latest.
   * @param {number} now steady time
   * @param {number} wall epoch milliseconds
   * @param {number} [most] frames
   * @returns {{frames: string[], wake: number}} `wake` is a steady time; Infinity = not before something changes
   */
  poll(now, wall, most = Infinity) {
    const { queue } = this;
    /** @type {string[]} */
    const frames = [];
    while (this.ready) {
      const chunk = queue.bySeq(this.#sent + 1) ?? queue.fresh();
      if (!chunk) break;
      const due = chunk.sealed ? this.holdUntil : Math.max(chunk.entries[0].at + this.flushMs, this.holdUntil);
      const seq = this.#sent + 1;
      if (seq > this.#credit.seq) break;
      if (due > now || frames.length >= most) return { frames, wake: due };
      if (!chunk.seq && this.#oversized(chunk)) continue;
      if (this.#used + chunk.bytes > this.#credit.bytes) break;
      const backlog = queue.chunks.length - (seq - queue.acked);
      let frame = messages.batch(seq, wall, backlog, chunk.entries);
      // Old libraries (prototype.js) make text of arrays on their way into JSON; rows have none.
      const other = this.#columns && !ARRAY.toJSON ? columns(seq, wall, backlog, chunk.entries) : frame;
      if (other.length < frame.length) frame = other;
      const bytes = utf8Length(frame);
      if (this.#used + bytes > this.#credit.bytes) break;
      if (!chunk.seq) queue.assign(chunk, seq);
      this.#used += bytes;
      this.#sent = seq;
      frames.push(frame);
    }
    return { frames, wake: Infinity };
  }

  /**
   * Take one message of the server.
   * @param {messages.Message} message
   * @param {number} now steady time
   * @param {number} wall epoch milliseconds
   * @returns {Work}
   */
  receive(message, now, wall) {
    const work = noWork();
    switch (message.type) {
      case "welcome":
        if (!this.ready) this.#welcome(message, now, work);
        break;
      case "ack":
        if (!this.ready) break;
        this.settle(count(message, "seq"), message.verdicts, work);
        this.#window(message, now);
        break;
      case "nack":
        if (this.ready) this.#rewind(count(message, "want"), work);
        break;
      case "ping":
        work.send.push(messages.pong(count(message, "now"), wall));
        break;
      case "warn":
        if (message.code === "over_credit") this.#overran(count(message, "seq"), now);
        work.events.push(["warn", message]);
        break;
      case "push":
      case "drain":
      case "error":
        work.events.push([message.type, message]);
        break;
      default: // a message of a later version: nothing we would know how to do
    }
    return work;
  }

  /**
   * Everything up to `seq` is durable, said over the socket or over HTTP.
   * @param {number} seq
   * @param {unknown} verdicts
   * @param {Work} work
   */
  settle(seq, verdicts, work) {
    const { queue } = this;
    const before = queue.acked;
    for (const { entry, outcome, reason } of settle(queue, seq, verdicts)) {
      const { event, uuid } = JSON.parse(entry.text);
      work.events.push(["verdict", { event, uuid, outcome, reason }]);
    }
    if (queue.acked > before) work.events.push(["ack", { seq: queue.acked }]);
    this.#sent = Math.max(this.#sent, queue.acked);
    queue.known = true;
  }

  /** The oldest batch, for a way without credit. @param {number} maxBytes a fresh one is cut to this size */
  oldest(maxBytes) {
    return this.queue.next(this.queue.acked, maxBytes, this.#limits.events);
  }

  /** Our memory and the server's differ: same events, same uuids, new epoch. @param {Work} work */
  renumber(work) {
    this.queue.renumber();
    this.closed();
    work.reconnect = true;
  }

  /** @param {messages.Message} message @param {number} now @param {Work} work */
  #welcome(message, now, work) {
    const { queue } = this;
    const resume = /** @type {Record<string, unknown> | undefined} */ (message.resume);
    const last = count(resume, "last_seq", queue.acked);
    const agrees = resume?.known ? last >= queue.acked && last <= queue.highest : queue.acked === 0;
    this.#limits = {
      frame: Math.max(LEAST_FRAME, count(message.limits, "max_frame", this.#limits.frame)),
      events: count(message.limits, "max_events") || this.#limits.events,
    };
    const misfit = queue.chunks.some((chunk) => /** @type {number} */ (chunk.seq) > Math.max(last, queue.acked) && this.#exceeds(chunk));
    if (!agrees || misfit) {
      this.renumber(work);
      return;
    }
    if (resume?.known) this.settle(last, [], work);
    this.#columns = `${message.formats}`.includes("columns");
    this.ready = true;
    queue.known = true;
    this.#used = 0;
    this.#sent = queue.acked;
    this.#credit = { seq: 0, bytes: 0 };
    this.#window(message, now);
  }

  /** Level, pace and credit, as carried by welcome and ack. @param {messages.Message} message @param {number} now */
  #window(message, now) {
    this.#credit.seq = Math.max(this.#credit.seq, count(message.credit, "max_seq"));
    this.#credit.bytes = Math.max(this.#credit.bytes, count(message.credit, "max_bytes"));
    this.level = count(message, "level", this.level);
    this.flushMs = Math.min(count(message, "flush_ms", this.flushMs), LONGEST_FLUSH_MS);
    this.holdUntil = now + Math.min(count(message, "wait_ms"), LONGEST_HOLD_MS);
  }

  /** @param {number} want @param {Work} work */
  #rewind(want, work) {
    if (this.queue.bySeq(want)) this.#sent = want - 1;
    else if (want !== this.queue.highest + 1) this.renumber(work);
  }

  /** @param {number} seq @param {number} now */
  #overran(seq, now) {
    if (this.queue.bySeq(seq)) this.#sent = Math.min(this.#sent, seq - 1);
    this.holdUntil = Math.max(this.holdUntil, now + OVERRUN_HOLD_MS);
  }

  /** Whether a chunk is more than the server ever takes at once. @param {import("./journal.js").Chunk} chunk */
  #exceeds({ bytes, entries: { length } }) {
    return length > this.#limits.events || bytes + length + ENVELOPE > this.#limits.frame;
  }

  /**
   * Cut a fresh chunk that the server's limits, or a small window with nothing under way, would never let through.
   * @param {import("./journal.js").Chunk} chunk
   * @returns {boolean} whether the queue changed, so that the caller must look again
   */
  #oversized(chunk) {
    const { length } = chunk.entries;
    const window = this.#sent === this.queue.acked ? this.#credit.bytes - this.#used : Infinity;
    const space = Math.min(this.#limits.frame, window) - ENVELOPE - length;
    const exceeds = this.#exceeds(chunk);
    if (!exceeds && chunk.bytes <= space) return false;
    if (length > 1) {
      if (space > 0) this.queue.split(chunk, space, this.#limits.events);
      return space > 0; // else only the window is too small: more credit will come
    }
    if (exceeds) this.queue.discard(chunk, "too_large", "rejected");
    return exceeds;
  }
}
