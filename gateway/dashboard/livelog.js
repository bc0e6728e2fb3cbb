// One subscription to single events: the newest of them, what they are a sample of, and the holes. Pure.

/** Events that are kept: more nobody scrolls through, and each is a few elements. */
const KEPT = 200;

/**
 * @typedef {object} Entry
 * @property {"event"|"hole"} kind
 * @property {number} id rises; a key for the list
 * @property {Record<string, any>} [event]
 */

export class LiveLog {
  /** @type {Entry[]} newest last */
  #entries = [];
  #known = new Set();
  #from = null;
  #lastId = 0;
  /** Since the beginning: events applied, looked at, matching, and those of them that came here. */
  #counts = { seen: 0, looked: 0, matched: 0, shown: 0 };

  /** Where to go on after a lost connection. */
  get from() {
    return this.#from;
  }

  /** @returns {Entry[]} newest first */
  get entries() {
    return this.#entries.toReversed();
  }

  /** @returns {{seen: number, looked: number, matched: number, shown: number}} */
  get counts() {
    return { ...this.#counts };
  }

  /** Whether the server has answered: before that nothing is known. */
  get begun() {
    return this.#from !== null;
  }

  /** The socket is gone; what is here stays. */
  disconnected() {}

  /** @param {object} message a decoded `events` @returns {"changed"|"resync"|"waiting"} */
  apply(message) {
    if (message.type !== "events") return "waiting";
    if (message.recovered && message.prev !== this.#from?.offset) return "resync";
    if (!message.recovered && this.#from !== null) this.#push({ kind: "hole" });
    this.#from = { epoch: message.epoch, offset: message.offset };
    for (const event of message.events) this.#add(event);
    for (const name of ["seen", "looked", "matched"]) this.#counts[name] += message[name];
    return "changed";
  }

  /** Forget everything, as if it was new. */
  forget() {
    this.clear();
    this.#from = null;
  }

  /** Forget what is shown, not where we stand. */
  clear() {
    this.#entries = [];
    this.#known.clear();
    this.#counts = { seen: 0, looked: 0, matched: 0, shown: 0 };
  }

  #add(event) {
    // Behind a hole the server says again what it has; some of it may be here.
    const key = JSON.stringify([event.producer, event.seq, event.nth, event.received]);
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.#counts.shown += 1;
    this.#push({ kind: "event", event, key });
  }

  #push(entry) {
    this.#entries.push({ ...entry, id: ++this.#lastId });
    while (this.#entries.length > KEPT) this.#known.delete(this.#entries.shift().key);
  }
}

/**
 * What a person should know of the sample.
 * @param {{seen: number, looked: number, matched: number, shown: number}} counts
 * @param {string} [locale]
 * @returns {{text: string, sampled: boolean}}
 */
export function sampleText({ seen, looked, matched, shown }, locale = undefined) {
  const n = (value) => new Intl.NumberFormat(locale).format(value);
  const of = `${n(shown)} of ${n(matched)} matching events`;
  if (looked < seen) return { sampled: true, text: `Sampled: ${of}; ${n(looked)} of ${n(seen)} events were looked at` };
  if (shown < matched) return { sampled: true, text: `Sampled: ${of}, out of ${n(seen)} seen` };
  if (seen && !matched) return { sampled: false, text: `${n(seen)} events came, none of them matches` };
  return { sampled: false, text: matched === seen ? `${n(seen)} events, all shown` : `${n(matched)} of ${n(seen)} events match, all shown` };
}
