// Which colour a line has: the same key keeps its slot while it stays, so that colours do not jump. Pure.

export class Slots {
  /** @type {(string|null)[]} key in each slot */
  #keys;

  /** @param {number} count */
  constructor(count) {
    this.#keys = new Array(count).fill(null);
  }

  /**
   * @param {string[]} keys the keys to be drawn now; those beyond the number of slots get none
   * @returns {(string|null)[]} key in each slot
   */
  assign(keys) {
    const wanted = keys.slice(0, this.#keys.length);
    this.#keys = this.#keys.map((key) => (key !== null && wanted.includes(key) ? key : null));
    for (const key of wanted) {
      if (!this.#keys.includes(key)) this.#keys[this.#keys.indexOf(null)] = key;
    }
    return [...this.#keys];
  }

  /** @param {string} key @returns {number} -1 when it has none */
  of(key) {
    return this.#keys.indexOf(key);
  }
}
