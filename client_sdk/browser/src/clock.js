/** The two clocks. Everything else takes the time as an argument, so tests need no waiting. */

/** Epoch milliseconds, whole. May jump when someone sets the clock: for what goes on the wire, not for waits. */
export const wall = () => Date.now();

/** Milliseconds since the page began, never going back: for waits, ages and time-outs. */
export const steady = () => performance.now();
