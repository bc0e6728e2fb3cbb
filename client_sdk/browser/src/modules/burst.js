/** Clicks of someone who has lost patience: three within a second and 30 pixels. */

const CLICKS = 3;
const WITHIN_MS = 1_000;
const WITHIN_PX = 30;

/** @typedef {{x: number, y: number, at: number}} Click pixels in the window, milliseconds on a steady clock */

/** Whether one click may belong to the same burst as another. @param {Click} a @param {Click} b */
const near = (a, b) => b.at - a.at <= WITHIN_MS && Math.hypot(b.x - a.x, b.y - a.y) <= WITHIN_PX;

export class Burst {
  /** The last clicks, each near the one before. @type {Click[]} */
  #clicks = [];
  #told = false;

  /**
   * Whether this click makes a burst. One that goes on is told once: it ends with a click that is not near the last.
   * @param {Click} click
   */
  hit(click) {
    const last = this.#clicks.at(-1);
    if (last && !near(last, click)) {
      this.#clicks = [];
      this.#told = false;
    }
    this.#clicks = [...this.#clicks, click].slice(-CLICKS);
    const made = this.#clicks.length === CLICKS && this.#clicks.every((other) => near(other, click));
    const first = made && !this.#told;
    this.#told ||= made;
    return first;
  }
}
