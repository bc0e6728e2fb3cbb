// Wall mode: the board alone, in large type, on a screen that stays on.

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
    if (on) this.#stayOn();
    else this.#lock?.release().catch(() => {});
    if (!on) this.#lock = null;
  }

  async #stayOn() {
    try {
      this.#lock = (await navigator.wakeLock?.request("screen")) ?? null;
    } catch {
      // Not allowed here, or the battery is low.
    }
  }
}
