// One viewer's way to the server: the KPI list over HTTP, then the socket; again after every loss, by the close table.

import { Backoff } from "./backoff.js";
import { SUBPROTOCOL, closeText, decode, encode, hello, pong, retryRule } from "./wire.js";

/** No answer to a request or a hello within this: the way is blocked, try again. */
const ANSWER_MS = 10_000;
/** Sockets in a row that end before they open, though the list is answered: from so many on it is no restart. */
const REFUSED_SOCKETS = 2;
/** A list that may have changed is read again so soon, since every tile says so at the same time, and no more often. */
const RELIST_MS = 250;
const RELIST_PACE_MS = 10_000;

/**
 * @typedef {object} State
 * @property {"connecting"|"live"|"waiting"|"draining"|"stopped"|"locked"} phase `stopped`
 *   for good, until a person asks; `locked` is the page's own: it has no key
 * @property {string} text one sentence, empty when all is well
 * @property {number|null} retryAt steady ms of the next attempt
 * @property {string} hint what a person has to mend, empty when nothing is known of that
 *
 * @typedef {object} Handlers
 * @property {(state: State) => void} state
 * @property {(kpis: object[]) => void} kpis the list, before each socket and when it may have changed
 * @property {(welcome: object) => void} opened
 * @property {(message: object) => void} message
 * @property {() => void} closed an opened socket ended
 * @property {(reason: string) => void} refused the key is no good; nothing more is tried
 */

export class Connection {
  #key;
  #viewer;
  #clock;
  #on;
  #env;
  #backoff = new Backoff();
  /** The current socket; messages of any other are stale. */
  #socket = null;
  /** Whether the current socket was welcomed. */
  #opened = false;
  #timer = null;
  #watchdog = null;
  #abort = null;
  /** The next reading of the list, if one is due, and when the last began. */
  #relisting = null;
  #relistedAt = -Infinity;
  /** Sockets since the last one that opened, of those that were tried. */
  #unopened = 0;
  /** How long silence may last, ms; from `welcome.heartbeat_ms`. */
  #patience = ANSWER_MS;

  /**
   * @param {{key: string, viewer: string, clock: import("./clock.js").Clock, on: Handlers, env: object}} parts
   *   `env` holds what touches the world: socket(url, protocol), fetch, setTimeout, clearTimeout, random, now, base
   */
  constructor({ key, viewer, clock, on, env }) {
    this.#key = key;
    this.#viewer = viewer;
    this.#clock = clock;
    this.#on = on;
    this.#env = env;
  }

