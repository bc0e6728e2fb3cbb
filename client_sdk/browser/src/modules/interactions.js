/**
 * Interaction to next paint: the latency that nearly all interactions with a page keep within. One of each fifty may be
 * worse, so only the longest need to be known.
 */

const KEPT = 10;
const PER_FORGIVEN = 50;
/** By so much browsers raise the id from one interaction to the next. */
const ID_STEP = 7;

export class Interactions {
  /** Latencies in milliseconds, longest first. @type {[id: number, latency: number][]} */
  #longest = [];
  #first = Infinity;
  #last = -Infinity;

  /** Take one event of an interaction, the slowest of which counts. @param {number} id @param {number} latency */
  add(id, latency) {
    const known = this.#longest.find(([other]) => other === id);
    if (known) known[1] = Math.max(known[1], latency);
    else this.#longest.push([id, latency]);
    this.#longest.sort(([, a], [, b]) => b - a).splice(KEPT);
    this.#first = Math.min(this.#first, id);
    this.#last = Math.max(this.#last, id);
  }

  /**
   * The latency that counts; undefined while there was none.
   * @param {number} [count] of all interactions, quick ones too; by default an estimate by their ids
   */
  typical(count = (this.#last - this.#first) / ID_STEP + 1) {
    return this.#longest[Math.min(this.#longest.length - 1, Math.floor(count / PER_FORGIVEN))]?.[1];
  }
}
