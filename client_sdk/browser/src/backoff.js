/** Full jitter: each wait is uniform below a ceiling that doubles from 0.5 s to 30 s, so crowds spread out. */

const FIRST_MS = 500;
const LAST_MS = 30_000;

export class Backoff {
  #attempt = 0;
  #immediate = true;
  #random;

  /** @param {() => number} random uniform in [0, 1) */
  constructor(random) {
    this.#random = random;
  }

  /** Milliseconds to wait before the next try. */
  delay() {
    const ceiling = Math.min(LAST_MS, FIRST_MS * 2 ** this.#attempt);
    this.#attempt += 1;
    return this.#random() * ceiling;
  }

  /** The wait after a close that says "retry now": 0 once, then as `delay`, so a server cannot make a hot loop. */
  immediate() {
    if (!this.#immediate) return this.delay();
    this.#immediate = false;
    return 0;
  }

  /** To be called only after a connection has proved healthy. */
  reset() {
    this.#attempt = 0;
    this.#immediate = true;
  }
}
