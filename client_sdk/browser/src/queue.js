/**
 * The persistent queue of one producer identity: chunks of events, oldest first, and the ledger that belongs to them.
 *
 * Law: a chunk gets its seq, and is stored with it, before it is sent; it leaves the store only when it is acked.
 * Seqs are dense: the assigned chunks are the first ones and carry `acked + 1, acked + 2, ..`; the rest are fresh.
 *
 * Stored under `<prefix><id>`: the head `{epoch, acked, ledger}`; under `<prefix><id>:<uuid of its first event>` each
 * chunk `{e, s, v}`: epoch, seq (0 = fresh), events. No write spans two keys, so each crash point has a reading:
 *
 *   head of an ack written, chunk not yet removed   its seq is at most `acked`: it is dropped at load
 *   head of a new epoch written, chunks not yet     their epoch is not the head's: they are fresh again
 *   chunk written, head not yet                     `ledger.close` counts the new events
 *   a seq missing (a write was refused)             the identity is renumbered; the server goes by uuid
 */

import { CHUNK_BYTES, beginChunk, cutPoint, encodeChunk, findings, isFull, restoreChunk } from "./chunk.js";
import { Ledger } from "./ledger.js";
import { count } from "./messages.js";

/** @typedef {import("./chunk.js").Chunk} Chunk */
/** @typedef {import("./chunk.js").Finding} Finding */
/** @typedef {{maxEvents: number, maxBytes: number}} Caps */

export class Queue {
  epoch = 1;
  /** Highest seq of this epoch that the server has made durable; 0 = none. */
  acked = 0;
  /** How many chunks, from the first, have a seq. */
  assigned = 0;
  /** @type {Chunk[]} */
  chunks = [];
  events = 0;
  bytes = 0;
  ledger = new Ledger();
  /** The chunk with events that are not stored yet. @type {Chunk | null} */
  #dirty = null;
  #store;
  #prefix;
  #caps;

  /**
   * Opens what is stored for `id`, or an empty queue.
   * @param {import("./store.js").Store} store
   * @param {string} prefix
   * @param {string} id
   * @param {Caps} caps
   */
  constructor(store, prefix, id, caps) {
    this.#store = store;
    this.#prefix = prefix;
    this.id = id;
    this.#caps = caps;
    this.#load();
  }

  /** Highest seq given out in this epoch. */
  get highest() {
    return this.acked + this.assigned;
  }

  /** The assigned chunk with this seq. @param {number} seq @returns {Chunk | undefined} */
  bySeq(seq) {
    return seq > this.acked && seq <= this.highest ? this.chunks[seq - this.acked - 1] : undefined;
  }

  /** The oldest chunk without a seq. @returns {Chunk | undefined} */
  fresh() {
    return this.chunks[this.assigned];
  }

  /**
   * Take one event. It is in memory now and in the store after `save`.
   * @param {import("./event.js").Encoded} event
   * @param {string} uuid
   * @param {number} now steady time
   */
  add(event, uuid, now) {
    this.ledger.sent += 1;
    if (!this.#makeRoom(event.bytes)) {
      this.ledger.expired += 1;
      return;
    }
    let chunk = this.chunks[this.chunks.length - 1];
    if (!chunk || chunk.seq || chunk.sealed || chunk.bytes + event.bytes > CHUNK_BYTES) {
      this.seal();
      chunk = beginChunk(uuid, now);
      this.chunks.push(chunk);
    }
    chunk.texts.push(event.text);
    chunk.bytes += event.bytes;
    chunk.sealed = isFull(chunk);
    this.events += 1;
    this.bytes += event.bytes;
    this.#dirty = chunk;
  }

