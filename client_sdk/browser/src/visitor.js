/**
 * Who is here and since when. A session ends after 30 minutes without an event, or 24 hours after it began; all tabs
 * of the origin share it. The person's id is anonymous until `identify`.
 */

const IDLE_MS = 30 * 60_000;
const LONGEST_MS = 24 * 3_600_000;
/** How stale the stored time of the last event may be: a write for each event would be wasteful. */
const GRAIN_MS = 1_000;

export class Visitor {
  #store;
  #name;
  #makeId;
  /** Kept here too, so that the id is steady where nothing can be stored, or not yet. */
  #id;
  /** Time of the last event of this tab. */
  #last = 0;

  /** @param {import("./store.js").Store} store @param {string} name namespace @param {() => string} makeId */
  constructor(store, name, makeId) {
    this.#store = store;
    this.#name = name;
    this.#makeId = makeId;
    this.#id = makeId();
  }

  /** The person's present id: another tab may have identified them meanwhile. @returns {string} */
  get id() {
    const id = this.#store.json(`${this.#name}:person`)?.id;
    return typeof id === "string" && id ? id : this.#id;
  }

  /** Go by `id` from now on. @param {string} id @returns {string} the id until now */
  identify(id) {
    const before = this.id;
    this.#id = id;
    this.#store.set(`${this.#name}:person`, JSON.stringify({ id }));
    return before;
  }

  /** The session that an event at `now` (epoch milliseconds) belongs to. @param {number} now @returns {string} */
  touch(now) {
    const key = `${this.#name}:session`;
    let session = this.#store.json(key);
    const last = Math.max(+session?.last || 0, this.#last);
    if (typeof session?.id !== "string" || now - last > IDLE_MS || !(Math.abs(now - session.start) < LONGEST_MS))
      session = { id: this.#makeId(), start: now, last: 0 };
    if (!(Math.abs(now - session.last) < GRAIN_MS))
      this.#store.set(key, JSON.stringify({ ...session, last: now }));
    this.#last = now;
    return session.id;
  }

  /** Someone else sits here now: another anonymous person, in a session of their own. */
  reset() {
    this.#store.remove(`${this.#name}:session`);
    this.identify(this.#makeId());
  }
}
