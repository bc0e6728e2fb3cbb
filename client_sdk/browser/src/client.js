/**
 * The SDK of one page: from a call of the page to an event that is stored. Built by `init`, unless consent is denied.
 *
 * What queues and sends (delivery.js) is loaded meanwhile. Until it is here, and knows which producer this tab is, events
 * are kept in the journal, which stores them too; then they are handed over. While consent is pending they are kept in
 * memory alone, and nothing is loaded.
 */

import { steady, wall } from "./clock.js";
import { millis, redactor } from "./event.js";
import { Journal, capsOf, journalPrefix } from "./journal.js";
import { watchLifecycle } from "./lifecycle.js";
import { post } from "./messages.js";
import { browserProperties, viewProperties } from "./page.js";
import { privacy } from "./privacy.js";
import { Store, quietly } from "./store.js";
import { uuidGenerator } from "./uuid.js";
import { Visitor } from "./visitor.js";

/** @typedef {import("./config.js").Config} Config */
/** @typedef {import("./config.js").CaptureOptions} CaptureOptions */
/** @typedef {Awaited<ReturnType<typeof import("./delivery.js").openDelivery>>} Delivery */
/**
 * @typedef {object} Surroundings what a client shares with those before and after it
 * @property {string} key write key
 * @property {Config} config
 * @property {string} url the gateway's origin
 * @property {(event: string, value: unknown) => void} emit
 * @property {() => Promise<typeof import("./delivery.js")>} load
 */

/** The next try, when delivery could not be loaded; going online tries at once. */
const RELOAD_MS = 5_000;
/** How long `shutdown` waits for acks. */
const SHUTDOWN_MS = 2_000;
/** Characters of an id. */
const MAX_ID = 200;
/** Captures within captures, made by a hook or a listener: one that captures each time would never end. */
const MOST_NESTED = 4;

export class Client {
  /** Takes the events once it is there. @type {Delivery | null} */
  #delivery = null;
  /** Whether the end of the running task will store and send. */
  #scheduled = false;
  /** Whether events may be stored and sent; false while consent is pending. */
  #granted = false;
  /** Whether the page is left, for good or for the back/forward cache; at our own end too. */
  #away = false;
  #ended = false;
  /** Captures under way. */
  #nested = 0;
  /** Resolves when `#delivery` is there, or the page away. @type {Promise<void> | undefined} */
  #opening;
  /** Try to load at once, where that has failed and is waited with. @type {(value?: unknown) => void} */
  #retry = () => {};
  /** Keeps the events: a journal, then the queue of delivery. */
  #journal;
  #privacy;
  #unwatch;

  /**
   * @param {Surroundings} around
   * @param {boolean} granted false: consent is pending, `grant` may follow
   */
  constructor(around, granted) {
    const { config } = around;
    this.around = around;
    this.name = config.name ?? "tidegate";
    /** Shared by the tabs of this origin. */
    this.store = new Store();
    /** Of this tab alone. */
    this.tab = new Store();
    this.visitor = new Visitor(this.store, this.name, this.makeId);
    if (granted) this.#attach();
    this.#journal = this.#begin();
    this.#privacy = privacy(config);
    this.mask = this.#privacy.mask;
    this.#unwatch = watchLifecycle(globalThis, this);
    if (granted) this.online(); // last: where the page lacks something, nothing has begun
  }

  makeId = uuidGenerator(wall);

  /** What all events of a connection share. */
  defaults = () => ({
    distinct_id: this.visitor.id,
    properties: browserProperties(navigator, location),
  });

