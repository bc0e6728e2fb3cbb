// Drawing when the screen is ready, each thing at most once a frame, and never so much that the frame is missed.

/**
 * Of the 16.7 ms of a frame; what does not fit goes into the next one. What the browser does with a changed tile, layout
 * and paint, takes some five times as long as changing it.
 */
const BUDGET_MS = 2;
/** Tiles that are drawn in any case: on a busy machine the clock says more about others than about us. */
const LEAST = 4;

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
    let drawn = 0;
    for (const draw of this.#due) {
      this.#due.delete(draw);
      draw();
      drawn += 1;
      if (drawn >= LEAST && performance.now() > until) break;
    }
    if (this.#due.size) this.ask(this.#due.values().next().value);
  }
}
