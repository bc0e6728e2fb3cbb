// Wall mode: the board alone, in large type, on a screen that stays on.

/** Shares of the usual size of type that are tried until the whole board is on the screen. */
const SHARES = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6];
/** Smaller type, in pixels, nobody reads across a room. */
const LEAST_PX = 11;

export class Wall {
  #onChange;
  #on = false;
  /** @type {WakeLockSentinel|null} */
  #lock = null;

  /** @param {(on: boolean) => void} onChange a person entered or left it */
  constructor(onChange) {
    this.#onChange = onChange;
    document.addEventListener("fullscreenchange", () => {
      if (!document.fullscreenElement && this.#on) this.leave();
    });
    // Without full screen, which a browser may refuse, the key is the way out.
    document.addEventListener("keydown", ({ key }) => {
      if (key === "Escape" && this.#on && !document.querySelector("dialog[open]")) this.leave();
    });
    document.addEventListener("visibilitychange", () => this.#on && !document.hidden && this.#stayOn());
    addEventListener("resize", () => this.#on && this.fit());
  }

  get on() {
    return this.#on;
  }

  /** By a person: full screen too, which no page may do by itself. */
  enter() {
    this.show(true);
    document.documentElement.requestFullscreen?.().catch(() => {});
    this.#onChange(true);
  }

  leave() {
    this.show(false);
    if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
    this.#onChange(false);
  }

  /** As an address says it. @param {boolean} on */
  show(on) {
    this.#on = on;
    document.documentElement.toggleAttribute("data-wall", on);
    this.fit();
    if (on) this.#stayOn();
    else this.#lock?.release().catch(() => {});
    if (!on) this.#lock = null;
  }

  /**
   * Nobody scrolls a wall: type is as large as lets the whole board be seen. A board that is too long for that has the
   * usual size. Cost: a layout of the page for each size that is tried, so not with every update.
   */
  fit() {
    const root = document.documentElement;
    root.style.fontSize = "";
    if (!this.#on || root.scrollHeight <= innerHeight) return;
    const usual = parseFloat(getComputedStyle(root).fontSize);
    for (const size of SHARES.map((share) => share * usual).filter((size) => size >= LEAST_PX)) {
      root.style.fontSize = `${size}px`;
      if (root.scrollHeight <= innerHeight) return;
    }
    root.style.fontSize = "";
  }

  async #stayOn() {
    try {
      this.#lock = (await navigator.wakeLock?.request("screen")) ?? null;
    } catch {
      // Not allowed here, or the battery is low.
    }
  }
}
