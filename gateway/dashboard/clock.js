// The server's time on a steady local clock, so that freshness is right on a machine whose clock is wrong. Pure.

/**
 * One sample says: when the server wrote `now`, the local clock showed something between `sent` and `received`.
 * So the offset lies in [now - received, now - sent]; samples narrow that interval.
 */
export class Clock {
  #low = -Infinity;
  #high = Infinity;

  /** A new connection is a new server, perhaps: earlier samples say nothing about it. */
  reset() {
    this.#low = -Infinity;
    this.#high = Infinity;
  }

  /**
   * @param {number} now the server's epoch milliseconds
   * @param {number} received local steady milliseconds at receipt
   * @param {number} [sent] local steady milliseconds when the question was sent; absent for an unasked message
   */
  sample(now, received, sent = -Infinity) {
    const low = now - received;
    const high = now - sent;
    // An empty intersection means that one of the clocks was set or slept: only the newest sample counts.
    if (low > this.#high || high < this.#low) this.reset();
    this.#low = Math.max(this.#low, low);
    this.#high = Math.min(this.#high, high);
  }

  /** True once a sample was taken. */
  get known() {
    return this.#low !== -Infinity;
  }

  /**
   * @param {number} local steady milliseconds
   * @returns {number|null} the server's epoch milliseconds, null before the first sample
   */
  at(local) {
    if (!this.known) return null;
    return local + (this.#high === Infinity ? this.#low : (this.#low + this.#high) / 2);
  }
}
