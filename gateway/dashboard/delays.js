// How long events take from when they happened to the screen, over the last updates. Pure.

const KEPT = 120;

export class Delays {
  /** A ring of the last samples, ms. */
  #samples = new Float64Array(KEPT);
  #count = 0;
  /** The newest event that was counted: only an update that brings a newer one says anything. */
  #head = -Infinity;

  /**
   * The screen shows events up to `head`. @param {number} head epoch ms @param {number} now the server's epoch ms
   * @returns {boolean} whether it counted
   */
  shown(head, now) {
    if (head <= this.#head) return false;
    const first = this.#head === -Infinity;
    this.#head = head;
    // What was there before this page came is as old as the page is late: no delay of an update.
    if (first) return false;
    this.#samples[this.#count % KEPT] = Math.max(0, now - head);
    this.#count += 1;
    return true;
  }

  /** @param {number} share such as 0.95 @returns {number|null} ms; null before the first update */
  quantile(share) {
    const count = Math.min(this.#count, KEPT);
    if (count === 0) return null;
    const sorted = this.#samples.slice(0, count).sort();
    return sorted[Math.min(count - 1, Math.floor(share * count))];
  }
}
