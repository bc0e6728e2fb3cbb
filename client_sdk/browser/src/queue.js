/**
 * The persistent queue of one producer identity: a journal that outlives its page, and the ledger that belongs to it.
 *
 * Law: a chunk gets its seq, and is stored with it, before it is sent; it leaves the store only when it is acked.
 * Seqs are dense: the assigned chunks are the first ones and carry `acked + 1, acked + 2, ..`; the rest are fresh.
 *
 * No write spans two keys (journal.js says which there are), so each crash point has a reading:
 *
 *   head of an ack written, events not yet removed  they are before the first cut: dropped at load
 *   event written, head not yet                     `close` (ledger.js) counts it
 *   events given up removed, head not yet           `close` finds them nowhere: expired, as they are
 *   a seq without events (a write was refused)      the identity is renumbered; the server goes by uuid
 */

import { utf8Length } from "./event.js";
import { Journal } from "./journal.js";
import { close, fold } from "./ledger.js";
import { count } from "./number.js";
import { quietly } from "./store.js";

/** @typedef {import("./journal.js").Chunk} Chunk */
/** @typedef {Chunk & {seq: number}} Assigned */
/** @typedef {import("./journal.js").Caps & {oldest: () => number}} Caps `oldest`: epoch milliseconds; what was begun before is given up */

export class Queue extends Journal {
  /** Whether the server is known to hold our seqs, so that a batch that overtakes another is a gap and no beginning. */
  known = false;

  /**
   * Opens what is stored for `id`, or an empty queue.
   * @param {import("./store.js").Store} store
   * @param {string} prefix
   * @param {string} id
   * @param {Caps} caps
   */
  constructor(store, prefix, id, caps) {
    super(store, prefix, id, caps);
    this.#load();
  }

  /** Highest seq given out in this epoch. */
  get highest() {
    return this.acked + this.assigned().length;
  }

  /** The chunk with this seq. @param {number} seq @returns {Assigned | undefined} */
  bySeq(seq) {
    return /** @type {Assigned[]} */ (this.chunks).find((chunk) => chunk.seq === seq);
  }

  /**
   * The batch after `after`, for a way without credit (HTTP, beacon): under its seq, stored before it is returned.
   * @param {number} after `acked` for the oldest
   * @param {number} maxBytes a fresh chunk is cut to this size
   * @param {number} [maxEvents] and to this many
   */
  next(after, maxBytes, maxEvents = Infinity) {
    const chunk = this.fresh();
    if (chunk && after === this.highest) {
      if (chunk.bytes > maxBytes) this.split(chunk, maxBytes, maxEvents);
      this.assign(/** @type {Chunk} */ (this.fresh()), after + 1);
    }
    return this.bySeq(after + 1);
  }

  /**
   * Cut a fresh chunk so that its first part has at most `maxBytes` and `maxEvents`: one event at least, and not all.
   * @param {Chunk} chunk
   * @param {number} maxBytes
   * @param {number} maxEvents
   */
  split(chunk, maxBytes, maxEvents) {
    const { entries } = chunk;
    let n = 0;
    let bytes = 0;
    while (n < entries.length - 1 && (!n || (n < maxEvents && bytes + entries[n].bytes <= maxBytes))) {
      bytes += entries[n].bytes;
      n += 1;
    }
    if (!n) return;
    this.chunks.splice(this.chunks.indexOf(chunk), 0, { entries: entries.splice(0, n), bytes, sealed: true });
    chunk.bytes -= bytes;
  }

  /** Begin a new epoch: every chunk is fresh again, with the same uuids. One write, so it cannot be half done. */
  renumber() {
    this.epoch += 1;
    this.restart();
    this.save();
  }

  /** Give up what has waited too long; where it had a seq the others are numbered anew. */
  expire() {
    const oldest = /** @type {Caps} */ (this.caps).oldest();
    const old = this.chunks.filter(({ entries: [{ uuid }] }) => madeAt(uuid) < oldest);
    if (old.some(({ seq }) => seq)) this.renumber();
    for (const chunk of old) this.discard(chunk, "old");
  }

  /** All seqs are given back, in memory. */
  restart() {
    this.acked = 0;
    this.known = false;
    for (const chunk of this.chunks) {
      chunk.seq = undefined;
      chunk.sealed = true;
    }
  }

  #load() {
    const head = this.store.json(this.prefix + this.id);
    this.epoch = count(head, "epoch") || 1;
    this.acked = count(head, "acked");
    fold(this.ledger, head?.ledger);
    // Old libraries (prototype.js) make text of arrays on their way into JSON: the ten digits of each place are there.
    const cuts = (`${head?.cuts}`.match(/\d{10}/g) ?? []).map(Number);
    let batch = 0;
    for (const key of this.store.keys(this.key(""))) {
      const text = /** @type {string} */ (this.store.get(key));
      const place = +key.slice(key.lastIndexOf(":") + 1);
      const passed = cuts.filter((cut) => cut <= place).length;
      const uuid = quietly(() => JSON.parse(text).uuid);
      if (typeof uuid === "string" && place && (passed || !cuts.length)) {
        if (passed > batch) this.seal();
        batch = passed;
        this.put({ uuid, text, bytes: utf8Length(text), at: 0, place });
        if (passed < cuts.length) this.chunks[this.chunks.length - 1].seq = this.acked + passed;
      } else {
        this.store.remove(key);
      }
    }
    this.seal();
    this.place = Math.max(this.place, cuts.at(-1) ?? 0);
    const lost = close(this.ledger, this.events);
    if (lost) this.caps.dropped(lost, "lost");
    this.expire();
    if (this.chunks.some(({ seq }, i) => seq && seq !== this.acked + i + 1)) this.renumber();
  }
}

/** Epoch milliseconds at which an id was made (UUIDv7). @param {string} uuid */
const madeAt = (uuid) => parseInt(uuid.replace("-", "").slice(0, 12), 16);
