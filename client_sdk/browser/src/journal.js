/**
 * Events before there is a queue for them: in memory, and stored in the form of a queue (queue.js) that is no tab's.
 * Delivery adopts them; where it never comes, the next page finds what is stored and delivers it.
 *
 * The first chunk may also be sent as a beacon, as seq 1 of the journal's own producer. It is sealed then, and stored
 * with its seq, so that under this producer nothing else can ever be seq 1. Should both the beacon and a later page
 * deliver an event, the server goes by its uuid.
 */

import { encodeChunk } from "./chunk.js";
import { inWindow } from "./event.js";
import { BLANK } from "./ledger.js";

/** @typedef {import("./client.js").Taken} Taken */

const CHUNK_EVENTS = 50;

/** How much is kept at most; for what is no number above 0, the default. @param {import("./config.js").Config} config */
export const capsOf = ({ maxEvents = 0, maxBytes = 0 }) => ({
  maxEvents: maxEvents > 0 ? maxEvents : 2_000,
  maxBytes: maxBytes > 0 ? maxBytes : 1_048_576,
});

/** Prefix of the journals in the store. @param {string} name */
export const journalPrefix = (name) => `${name}:early:`;

export class Journal {
  /** @type {Taken[][]} */
  chunks = [];
  /** What was lost before there was a queue; see ledger.js. */
  ledger = { ...BLANK };
  /** The chunk that takes more. @type {Taken[] | undefined} */
  #open;
  /** How many chunks, from the first, may have been sent: 0 or 1. */
  #sealed = 0;
  #events = 0;
  #bytes = 0;
  #store;
  #around;
  #key;

  /** @param {import("./client.js").Client} client */
  constructor({ store, name, around, makeId }) {
    this.id = makeId();
    this.#store = store;
    this.#around = around;
    this.#key = `${journalPrefix(name)}${this.id}:`;
  }

  /** @param {Taken} taken */
  take(taken) {
    const { maxEvents, maxBytes } = capsOf(this.#around.config);
    if (this.#events >= maxEvents || this.#bytes >= maxBytes) this.#drop();
    if (!this.#open || this.#open.length >= CHUNK_EVENTS) {
      this.save();
      this.chunks.push((this.#open = []));
    }
    this.#open.push(taken);
    this.#events += 1;
    this.#bytes += taken.encoded.bytes;
  }

  /** Store what `take` took. */
  save() {
    if (this.#open) this.#write(this.#open, 0);
  }

  /** The texts of the first chunk, which from now on is seq 1; undefined when there is none. */
  seal() {
    const [first] = this.chunks;
    if (!first) return undefined;
    if (first === this.#open) this.#open = undefined;
    this.#sealed = 1;
    return this.#write(first, 1);
  }

  /** Nothing is kept here any more. */
  clear() {
    for (const [{ uuid }] of this.chunks.splice(0)) this.#store.remove(this.#key + uuid);
    this.#open = undefined;
    this.#events = this.#bytes = 0;
  }

  balance() {
    const pending = this.#events;
    return { ...this.ledger, sent: this.ledger.sent + pending, pending };
  }

  /** The oldest chunk goes that was not sent. */
  #drop() {
    const [gone] = this.chunks.splice(this.#sealed, 1);
    if (!gone) return;
    const events = gone.length;
    this.#events -= events;
    for (const { encoded } of gone) this.#bytes -= encoded.bytes;
    if (gone === this.#open) this.#open = undefined;
    this.#store.remove(this.#key + gone[0].uuid);
    this.ledger.sent += events;
    this.ledger.expired += events;
    this.#around.emit("drop", { events, reason: "full" });
  }

  /** @param {Taken[]} chunk @param {number} seq */
  #write(chunk, seq) {
    const texts = chunk.map(({ encoded }) => inWindow(encoded.text, this.id));
    this.#store.set(this.#key + chunk[0].uuid, encodeChunk({ seq, texts }, 1));
    return texts;
  }
}
