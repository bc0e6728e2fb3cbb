/**
 * The SDK of one page: from a call of the page to an event in the queue. Built by `init`.
 *
 * Until the identity is settled (milliseconds, see identity.js) events wait in `early`; then each goes to the
 * producer's queue and is in the store before the running task ends.
 */

import { steady, wall } from "./clock.js";
import { Courier } from "./courier.js";
import { encodeEvent, inWindow } from "./event.js";
import { claim, claimNew, queuePrefix } from "./identity.js";
import { Ledger } from "./ledger.js";
import { watchLifecycle } from "./lifecycle.js";
import { browserProperties, pageProperties, viewProperties } from "./page.js";
import { Producer } from "./producer.js";
import { Queue } from "./queue.js";
import { Person, Session } from "./session.js";
import { Store } from "./store.js";
import { uuidGenerator } from "./uuid.js";

/**
 * @typedef {object} Config
 * @property {string} [url] the gateway's origin; default: where the SDK was loaded from
 * @property {string} [name] namespace of all that is stored; default "tidegate"
 * @property {boolean} [pageview] capture a page view at `init`; default true
 * @property {string[]} [modules] optional modules to load, by name
 * @property {string[]} [queryAllow] the only query parameters whose values are sent; default: all but secret ones
 * @property {number} [maxEvents] events that the queue of one tab holds; default 2,000
 * @property {number} [maxBytes] their bytes; default 1 MiB
 */
/** @typedef {{timestamp?: number | Date, priority?: "low" | "normal"}} CaptureOptions */
/** @typedef {{event: string, uuid: string, encoded: ReturnType<typeof encodeEvent>, low: boolean, at: number}} Taken */
/** @typedef {{chunk: import("./chunk.js").Chunk, done: (all: boolean) => void}} Waiter */

const MAX_EVENTS = 2_000;
const MAX_BYTES = 1_048_576;
/** How long `shutdown` waits for acks. */
const SHUTDOWN_MS = 2_000;

export class Client {
  /** Events from before the identity was settled; null after. @type {Taken[] | null} */
  #early = [];
  /** @type {Producer | null} */
  #producer = null;
  /** @type {Courier | null} */
  #courier = null;
  /** @type {import("./lease.js").Lease | null} */
  #lease = null;
  /** Those who wait in `flush`: until their chunk has left the queue. @type {Waiter[]} */
  #waiters = [];
  /** Whether the end of the running task will store and send. */
  #scheduled = false;
  #ended = false;
  #store = new Store(() => localStorage);
  #makeUuid = uuidGenerator();
  #makeId = () => this.#makeUuid(wall());
  #key;
  #url;
  #emitter;
  #caps;
  #places;
  #leaseParts;
  #windowId;
  #session;
  #person;
  #registeredKey;
  /** Properties of every event. @type {Record<string, unknown>} */
  #registered;
  /** Resolves when the identity is settled. @type {Promise<void>} */
  #settled;
  #unwatch;

