/**
 * Errors come in swarms. The first of a kind is told at once, its repetitions are counted and told together, and a page
 * that has a new kind each time is told of as far as there is room.
 */

/** Kinds that are told within one period. */
const KINDS = 20;

/** @typedef {Record<string, any>} Properties */

export class Buckets {
  /** What was told first of each kind, with the number of its repetitions. @type {Map<string, Properties>} */
  #kinds = new Map();
  #suppressed = 0;

  /**
   * Take one error.
   * @param {string} kind
   * @param {Properties} properties
   * @returns {Properties | undefined} what is to be told of it now
   */
  take(kind, properties) {
    const known = this.#kinds.get(kind);
    if (known) {
      known.$exception_count += 1;
    } else if (this.#kinds.size >= KINDS) {
      this.#suppressed += 1;
    } else {
      this.#kinds.set(kind, { ...properties, $exception_count: 0 });
      const $exception_suppressed = this.#suppressed || undefined;
      this.#suppressed = 0;
      return { ...properties, $exception_count: 1, $exception_suppressed };
    }
    return undefined;
  }

  /** End the period: what is to be told of the repetitions in it. */
  flush() {
    const repeated = [...this.#kinds.values()].filter(({ $exception_count }) => $exception_count);
    this.#kinds.clear();
    return repeated;
  }
}
