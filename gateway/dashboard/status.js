// The bar at the top: connection, how old the data is, how far the watermark is behind.

import { mark, write } from "./element.js";
import { age } from "./format.js";

const WORDS = {
  connecting: "Connecting",
  live: "Live",
  waiting: "Disconnected",
  draining: "Server restarting",
  stopped: "Stopped",
  locked: "Key needed",
};
/** How long "slowed" stays after the last notice of it. */
const SLOWED_MS = 15_000;

export class Status {
  #bar;
  #phase;
  #detail;
  #fresh;
  #behind;
  #tiles;
  /** @type {import("./connection.js").State} */
  #state = { phase: "connecting", text: "", retryAt: null, hint: "" };
  #slowedAt = -Infinity;

  /** @param {HTMLElement} bar @param {() => void} onRetry a person wants to connect now */
  constructor(bar, onRetry) {
    const part = (name) => bar.querySelector(`[data-part=${name}]`);
    this.#bar = bar;
    this.#phase = part("phase");
    this.#detail = part("detail");
    this.#fresh = part("fresh");
    this.#behind = part("behind");
    this.#tiles = part("tiles");
    part("retry").addEventListener("click", onRetry);
  }

  /** @param {import("./connection.js").State} state */
  set(state) {
    this.#state = state;
    this.draw(performance.now());
  }

  /** The server merges our updates, since this connection is slow. */
  slowed() {
    this.#slowedAt = performance.now();
    this.draw(this.#slowedAt);
  }

  /** @param {number} steady ms of performance.now() */
  draw(steady) {
    const { phase, text, retryAt } = this.#state;
    const slow = phase === "live" && steady - this.#slowedAt < SLOWED_MS;
    mark(document.documentElement, "data-phase", phase);
    mark(this.#bar, "data-slow", slow ? "" : null);
    const offline = phase === "waiting" && !navigator.onLine;
    write(this.#phase, slow ? "Live, merged" : offline ? "Offline" : WORDS[phase]);
    const wait = retryAt === null ? 0 : Math.ceil((retryAt - steady) / 1_000);
    write(this.#detail, phase === "connecting" ? "" : wait > 0 ? `${text} Next try in ${wait} s.` : text);
    mark(this.#detail, "title", text || null);
  }

  /**
   * @param {number} now the server's epoch ms
   * @param {{head: number|null, watermark: number|null}} times
   * @param {number} tiles
   */
  measure(now, { head, watermark }, tiles) {
    write(this.#fresh, age(head === null ? null : now - head));
    write(this.#behind, age(watermark === null ? null : now - watermark));
    write(this.#tiles, String(tiles));
  }
}
