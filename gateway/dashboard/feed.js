// All subscriptions of one viewer: what to send when a socket opens, where each message goes. Pure; sending is injected.

import * as wire from "./wire.js";

/** The board draws at most this often, so the server need not send more. */
const MAX_HZ = 4;

/**
 * @typedef {object} Subscription
 * @property {string} [kpi]
 * @property {Record<string, import("./wire.js").Dim>} [where] only rows of these dimensions
 * @property {number} [last] seconds
 * @property {(id: number) => object} [ask] in the place of these: the message that begins it, or goes on
 * @property {import("./view.js").View|import("./livelog.js").LiveLog} view
 * @property {() => void} onChange rows, watermark or meta changed
 * @property {(code: string) => void} onError the server refused this subscription
 */

export class Feed {
  /** @type {Map<number, Subscription>} */
  #subscriptions = new Map();
  /** Ids of those that asked for a snapshot and have not heard anything since. */
  #asked = new Set();
  /** Ids of those whose view has too many windows and that asked for the coarser ones that the server has. */
  #thinning = new Set();
  #send;
  #restated;
  #next = 1;
  #open = false;
  #visible = true;

  /**
   * @param {(messages: object[]) => void} send called only between `opened` and `closed`
   * @param {() => void} restated the server said something anew that nobody asked for: its KPI set may have changed
   */
  constructor(send, restated) {
    this.#send = send;
    this.#restated = restated;
  }

  /**
   * @param {Subscription} subscription
   * @returns {() => void} its undo
   */
  add(subscription) {
    const id = this.#next++;
    this.#subscriptions.set(id, subscription);
    if (this.#open) this.#send([this.#subscribe(id, subscription)]);
    return () => {
      this.#asked.delete(id);
      this.#thinning.delete(id);
      if (this.#subscriptions.delete(id) && this.#open) this.#send([wire.unsubscribe(id)]);
    };
  }

  /** A socket was welcomed: subscribe to everything, from where each view stands. */
  opened() {
    this.#open = true;
    const messages = [...this.#subscriptions].map(([id, subscription]) => this.#subscribe(id, subscription));
    if (!this.#visible) messages.push(wire.visibility(false));
    if (messages.length) this.#send(messages);
  }

  closed() {
    this.#open = false;
    this.#thinning.clear();
    for (const { view } of this.#subscriptions.values()) view.disconnected();
  }

  /** @param {boolean} visible whether anybody can see the page */
  show(visible) {
    if (visible === this.#visible) return;
    this.#visible = visible;
    if (this.#open) this.#send([wire.visibility(visible)]);
  }

  /** @param {object} message a decoded `snapshot`, `delta`, `events` or `error` */
  receive(message) {
    const subscription = this.#subscriptions.get(message.id);
    if (!subscription) return;
    if (message.type === "error") {
      if (message.code === "unknown_kpi") this.#restated();
      return subscription.onError(message.code);
    }
    const outcome = subscription.view.apply(message);
    const asked = this.#asked.has(message.id) || this.#thinning.has(message.id);
    if (outcome !== "waiting") this.#asked.delete(message.id);
    if (message.type === "snapshot") this.#thinning.delete(message.id);
    const thin = outcome === "changed" && subscription.view.crowded && !this.#thinning.has(message.id);
    if (thin) this.#thinning.add(message.id);
    if (outcome === "resync" || thin) {
      this.#asked.add(message.id);
      this.#send([wire.resync(message.id)]);
    }
    if (outcome === "changed") subscription.onChange();
    if (outcome === "changed" && message.type === "snapshot" && !asked) this.#restated();
  }

  #subscribe(id, { kpi, where, last, ask, view }) {
    this.#asked.add(id);
    return ask ? ask(id) : wire.subscribe(id, kpi, last, MAX_HZ, { where, from: view.from });
  }
}