  /** Connect, at once. Also ends a wait: the network came back, or a person asked. */
  async start() {
    if (this.#socket || this.#abort) return;
    this.#env.clearTimeout(this.#timer);
    this.#state("connecting", "Connecting…");
    const abort = new AbortController();
    this.#abort = abort;
    const limit = this.#env.setTimeout(() => abort.abort(), ANSWER_MS);
    try {
      const { answer, kpis } = await this.#list(abort.signal);
      if (this.#abort !== abort) return;
      this.#abort = null;
      if (kpis) {
        this.#on.kpis(kpis);
        this.#open();
      } else {
        this.#answered(answer);
      }
    } catch {
      if (this.#abort !== abort) return;
      this.#abort = null;
      this.#retry("The server cannot be reached.");
    } finally {
      this.#env.clearTimeout(limit);
    }
  }

  /** The server's KPI set may have changed under a live socket: read it again, once for all who say so. */
  relist() {
    if (!this.#opened || this.#relisting !== null) return;
    const wait = Math.max(RELIST_MS, this.#relistedAt + RELIST_PACE_MS - this.#env.now());
    this.#relisting = this.#env.setTimeout(async () => {
      const socket = this.#socket;
      this.#relisting = null;
      this.#relistedAt = this.#env.now();
      // Without an answer the board stays as it is: the next socket begins with the list anyway.
      const { kpis } = await this.#list().catch(() => ({ kpis: null }));
      if (kpis && this.#opened && this.#socket === socket) this.#on.kpis(kpis);
    }, wait);
  }

  /** End for good: no handler is called any more. */
  stop() {
    this.#abort?.abort();
    this.#abort = null;
    this.#env.clearTimeout(this.#timer);
    this.#drop();
  }

  /** @param {object[]} messages sent as one frame; dropped when there is no socket, since `opened` says all again */
  send(messages) {
    if (this.#socket?.readyState === 1) this.#socket.send(encode(messages));
  }

  /** @param {AbortSignal} [signal] @returns {Promise<{answer: Response, kpis: object[]|null}>} null unless answered 200 */
  async #list(signal) {
    const headers = { Authorization: `Bearer ${this.#key}` };
    const answer = await this.#env.fetch(new URL("v1/kpis", this.#env.base), { headers, signal, cache: "no-store" });
    if (!answer.ok) return { answer, kpis: null };
    const { kpis } = await answer.json();
    return { answer, kpis: Array.isArray(kpis) ? kpis.filter((kpi) => typeof kpi?.name === "string") : [] };
  }

  #answered({ status, headers }) {
    if (status === 401) return this.#on.refused(closeText(4001));
    if (status === 403) return this.#on.refused(closeText(4003));
    const floor = Number(headers.get("Retry-After")) * 1_000 || 0;
    this.#retry(status === 503 ? closeText(1012) : `The server answered ${status}.`, { floor: Math.min(floor, 60_000) });
  }

  #open() {
    const address = new URL("v1/ws", this.#env.base);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = this.#env.socket(address.href, SUBPROTOCOL);
    this.#socket = socket;
    this.#opened = false;
    this.#patience = ANSWER_MS;
    this.#unopened += 1;
    let helloAt = 0;
    const current = (act) => (event) => this.#socket === socket && act(event);
    socket.onopen = current(() => {
      helloAt = this.#env.now();
      this.#unopened = 0;
      this.send([hello(this.#key, this.#viewer)]);
    });
    socket.onmessage = current(({ data }) => {
      this.#watch();
      for (const message of decode(data)) this.#receive(message, helloAt);
    });
    socket.onclose = current(({ code }) => this.#lost(code));
    this.#watch();
  }

  #receive(message, helloAt) {
    const now = this.#env.now();
    if (message.type === "welcome") {
      this.#opened = true;
      this.#patience = 2 * (message.heartbeat_ms || 25_000) + 5_000;
      this.#watch();
      this.#clock.reset();
      this.#clock.sample(message.now, now, helloAt);
      this.#backoff.opened(now);
      this.#state("live", "");
      this.#on.opened(message);
    } else if (message.type === "ping") {
      this.#clock.sample(message.now, now);
      this.send([pong(message.now, Date.now())]);
    } else {
      if (message.type === "drain") this.#state("draining", closeText(1012));
      this.#on.message(message);
    }
  }

  #lost(code) {
    this.#drop();
    const rule = retryRule(code);
    if (code === 4001 || code === 4003) this.#on.refused(closeText(code));
    else if (rule === "never") this.#state("stopped", closeText(code));
    else this.#retry(closeText(code), { immediate: rule === "now", hint: this.#unopened >= REFUSED_SOCKETS ? this.#refusedText() : "" });
  }

  /** Let go of the socket, closing it if need be. */
  #drop() {
    this.#env.clearTimeout(this.#watchdog);
    this.#env.clearTimeout(this.#relisting);
    this.#relisting = null;
    const socket = this.#socket;
    this.#socket = null;
    if (socket && socket.readyState < 2) socket.close();
    if (this.#opened) {
      this.#opened = false;
      this.#on.closed();
    }
  }

  #retry(text, wish = {}) {
    const wait = this.#backoff.closed(this.#env.now(), this.#env.random(), wish);
    this.#state("waiting", text, this.#env.now() + wait, wish.hint);
    this.#timer = this.#env.setTimeout(() => this.start(), wait);
  }

  /** Any frame is life; a silent socket is a dead one, though the browser may not notice for minutes. */
  #watch() {
    this.#env.clearTimeout(this.#watchdog);
    this.#watchdog = this.#env.setTimeout(() => this.#lost(4103), this.#patience);
  }

  #refusedText() {
    const { origin } = this.#env.base;
    return `The server answers this page, but takes no WebSocket from it. It may be that ${origin} is missing in the setting allowed_origins, that a proxy in between passes no WebSockets on, or that the server has too many connections.`;
  }

  #state(phase, text, retryAt = null, hint = "") {
    this.#on.state({ phase, text, retryAt, hint });
  }
}