  /** Store what `add` and the ledger changed: at most one chunk and the head. */
  save() {
    if (this.#dirty) this.#write(this.#dirty);
    this.#dirty = null;
    this.#writeHead();
  }

  /** Close the chunk that is being filled, and name the last chunk there is. @returns {Chunk | undefined} */
  seal() {
    const last = this.chunks[this.chunks.length - 1];
    if (last === this.#dirty && last) this.save();
    if (last) last.sealed = true;
    return last;
  }

  /** Give the oldest fresh chunk the next seq, in the store first. @param {Chunk} chunk as returned by `fresh` */
  assign(chunk) {
    chunk.seq = this.highest + 1;
    chunk.sealed = true;
    this.assigned += 1;
    if (this.#dirty === chunk) this.#dirty = null;
    this.#write(chunk);
    this.#writeHead();
  }

  /**
   * Cut a fresh chunk so that its first part has at most `maxBytes` and `maxEvents` (one event at least).
   * @param {Chunk} chunk
   * @param {number} maxBytes
   * @param {number} maxEvents
   */
  split(chunk, maxBytes, maxEvents) {
    const { n, bytes } = cutPoint(chunk, maxBytes, maxEvents);
    if (n === 0) return;
    const first = { ...chunk, texts: chunk.texts.splice(0, n), bytes, sealed: true };
    chunk.bytes -= bytes;
    chunk.key = JSON.parse(chunk.texts[0]).uuid;
    this.chunks.splice(this.chunks.indexOf(chunk), 0, first);
    this.#write(chunk); // the tail first: a crash in between doubles events under the same uuids, and loses none
    this.#write(first);
  }

  /**
   * The server has made everything up to `seq` durable: count it and let it go.
   * @param {number} seq never above `highest`
   * @param {unknown} verdicts rows `[seq, index, outcome, reason]` for what was not plainly accepted
   * @returns {Finding[]} the verdicts that concern these events
   */
  settle(seq, verdicts) {
    const gone = this.chunks.splice(0, Math.max(0, Math.min(seq, this.highest) - this.acked));
    if (gone.length === 0) return [];
    const found = findings(gone, verdicts);
    const outcomes = new Map(found.map(({ seq, index, outcome }) => [`${seq}.${index}`, outcome]));
    for (const outcome of outcomes.values()) this.ledger[outcome === "duplicate" ? "duplicate" : "rejected"] += 1;
    this.ledger.accepted += gone.reduce((sum, chunk) => sum + chunk.texts.length, 0) - outcomes.size;
    this.acked += gone.length;
    this.assigned -= gone.length;
    this.#forget(gone);
    return found;
  }

  /** Begin a new epoch: every chunk is fresh again, with the same uuids. One write, so it cannot be half done. */
  renumber() {
    this.epoch += 1;
    this.#restart();
    this.#writeHead();
  }

  /**
   * Go on as another producer, with the same events.
   * @param {string} id
   * @param {boolean} keep whether the old identity's store belongs to someone else now
   */
  move(id, keep) {
    const old = this.#keys();
    this.id = id;
    this.epoch = 1;
    this.#restart();
    this.#dirty = null;
    for (const chunk of this.chunks) this.#write(chunk);
    this.#writeHead();
    if (!keep) for (const key of old) this.#store.remove(key);
  }

  /**
   * Take over the events and the books of a queue that nobody owns any more; it is empty afterwards.
   * @param {Queue} other
   */
  absorb(other) {
    const chunks = other.chunks.map((chunk) => ({ ...chunk, seq: 0, sealed: true }));
    for (const chunk of chunks) this.#write(chunk);
    this.chunks.splice(this.assigned, 0, ...chunks);
    this.events += other.events;
    this.bytes += other.bytes;
    this.ledger.fold(other.ledger.counts());
    this.#makeRoom(0);
    this.#writeHead();
    for (const key of other.#keys()) this.#store.remove(key);
  }

  /**
   * Give up one fresh chunk.
   * @param {Chunk} chunk
   * @param {"expired" | "rejected"} outcome
   */
  discard(chunk, outcome) {
    this.chunks.splice(this.chunks.indexOf(chunk), 1);
    if (this.#dirty === chunk) this.#dirty = null;
    this.ledger[outcome] += chunk.texts.length;
    this.#forget([chunk]);
  }

  /**
   * Drop the oldest fresh chunks until one more event of `bytes` fits.
   * @param {number} bytes 0 = no event is to come
   * @returns {boolean} false when that cannot be
   */
  #makeRoom(bytes) {
    const more = bytes > 0 ? 1 : 0;
    while (this.events + more > this.#caps.maxEvents || this.bytes + bytes > this.#caps.maxBytes) {
      const oldest = this.fresh();
      if (!oldest) return false;
      this.discard(oldest, "expired");
    }
    return true;
  }

  #restart() {
    this.acked = 0;
    this.assigned = 0;
    for (const chunk of this.chunks) {
      chunk.seq = 0;
      chunk.sealed = true;
    }
  }

  /** @param {Chunk[]} gone */
  #forget(gone) {
    for (const chunk of gone) {
      this.events -= chunk.texts.length;
      this.bytes -= chunk.bytes;
    }
    this.#writeHead();
    for (const chunk of gone) this.#store.remove(this.#key(chunk));
  }

  /** @param {Chunk} chunk */
  #key = (chunk) => `${this.#prefix}${this.id}:${chunk.key}`;

  #keys() {
    return [...this.#store.keys(`${this.#prefix}${this.id}:`), this.#prefix + this.id];
  }

  /** @param {Chunk} chunk */
  #write(chunk) {
    this.#store.set(this.#key(chunk), encodeChunk(chunk, this.epoch));
  }

  #writeHead() {
    const head = { epoch: this.epoch, acked: this.acked, ledger: this.ledger.counts() };
    this.#store.set(this.#prefix + this.id, JSON.stringify(head));
  }

  #load() {
    const head = this.#store.json(this.#prefix + this.id);
    this.epoch = count(head, "epoch", 1) || 1;
    this.acked = count(head, "acked", 0);
    this.ledger.fold(head?.ledger);
    const found = [];
    for (const key of this.#store.keys(`${this.#prefix}${this.id}:`)) {
      const chunk = restoreChunk(key.slice(key.lastIndexOf(":") + 1), this.#store.json(key), this.epoch);
      if (chunk.texts.length === 0 || (chunk.seq > 0 && chunk.seq <= this.acked)) this.#store.remove(key);
      else found.push(chunk);
    }
    const assigned = found.filter((chunk) => chunk.seq).sort((a, b) => a.seq - b.seq);
    this.chunks = [...assigned, ...found.filter((chunk) => !chunk.seq)];
    this.assigned = assigned.length;
    for (const chunk of this.chunks) {
      this.events += chunk.texts.length;
      this.bytes += chunk.bytes;
    }
    this.ledger.close(this.events);
    if (assigned.some((chunk, i) => chunk.seq !== this.acked + i + 1)) this.renumber();
  }
}
