/** How long somebody was really there. */

/** Without a sign of life for so long nobody is there, whatever is shown. */
const IDLE_MS = 30_000;

/** Time between signs of life, as far as they are close enough together. */
export class Engagement {
  /** When the last sign was; undefined while the page is hidden. @type {number | undefined} */
  #last;
  #total = 0;

  /** A sign of life. @param {number} now milliseconds on a steady clock */
  touch(now) {
    this.rest(now);
    this.#last = now;
  }

  /** Nobody can be there until the next sign. @param {number} now */
  rest(now) {
    this.#total += Math.min(now - (this.#last ?? now), IDLE_MS);
    this.#last = undefined;
  }

  /** The time until now, in milliseconds; it begins anew, with somebody there. @param {number} now */
  take(now) {
    this.touch(now);
    const total = this.#total;
    this.#total = 0;
    return total;
  }
}
