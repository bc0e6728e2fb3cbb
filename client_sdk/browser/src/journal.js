/**
 * Events in the order in which they came, in memory and stored, in chunks that travel as one batch each. Until there is
 * a queue (queue.js, a journal that can be read again) events are kept in one that is no tab's: delivery adopts them;
 * where it never comes, the next page finds what is stored and delivers it.
 *
 * Stored under `<prefix><id>:<place>`: each event by itself, its place counted on. Under `<prefix><id>`: the head
 * `{epoch, acked, cuts, ledger}`; `cuts` are the places at which the chunks with a seq begin, and the one behind them.
 * What is before the first cut is gone. So a chunk has its seq, and an ack is taken, by one write.
 *
 * The first chunk may be sent as a beacon, as seq 1, before there is a queue. It is stored with its seq first, so that
 * under this producer nothing else can ever be seq 1. Should both the beacon and a later page deliver an event, the
 * server goes by its uuid.
 */

import { BLANK } from "./ledger.js";

/**
 * @typedef {object} Taken one event
 * @property {string} uuid
 * @property {string} text JSON
 * @property {number} bytes of the text in UTF-8
 * @property {number} at steady time
 */
/** @typedef {Taken & {place: number}} Entry */
/**
 * @typedef {object} Chunk
 * @property {number} [seq] once it has one
 * @property {Entry[]} entries one at least
 * @property {number} bytes of the texts
 * @property {boolean} sealed takes no more events and need not wait for its time
 */
/**
 * @typedef {object} Caps
 * @property {number} maxEvents
 * @property {number} maxBytes
 * @property {(events: number, reason: Loss) => void} dropped
 */
/**
 * Why events were given up: no room, waited too long, larger than a frame, or the browser lost what was stored.
 * @typedef {"full" | "old" | "too_large" | "lost"} Loss
 */

const CHUNK_EVENTS = 50;
const CHUNK_BYTES = 32_768;
/** Places have ten digits, so that keys sort by them. */
const FIRST_PLACE = 1e9;

/**
 * How much is kept at most; for what is no number above 0, the default.
 * @param {{config: import("./config.js").Config, emit: (event: string, value: unknown) => void}} around
 * @returns {Caps}
 */
export const capsOf = ({ config: { maxEvents = 0, maxBytes = 0 }, emit }) => ({
  maxEvents: maxEvents > 0 ? maxEvents : 2_000,
  maxBytes: maxBytes > 0 ? maxBytes : 1_048_576,
  dropped: (events, reason) => emit("drop", { events, reason }),
});

/** Prefix of the journals in the store. @param {string} name */
export const journalPrefix = (name) => `${name}:early:`;

export class Journal {
  epoch = 1;
  /** Highest seq of this epoch that the server has made durable; 0 = none. */
  acked = 0;
  /** Those with a seq first. @type {Chunk[]} */
  chunks = [];
  events = 0;
  bytes = 0;
  ledger = { ...BLANK };
  /** Of the next event. */
  place = FIRST_PLACE;
  /** What is not stored yet. @type {Entry[]} */
  unsaved = [];

  /**
   * @param {import("./store.js").Store} store
   * @param {string} prefix
   * @param {string} id
   * @param {Caps} caps
   */
  constructor(store, prefix, id, caps) {
    this.store = store;
    this.prefix = prefix;
    this.id = id;
    this.caps = caps;
  }

  /** Those that have a seq: they may be under way. */
  assigned() {
    return this.chunks.filter(({ seq }) => seq);
  }

  /** The oldest chunk without a seq. */
  fresh() {
    return this.chunks.find(({ seq }) => !seq);
  }

  balance() {
    return { ...this.ledger, pending: this.events };
  }

  /**
   * Take one event: it is in memory now and in the store after `save`. Where it has no room the oldest fresh chunk goes,
   * which is its own where all others may be under way.
   * @param {Taken} taken
   */
  add(taken) {
    const { maxEvents, maxBytes } = this.caps;
    const entry = { ...taken, place: this.place };
    this.ledger.sent += 1;
    this.unsaved.push(entry);
    this.put(entry);
    for (let chunk; (this.events > maxEvents || this.bytes > maxBytes) && (chunk = this.fresh()); ) this.discard(chunk, "full");
  }

  /** Behind all others. @param {Entry} entry */
  put(entry) {
    let chunk = this.chunks.at(-1);
    if (!chunk || chunk.sealed || chunk.bytes + entry.bytes > CHUNK_BYTES) {
      this.seal();
      chunk = { entries: [], bytes: 0, sealed: false };
      this.chunks.push(chunk);
    }
    chunk.entries.push(entry);
    chunk.bytes += entry.bytes;
    chunk.sealed = chunk.entries.length >= CHUNK_EVENTS;
    this.events += 1;
    this.bytes += entry.bytes;
    this.place = entry.place + 1;
  }

  /** Close the chunk that is being filled, and name the last chunk there is. */
  seal() {
    const last = this.chunks.at(-1);
    if (last) last.sealed = true;
    return last;
  }

  /** Give the oldest fresh chunk the next seq, in the store first. @param {Chunk} chunk as returned by `fresh` @param {number} seq */
  assign(chunk, seq) {
    chunk.seq = seq;
    chunk.sealed = true;
    this.save();
  }

  /** Store the events that were added, and the head. */
  save() {
    for (const { place, text } of this.unsaved.splice(0)) this.store.set(this.key(place), text);
    const { epoch, acked, ledger } = this;
    const cuts = [...this.assigned(), this.fresh() ?? { entries: [this] }].map(({ entries: [{ place }] }) => place);
    this.store.set(this.prefix + this.id, JSON.stringify({ epoch, acked, cuts, ledger }));
  }

  /**
   * Give up one fresh chunk.
   * @param {Chunk} chunk
   * @param {Loss} reason
   * @param {"expired" | "rejected"} [outcome]
   */
  discard(chunk, reason, outcome = "expired") {
    const { length } = chunk.entries;
    this.save(); // nothing of it is stored later
    this.ledger[outcome] += length;
    this.forget(this.chunks.splice(this.chunks.indexOf(chunk), 1));
    this.save();
    this.caps.dropped(length, reason);
  }

  /**
   * Chunks that have left `chunks` leave the store. Where they were acked a head that says so is there before; where they
   * are given up it comes behind: in one without them, nothing would tell their events from those of the batch before.
   * @param {Chunk[]} gone
   */
  forget(gone) {
    for (const { entries, bytes } of gone) {
      this.events -= entries.length;
      this.bytes -= bytes;
      for (const { place } of entries) this.store.remove(this.key(place));
    }
  }

  /** Under which an event is stored. @param {number | string} place */
  key(place) {
    return `${this.prefix}${this.id}:${place}`;
  }
}
