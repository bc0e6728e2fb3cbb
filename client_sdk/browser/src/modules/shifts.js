/** Cumulative layout shift: shifts that follow each other closely make a session, and the worst session counts. */

/** The pause that ends a session, and how long one lasts at most. */
const PAUSE_MS = 1_000;
const SESSION_MS = 5_000;

/** @typedef {{startTime: number, value: number, hadRecentInput: boolean}} Shift as `PerformanceObserver` tells it */

export class Shifts {
  /** Score of the worst session. */
  worst = 0;
  /** Score of the present one, and when it began and last went on. */
  #score = 0;
  #began = -Infinity;
  #last = -Infinity;

  /** Take one shift, in order of time; what a person has brought about is none. @param {Shift} shift */
  add({ startTime, value, hadRecentInput }) {
    if (hadRecentInput) return;
    if (startTime - this.#last >= PAUSE_MS || startTime - this.#began >= SESSION_MS) {
      this.#score = 0;
      this.#began = startTime;
    }
    this.#last = startTime;
    this.#score += value;
    this.worst = Math.max(this.worst, this.#score);
  }
}