  /** Consent is here: what waited is stored and sent. */
  grant() {
    if (this.#granted) return;
    this.#attach();
    this.#schedule();
    this.online();
  }

  /** Consent is withdrawn: what is not yet acked is given up, everything stored is removed, nothing more is taken. */
  forget() {
    this.around.emit("drop", { events: this.#journal.events, reason: "consent" });
    this.#end();
    for (const store of [this.store, this.tab]) {
      for (const key of store.keys(`${this.name}:`)) store.remove(key);
      store.attach(() => undefined); // delivery may be on its way, and has an id to remember
    }
  }

  /** @param {string} event @param {Record<string, unknown>} [properties] @param {CaptureOptions} [options] */
  capture(event, properties, options) {
    if (this.#ended || this.#nested >= MOST_NESTED) return;
    this.#nested += 1;
    quietly(() => this.#capture(event, properties, options));
    this.#nested -= 1;
  }

  /** @param {string} event @param {Record<string, unknown>} [properties] @param {CaptureOptions} [options] */
  #capture(event, properties, options) {
    this.#schedule();
    const { priority, timestamp } = options ?? {};
    if (this.#delivery?.sheds(priority)) return;
    const { emit } = this.around;
    const now = wall();
    const uuid = this.makeId();
    const wire = {
      event,
      uuid,
      timestamp: millis(timestamp, now),
      distinct_id: this.visitor.id,
      session_id: this.visitor.touch(now),
      window_id: this.#delivery?.windowId ?? this.#journal.id, // what delivery adopts gets its own
      properties: properties ?? {},
    };
    const encoded = this.#privacy.encode(wire, this.#registered, location);
    if (!encoded) return;
    if ("reason" in encoded) {
      const { ledger } = this.#journal;
      ledger.sent += 1;
      ledger.rejected += 1;
      emit("verdict", { event, uuid, outcome: "drop", reason: encoded.reason });
    } else {
      this.#journal.add({ uuid, ...encoded, at: steady() });
    }
    emit("capture", { event, uuid, properties });
  }

  /** @param {Record<string, unknown>} [properties] */
  page(properties) {
    this.capture("$pageview", { ...viewProperties(document, this.mask), ...properties });
  }

  /** @param {string | number} given @param {Record<string, unknown>} [set] @param {Record<string, unknown>} [setOnce] */
  identify(given, set, setOnce) {
    const id = typeof given === "number" ? `${given || ""}` : given;
    // A longer id is refused by the gateway, and all that carries it.
    if (this.#ended || typeof id !== "string" || !id || id[MAX_ID]) return;
    const before = this.visitor.identify(id);
    const anonymous = before === id ? undefined : before;
    this.capture("$identify", { $anon_distinct_id: anonymous, $set: set, $set_once: setOnce });
    this.around.emit("identify", { id, before });
  }

  /** @param {string} alias */
  alias(alias) {
    if (alias) this.capture("$create_alias", { alias, distinct_id: this.visitor.id });
  }

  /** @param {string} type @param {string} key @param {Record<string, unknown>} [set] */
  group(type, key, set) {
    if (!type || !key) return;
    this.register({ $groups: { .../** @type {object} */ (this.#registered.$groups), [type]: key } });
    this.capture("$groupidentify", { $group_type: type, $group_key: key, $group_set: set });
  }

  /** @param {Record<string, unknown>} properties */
  register(properties) {
    if (typeof properties === "object") this.#registered = { ...this.#registered, ...properties }; // a text has letters
  }

  /** @param {string} name */
  unregister(name) {
    this.register({ [name]: undefined }); // JSON leaves out what is undefined
  }

  /** Someone else sits here now: a new person, a new session, nothing registered. */
  reset() {
    this.#registered = {};
    this.visitor.reset();
    this.around.emit("reset", {});
  }

  /** @returns {Promise<boolean>} true when all that waited is acked; false when some of it cannot be any more */
  async flush() {
    await this.#opening;
    return this.#delivery?.flush() ?? !this.#journal.events;
  }

  /** @returns {import("./ledger.js").Balance} */
  ledger() {
    return this.#journal.balance();
  }

  /** Send what can be sent within two seconds, then fall silent. What is left stays stored. */
  async shutdown() {
    await Promise.race([this.flush(), new Promise((resolve) => setTimeout(resolve, SHUTDOWN_MS))]);
    this.leave();
    this.#end();
  }

  /** The page is hidden: the oldest events go as a beacon, under a producer of their own; nobody hears the answer. */
  hide() {
    if (this.#delivery) return this.#delivery.hide();
    const { id, epoch, chunks } = this.#journal;
    const [first] = chunks;
    if (!first || !this.#granted) return;
    if (!first.seq) this.#journal.assign(first, 1);
    this.beacon(post(this.around.key, { id, epoch }, 1, wall(), this.defaults(), first.entries));
  }

  /** @param {string} body @returns {boolean | undefined} not true when the browser takes no more */
  beacon(body) {
    // An address that no beacon takes throws: the events are stored, which must do.
    return quietly(() => navigator.sendBeacon(`${this.around.url}/v1/events`, body));
  }

  /** Properties of every event of every tab; what has no text throws when it is put here, and spoils no event. */
  set #registered(/** @type {Record<string, unknown>} */ all) {
    this.store.set(`${this.name}:registered`, JSON.stringify(all, redactor()));
  }

  get #registered() {
    return this.store.json(`${this.name}:registered`) ?? {};
  }

  #attach() {
    this.#granted = true;
    if (this.around.config.cookieless) return;
    this.store.attach(() => localStorage);
    this.tab.attach(() => sessionStorage);
    this.visitor.identify(this.visitor.id); // somebody whom the store knows stays who they are
  }

  #end() {
    this.#ended = this.#away = true;
    this.#retry();
    this.#unwatch();
    this.#delivery?.stop();
  }

  /** Store and send at the end of the running task, once for all its events. */
  #schedule() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      if (!this.#ended) this.around.emit("ledger", this.ledger());
      // What a listener captures is stored with the rest and told with the next: one that always does would never end.
      this.#scheduled = false;
      if (!this.#granted || this.#ended) return;
      this.#journal.save();
      this.#delivery?.kick();
    });
  }

  /** There is a network: load what queues and sends, and hand over to it. */
  online() {
    this.#delivery?.online();
    this.#retry();
    if (this.#granted && !this.#delivery) this.#opening ??= this.#handOver().finally(() => (this.#opening = undefined));
  }

  async #handOver() {
    while (!this.#away && !this.#delivery) {
      try {
        const journal = this.#journal;
        const { openDelivery } = await this.around.load();
        const delivery = await openDelivery(this, journal);
        if (this.#away) return delivery.stop();
        this.#delivery = delivery; // first: a listener may capture while it adopts
        this.#journal = delivery.queue;
        delivery.adopt(journal);
        this.#schedule();
      } catch {
        await new Promise((resolve) => {
          this.#retry = resolve;
          setTimeout(resolve, RELOAD_MS);
        });
      }
    }
  }

  leave() {
    this.#away = true;
    if (this.#delivery) this.#delivery.leave();
    else this.hide();
  }

  /** Shown again out of the back/forward cache: another page of this tab may have used the identity meanwhile. */
  back() {
    this.#away = false;
    if (this.#delivery) {
      this.#delivery.stop();
      this.#delivery = null;
      this.#journal = this.#begin();
    }
    this.online();
  }

  /** A journal under a producer of its own. */
  #begin() {
    return new Journal(this.store, journalPrefix(this.name), this.makeId(), capsOf(this.around));
  }
}
