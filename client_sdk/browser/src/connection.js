/**
 * One WebSocket at a time, opened again for as long as the close codes allow. It knows nothing of events: it carries
 * texts, and decides only when to dial.
 *
 *   idle -> connecting -> open (welcome heard) -> waiting -> connecting ... ; any -> stopped
 */

import { retryRule } from "./closecodes.js";

/** @typedef {"idle" | "connecting" | "open" | "waiting" | "stopped"} State */
/**
 * @typedef {object} Parts
 * @property {() => WebSocket} dial may throw
 * @property {import("./backoff.js").Backoff} backoff
 * @property {() => number} now steady time
 * @property {() => number} notBefore steady time before which the server asked not to be called
 * @property {() => void} opened the socket is up: say hello
 * @property {(data: unknown) => void} message
 * @property {(code: number, failures: number) => boolean} closed it is gone; true = do not follow the code's rule
 * @property {(state: State, code: number) => void} changed
 */

/** A dial that has brought no welcome by then is given up; the server's own limit for hello is 5 s. */
const WELCOME_MS = 10_000;
/** So long an open connection must last before the back-off starts anew. */
const HEALTHY_MS = 5_000;
/** A timer of more than 24 days goes off at once, again and again. */
const LONGEST_PATIENCE_MS = 3_600_000;
/** No frame for so many heartbeats: the line is dead, whatever the browser believes. */
const MISSED_HEARTBEATS = 2.5;
/** An error is followed by a close at once, but not everywhere: Chromium says no more of a socket that a policy forbids. */
const CLOSE_AFTER_ERROR_MS = 100;

export class Connection {
  /** @type {State} */
  state = "idle";
  /** Dials since the last welcome. */
  failures = 0;
  /** @type {WebSocket | null} */
  #socket = null;
  #welcomedAt = 0;
  #heardAt = 0;
  /** Milliseconds of silence after which the socket is given up. */
  #patience = WELCOME_MS;
  /** The next dial, or the next look at the silence. @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #parts;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** Dial now, unless a socket is up or we were stopped. */
  connect() {
    if (this.#socket || this.state === "stopped") return;
    clearTimeout(this.#timer);
    this.#patience = WELCOME_MS;
    this.#heardAt = this.#parts.now();
    this.#become("connecting");
    try {
      this.#adopt(this.#parts.dial());
    } catch {
      this.#lost(1006); // a content policy or a bad address; another page load may do better
    }
  }

  /** The server said welcome. @param {number} heartbeat its ping interval, milliseconds */
  welcomed(heartbeat) {
    this.failures = 0;
    this.#welcomedAt = this.#parts.now();
    this.#patience = Math.min(LONGEST_PATIENCE_MS, Math.max(1_000, heartbeat * MISSED_HEARTBEATS));
    this.#become("open");
  }

  /** @param {string} text a frame; lost without a word when the socket is not up */
  send(text) {
    if (this.#socket?.readyState === 1) this.#socket.send(text);
  }

  /** Hang up and dial again at once, or backed off when that happens over and over. */
  reconnect() {
    this.#drop(1000);
    this.#redial(4200);
  }

  /** Hang up; `connect` dials again. */
  pause() {
    this.#drop(1000);
    if (this.state !== "stopped") this.#become("idle");
  }

  /** Hang up for good. @param {number} [code] the close code that forbids to go on; 0 = our own wish */
  stop(code = 0) {
    this.#drop(1000);
    this.#become("stopped", code);
  }

  /** @param {WebSocket} socket */
  #adopt(socket) {
    this.#socket = socket;
    socket.onopen = () => this.#parts.opened();
    socket.onmessage = (event) => {
      this.#heardAt = this.#parts.now();
      this.#parts.message(event.data);
    };
    const gone = (/** @type {number} */ code) => {
      this.#drop(0);
      this.#lost(code);
    };
    socket.onclose = (event) => gone(event.code);
    socket.onerror = () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(gone, CLOSE_AFTER_ERROR_MS, 1006);
    };
    this.#watch();
  }

  /** Look again when the silence could have become too long. */
  #watch() {
    const left = this.#heardAt + this.#patience - this.#parts.now();
    clearTimeout(this.#timer);
    if (left > 0) {
      this.#timer = setTimeout(() => this.#watch(), left);
    } else {
      this.#drop(4103);
      this.#lost(4103);
    }
  }

  /** Let go of the socket, so that nothing it still does is heard. @param {number} code 0 = it is closed already */
  #drop(code) {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onerror = socket.onclose = null;
    if (code) socket.close(code);
  }

  /** @param {number} code */
  #lost(code) {
    this.failures += 1;
    if (!this.#parts.closed(code, this.failures)) this.#redial(code);
  }

  /** Follow the rule of a close code. @param {number} code */
  #redial(code) {
    const { backoff, now, notBefore } = this.#parts;
    if (this.#welcomedAt && now() - this.#welcomedAt >= HEALTHY_MS) backoff.reset();
    this.#welcomedAt = 0;
    if (this.state === "stopped") return;
    const rule = retryRule(code);
    if (rule === "never") return this.#become("stopped", code);
    const wait = rule === "now" ? backoff.immediate() : backoff.delay();
    this.#become("waiting", code);
    this.#timer = setTimeout(() => this.connect(), Math.max(wait, notBefore() - now()));
  }

  /** @param {State} state @param {number} [code] */
  #become(state, code = 0) {
    this.state = state;
    this.#parts.changed(state, code);
  }
}