  /**
   * @param {string} key write key
   * @param {Config} config
   * @param {string} origin where the SDK was loaded from
   * @param {import("./emitter.js").Emitter} emitter
   */
  constructor(key, config, origin, emitter) {
    const { url = origin, name = "tidegate", maxEvents = MAX_EVENTS, maxBytes = MAX_BYTES } = config;
    this.#key = key;
    this.#url = url.replace(/\/+$/, "");
    this.#emitter = emitter;
    this.#caps = { maxEvents, maxBytes };
    this.#places = { store: this.#store, tab: new Store(() => sessionStorage), name };
    this.#leaseParts = { locks: navigator.locks, store: this.#store, wall };
    this.#windowId = this.#makeId();
    this.#session = new Session(this.#store, name, this.#makeId);
    this.#person = new Person(this.#store, name, this.#makeId);
    this.#registeredKey = `${name}:registered`;
    this.#registered = this.#store.json(this.#registeredKey) ?? {};
    this.#unwatch = watchLifecycle(globalThis, {
      hide: () => this.#courier?.hide(),
      leave: () => this.#leave(),
      back: () => this.#back(),
      online: () => this.#courier?.start(),
    });
    this.#settled = this.#claim(); // last: where the page lacks something, nothing has begun
  }

  /**
   * @param {string} event
   * @param {Record<string, unknown>} [properties]
   * @param {CaptureOptions} [options]
   */
  capture(event, properties, options) {
    if (this.#ended) return;
    const now = wall();
    const given = Math.trunc(Number(options?.timestamp));
    const uuid = this.#makeUuid(now);
    const wire = {
      event,
      uuid,
      timestamp: Number.isFinite(given) ? given : now,
      distinct_id: this.#person.id,
      session_id: this.#session.touch(now),
      properties: { ...this.#registered, ...pageProperties(location) },
    };
    const encoded = encodeEvent(wire, properties);
    this.#take({ event, uuid, encoded, low: options?.priority === "low", at: steady() });
    this.#emitter.emit("capture", { event, uuid, properties });
  }

  /** @param {Record<string, unknown>} properties */
  register(properties) {
    this.#registered = { ...this.#registered, ...properties };
    this.#store.set(this.#registeredKey, JSON.stringify(this.#registered));
  }

  /** @param {string} name */
  unregister(name) {
    const { [name]: _, ...rest } = this.#registered;
    this.#registered = {};
    this.register(rest);
  }

  /** @param {Record<string, unknown>} [properties] */
  page(properties) {
    this.capture("$pageview", { ...viewProperties(document), ...properties });
  }

  /** @param {string} id @param {Record<string, unknown>} [set] @param {Record<string, unknown>} [setOnce] */
  identify(id, set, setOnce) {
    if (this.#ended || typeof id !== "string" || !id) return;
    const before = this.#person.identify(id);
    this.#emitter.emit("identify", { id, before });
    const anonymous = before === id ? {} : { $anon_distinct_id: before };
    this.capture("$identify", { ...anonymous, ...(set && { $set: set }), ...(setOnce && { $set_once: setOnce }) });
  }

  /** @returns {Promise<boolean>} true when all that was captured before is acked; false when it cannot be any more */
  async flush() {
    await this.#settled;
    const chunk = this.#producer?.queue.seal();
    if (!chunk) return !this.#early?.length;
    if (this.#ended || this.#courier?.state === "stopped") return false;
    this.#courier?.kick();
    return new Promise((done) => void this.#waiters.push({ chunk, done }));
  }

  /** @returns {import("./ledger.js").Balance} */
  ledger() {
    if (this.#producer) return this.#producer.queue.ledger.balance(this.#producer.queue.events);
    const early = this.#early ?? [];
    const rejected = early.filter(({ encoded }) => "reason" in encoded).length;
    return { ...new Ledger().balance(early.length - rejected), sent: early.length, rejected };
  }

  /** Send what can be sent within two seconds, then fall silent. What is left stays stored. */
  async shutdown() {
    if (this.#ended) return;
    await Promise.race([this.flush(), new Promise((resolve) => setTimeout(resolve, SHUTDOWN_MS))]);
    if (this.#ended) return;
    this.#leave();
    this.#ended = true;
    this.#courier?.stop();
    this.#unwatch();
    this.#release(false);
  }

  /** @param {Taken} taken */
  #take(taken) {
    if (this.#early) {
      this.#early.push(taken);
      return;
    }
    const { event, uuid, encoded, low, at } = taken;
    const producer = /** @type {Producer} */ (this.#producer);
    if ("reason" in encoded) {
      producer.queue.ledger.sent += 1;
      producer.queue.ledger.rejected += 1;
      this.#emitter.emit("verdict", { event, uuid, outcome: "drop", reason: encoded.reason });
    } else {
      producer.capture(inWindow(encoded, this.#windowId), uuid, low, at);
    }
    this.#schedule();
  }

  /** Store and send at the end of the running task, once for all its events. */
  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#producer?.queue.save();
      this.#courier?.kick();
      this.#progressed();
    });
  }

  #progressed() {
    const chunks = this.#producer?.queue.chunks ?? [];
    const gone = this.#waiters.filter(({ chunk }) => !chunks.includes(chunk));
    this.#waiters = this.#waiters.filter(({ chunk }) => chunks.includes(chunk));
    for (const { done } of gone) done(true);
    this.#emitter.emit("ledger", this.ledger());
  }

  async #claim() {
    const claimed = await claim(this.#places, this.#leaseParts, this.#makeId);
    if (!this.#early) {
      // The page went away meanwhile and left its events under an id of its own.
      for (const { lease } of [claimed, ...claimed.orphans]) lease?.release();
      return;
    }
    this.#windowId = claimed.windowId;
    this.#lease = claimed.lease;
    const queue = this.#open(claimed.id);
    for (const { id, lease } of claimed.orphans) {
      queue.absorb(new Queue(this.#store, queuePrefix(this.#places.name), id, this.#caps));
      lease.release();
    }
    this.#begin(queue);
    this.#courier?.start();
  }

  /** @param {string} id */
  #open(id) {
    return new Queue(this.#store, queuePrefix(this.#places.name), id, this.#caps);
  }

  /** @param {Queue} queue */
  #begin(queue) {
    const early = this.#early ?? [];
    this.#early = null;
    this.#producer = new Producer(queue);
    this.#courier = new Courier(this.#producer, {
      url: this.#url,
      key: this.#key,
      defaults: () => this.#defaults(),
      emit: (name, value) => this.#emit(name, value),
      progressed: () => this.#progressed(),
      fenced: () => this.#fenced(),
    });
    for (const taken of early) this.#take(taken);
  }

  #defaults() {
    const session = this.#session.touch(wall());
    return { distinct_id: this.#person.id, session_id: session, properties: browserProperties(navigator, location) };
  }

  /** @param {string} name @param {unknown} value */
  #emit(name, value) {
    if (name === "state" && /** @type {any} */ (value).state === "stopped") this.#release(false);
    this.#emitter.emit(name, value);
  }

  /** Let those who wait in `flush` go. @param {boolean} all */
  #release(all) {
    for (const { done } of this.#waiters.splice(0)) done(all);
  }

  /** Someone else connected with our id: go on under a new one, with the same events and uuids. */
  #fenced() {
    const id = this.#makeId();
    this.#windowId = this.#makeId();
    const certain = this.#lease?.certain ?? false;
    this.#producer?.queue.move(id, !certain);
    this.#lease?.release();
    this.#lease = null;
    void claimNew(this.#places, this.#leaseParts, id, this.#windowId).then((lease) => {
      this.#lease = lease;
      this.#courier?.restart();
    });
  }

  #leave() {
    if (!this.#producer) this.#begin(this.#open(this.#makeId()));
    this.#producer?.queue.save();
    this.#courier?.leave();
    this.#lease?.release();
    this.#lease = null;
  }

  /** Shown again out of the back/forward cache: another page of this tab may have used the identity meanwhile. */
  #back() {
    if (this.#ended) return;
    this.#courier?.stop();
    this.#producer = this.#courier = null;
    this.#early = [];
    this.#settled = this.#claim();
  }
}
