/**
 * Errors come in swarms. The first of a kind is told at once, its repetitions are counted and told together, and a page
 * that has a new kind each time is told of as far as there is room.
 */

/** Kinds that are told within one period. */
const KINDS = 20;

/** @typedef {Record<string, unknown>} Properties */

export class Buckets {
  /** @type {Map<string, {properties: Properties, count: number}>} */
  #kinds = new Map();
  #suppressed = 0;

  /**
   * Take one error.
   * @param {string} kind
   * @param {Properties} properties
   * @returns {Properties | null} what is to be told of it now
   */
  take(kind, properties) {
    const bucket = this.#kinds.get(kind);
    if (bucket) {
      bucket.count += 1;
      return null;
    }
    if (this.#kinds.size >= KINDS) {
      this.#suppressed += 1;
      return null;
    }
    this.#kinds.set(kind, { properties, count: 0 });
    return this.#counted(properties, 1);
  }

  /** End the period: what is to be told of the repetitions in it. */
  flush() {
    const repeated = [...this.#kinds.values()].filter(({ count }) => count > 0);
    this.#kinds.clear();
    return repeated.map(({ properties, count }) => this.#counted(properties, count));
  }

  /**
   * @param {Properties} properties @param {number} count
   * @returns {Properties}
   */
  #counted(properties, count) {
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    return { ...properties, $exception_count: count, ...(suppressed && { $exception_suppressed: suppressed }) };
  }
}
