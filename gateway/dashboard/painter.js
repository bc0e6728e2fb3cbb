// Drawing when the screen is ready, each thing at most once a frame, and never so much that the frame is missed.

/** Of the 16.7 ms of a frame; what does not fit goes into the next one. */
const BUDGET_MS = 8;

export class Painter {
  /** @type {Set<() => void>} */
  #due = new Set();
  #asked = false;

  /** @param {() => void} draw the same function while it waits is drawn once */
  ask(draw) {
    this.#due.add(draw);
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    this.#asked = false;
    const until = performance.now() + BUDGET_MS;
    for (const draw of this.#due) {
      this.#due.delete(draw);
      draw();
      if (performance.now() > until) break;
    }
    if (this.#due.size) this.ask(this.#due.values().next().value);
  }
}
