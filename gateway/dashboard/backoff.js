// When to connect again: full jitter from 0.5 s to 30 s, forgotten only after 5 s of health. Pure.

const FIRST_MS = 500;
const CAP_MS = 30_000;
const HEALTHY_MS = 5_000;

/** Delays of one connection. Time and randomness are arguments. */
export class Backoff {
  /** Attempts since the last healthy connection. */
  #attempts = 0;
  /** When the current connection was opened; null while there is none. */
  #openedAt = null;

  /** @param {number} now milliseconds of any steady clock */
  opened(now) {
    this.#openedAt = now;
  }

  /**
   * The connection ended or could not be made.
   * @param {number} now the clock of `opened`
   * @param {number} random in [0, 1)
   * @param {{immediate?: boolean, floor?: number}} [wish] `immediate` for 42xx closes: at once, but only the first
   *   time in a row, so that a server which always says so is not hammered; `floor` is a wait the server asked for, ms
   * @returns {number} milliseconds to wait
   */
  closed(now, random, { immediate = false, floor = 0 } = {}) {
    if (this.#openedAt !== null && now - this.#openedAt >= HEALTHY_MS) this.#attempts = 0;
    this.#openedAt = null;
    const ceiling = Math.min(CAP_MS, FIRST_MS * 2 ** Math.min(this.#attempts, 16));
    const first = this.#attempts === 0;
    this.#attempts += 1;
    if (immediate && first) return floor;
    return floor + Math.round(random * ceiling);
  }
}
