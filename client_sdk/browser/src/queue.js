/**
 * The persistent queue of one producer identity: chunks of events, oldest first, and the ledger that belongs to them.
 *
 * Law: a chunk gets its seq, and is stored with it, before it is sent; it leaves the store only when it is acked.
 * Seqs are dense: the assigned chunks are the first ones and carry `acked + 1, acked + 2, ..`; the rest are fresh.
 *
 * Stored under `<prefix><id>`: the head `{epoch, acked, ledger}`; under `<prefix><id>:<uuid of its first event>` each
 * chunk `{e, s, v}`: epoch, seq (0 = fresh), events. A fresh chunk that is being filled is stored in pieces, each in the
 * form of a chunk: with one text of 50 events, written anew for each, a page would mostly be storing what it has stored.
 * The head says nothing of events that are only pending. No write spans two keys, so each crash point has a reading:
 *
 *   head of an ack written, chunk not yet removed   its seq is at most `acked`: it is dropped at load
 *   head of a new epoch written, chunks not yet     their epoch is not the head's: they are fresh again
 *   chunk written, head not yet                     `ledger.close` counts the new events
 *   chunk written whole, its pieces not yet removed events are there twice, with the same uuids
 *   a seq missing (a write was refused, too old)    the identity is renumbered; the server goes by uuid
 */

import { CHUNK_BYTES, beganAt, beginChunk, cutPoint, encodeChunk, isFull, joinPieces, restoreChunk } from "./chunk.js";
import { Ledger } from "./ledger.js";
import { count } from "./number.js";

/** @typedef {import("./chunk.js").Chunk} Chunk */
/**
 * @typedef {object} Caps
 * @property {number} maxEvents
 * @property {number} maxBytes
 * @property {() => number} [oldest] epoch milliseconds; what was begun before is given up
 * @property {(events: number, reason: Loss) => void} [dropped]
 */
/**
 * Why events were given up: no room, waited too long, larger than a frame, or the browser lost what was stored.
 * @typedef {"full" | "old" | "too_large" | "lost"} Loss
 */

/** Events of a stored piece. */
const PIECE_EVENTS = 8;

export class Queue {
  epoch = 1;
  /** Highest seq of this epoch that the server has made durable; 0 = none. */
  acked = 0;
  /** How many chunks, from the first, have a seq. */
  assigned = 0;
  /** Whether the server is known to hold our seqs, so that a batch that overtakes another is a gap and no beginning. */
  known = false;
  /** @type {Chunk[]} */
  chunks = [];
  events = 0;
  bytes = 0;
  ledger = new Ledger();
  /** The chunk with events that are not stored yet. @type {Chunk | null} */
  #dirty = null;
  /** The state at which the head was stored last, but for events that are merely pending. */
  #told = "";
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
    this.store = store;
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
   * The batch after `after`, for a way without credit (HTTP, beacon): under its seq, stored before it is returned.
   * @param {number} after `acked` for the oldest
   * @param {number} maxBytes a fresh chunk is cut to this size
   * @param {number} [maxEvents] and to this many
   */
  next(after, maxBytes, maxEvents = Infinity) {
    const chunk = this.fresh();
    if (chunk && after === this.highest) {
      this.seal();
      if (chunk.bytes > maxBytes) this.split(chunk, maxBytes, maxEvents);
      this.assign(/** @type {Chunk} */ (this.fresh()));
    }
    return this.bySeq(after + 1);
  }

  /**
   * Take one event. It is in memory now and in the store after `save`.
   * @param {import("./event.js").Encoded} event
   * @param {string} uuid
   * @param {number} now steady time
   */
  add(event, uuid, now) {
    this.ledger.sent += 1;
    if (!this.makeRoom(event.bytes)) {
      this.ledger.expired += 1;
      this.#caps.dropped?.(1, "full");
      return;
    }
    let chunk = this.chunks.at(-1);
    if (!chunk || chunk.seq || chunk.sealed || chunk.bytes + event.bytes > CHUNK_BYTES) {
      this.seal();
      chunk = beginChunk(uuid, now);
      this.chunks.push(chunk);
    } else if (chunk.texts.length - chunk.from >= PIECE_EVENTS) {
      this.#writePiece();
      chunk.from = chunk.texts.length;
      chunk.pieces.push(uuid);
    }
    chunk.texts.push(event.text);
    chunk.bytes += event.bytes;
    chunk.sealed = isFull(chunk);
    this.events += 1;
    this.bytes += event.bytes;
    this.#dirty = chunk;
  }

  /** Store what `add` and the ledger changed: at most one piece and the head. */
  save() {
    this.#writePiece();
    const { id, epoch, acked, assigned, ledger } = this;
    const telling = `${[id, epoch, acked, assigned, ledger.sent - this.events]}`;
    if (telling === this.#told) return;
    this.#told = telling;
    this.store.set(this.#prefix + id, JSON.stringify({ epoch, acked, ledger }));
  }

  /** Close the chunk that is being filled, and name the last chunk there is. @returns {Chunk | undefined} */
  seal() {
    const last = this.chunks.at(-1);
    if (last) {
      if (last === this.#dirty) this.save();
      last.sealed = true;
    }
    return last;
  }

  /** Give the oldest fresh chunk the next seq, in the store first. @param {Chunk} chunk as returned by `fresh` */
  assign(chunk) {
    chunk.seq = this.highest + 1;
    chunk.sealed = true;
    this.assigned += 1;
    this.write(chunk);
    this.save();
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
    this.write(chunk); // in one piece
    const first = { ...chunk, texts: chunk.texts.splice(0, n), bytes, sealed: true, pieces: [] };
    chunk.bytes -= bytes;
    chunk.key = JSON.parse(chunk.texts[0]).uuid;
    this.chunks.splice(this.chunks.indexOf(chunk), 0, first);
    this.write(chunk); // the tail first: a crash in between doubles events under the same uuids, and loses none
    this.write(first);
  }

  /** Begin a new epoch: every chunk is fresh again, with the same uuids. One write, so it cannot be half done. */
  renumber() {
    this.epoch += 1;
    this.restart();
    this.save();
  }

  /**
   * Give up one fresh chunk.
   * @param {Chunk} chunk
   * @param {"expired" | "rejected"} outcome
   * @param {Loss} reason
   */
  discard(chunk, outcome, reason) {
    this.chunks.splice(this.chunks.indexOf(chunk), 1);
    this.ledger[outcome] += chunk.texts.length;
    this.forget([chunk]);
    this.#caps.dropped?.(chunk.texts.length, reason);
  }

  /**
   * Drop the oldest fresh chunks until one more event of `bytes` fits.
   * @param {number} bytes 0 = no event is to come
   * @returns {boolean} false when that cannot be
   */
  makeRoom(bytes) {
    while (this.events + Math.sign(bytes) > this.#caps.maxEvents || this.bytes + bytes > this.#caps.maxBytes) {
      const oldest = this.fresh();
      if (!oldest) return false;
      this.discard(oldest, "expired", "full");
    }
    return true;
  }

  /** Give up what has waited too long; where it had a seq the others are numbered anew. */
  expire() {
    const oldest = this.#caps.oldest?.() ?? 0;
    const old = this.chunks.filter((chunk) => beganAt(chunk) < oldest);
    if (old.some(({ seq }) => seq)) this.renumber();
    for (const chunk of old) this.discard(chunk, "expired", "old");
  }

  /** All seqs are given back, in memory. */
  restart() {
    this.acked = this.assigned = 0;
    this.known = false;
    for (const chunk of this.chunks) {
      chunk.seq = 0;
      chunk.sealed = true;
    }
  }

  /** Chunks that have left `chunks` leave the store, once the head that says so is there. @param {Chunk[]} gone */
  forget(gone) {
    for (const chunk of gone) {
      if (this.#dirty === chunk) this.#dirty = null;
      this.events -= chunk.texts.length;
      this.bytes -= chunk.bytes;
    }
    this.save();
    for (const { key, pieces } of gone) for (const name of [key, ...pieces]) this.store.remove(this.#key(name));
  }

  /** Every key under which something is stored. */
  keys() {
    return [...this.store.keys(`${this.#prefix}${this.id}:`), this.#prefix + this.id];
  }

  /** Store a chunk as one text. @param {Chunk} chunk */
  write(chunk) {
    if (this.#dirty === chunk) this.#dirty = null;
    this.store.set(this.#key(chunk.key), encodeChunk(chunk, this.epoch));
    for (const name of chunk.pieces.splice(0)) this.store.remove(this.#key(name));
    chunk.from = 0;
  }

  /** Store the last piece of the chunk that is being filled. */
  #writePiece() {
    const chunk = this.#dirty;
    this.#dirty = null;
    if (!chunk) return;
    const { key, from, pieces, texts } = chunk;
    const name = pieces.at(-1) ?? key;
    this.store.set(this.#key(name), encodeChunk({ seq: 0, texts: texts.slice(from) }, this.epoch));
  }

  /** @param {string} name */
  #key(name) {
    return `${this.#prefix}${this.id}:${name}`;
  }

  #load() {
    const head = this.store.json(this.#prefix + this.id);
    this.epoch = count(head, "epoch", 1) || 1;
    this.acked = count(head, "acked", 0);
    this.ledger.fold(head?.ledger);
    for (const key of this.store.keys(`${this.#prefix}${this.id}:`)) {
      const chunk = restoreChunk(key.slice(key.lastIndexOf(":") + 1), this.store.json(key), this.epoch);
      const events = chunk.texts.length;
      if (!events || (chunk.seq && chunk.seq <= this.acked)) {
        this.store.remove(key);
      } else {
        this.chunks.push(chunk);
        this.events += events;
        this.bytes += chunk.bytes;
        if (chunk.seq) this.assigned += 1;
      }
    }
    this.chunks.sort((a, b) => (a.seq || Infinity) - (b.seq || Infinity) || 0);
    const lost = this.ledger.close(this.events);
    if (lost) this.#caps.dropped?.(lost, "lost");
    this.expire();
    this.chunks = joinPieces(this.chunks);
    if (this.chunks.some(({ seq }, i) => seq && seq !== this.acked + i + 1)) this.renumber();
  }
}
