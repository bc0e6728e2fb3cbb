/**
 * The second part of the SDK: the queue of this tab and what sends it. The first part, which takes and keeps events
 * without it, loads it as soon as events may be sent, and hands them over.
 */

import { sendBeacons } from "./beacon.js";
import { wall } from "./clock.js";
import { Courier } from "./courier.js";
import { absorb, entriesOf, move } from "./heritage.js";
import { claim, claimNew, queuePrefix } from "./identity.js";
import { Queue } from "./queue.js";

/** @typedef {import("./client.js").Client} Client */
/** @typedef {import("./journal.js").Journal} Journal */
/** @typedef {{chunk: import("./journal.js").Chunk, done: (all: boolean) => void}} Waiter */

/** The server moves older timestamps up to this age, so there they would be wrong. */
const TTL_MS = 48 * 3_600_000;

/** Fractions that are given up at level 2 and above, by priority; of others nothing is. */
const SHED = { low: 1 };

/** @param {Client} client */
const leaseParts = ({ store }) => ({ locks: navigator.locks, store, wall });

/**
 * Settle which producer this tab is, and open its queue.
 * @param {Client} client
 * @param {Journal} journal of the client
 */
export async function openDelivery(client, journal) {
  return new Delivery(client, journal, await claim(client, leaseParts(client), client.makeId, journal.id));
}

class Delivery {
  /** Those who wait in `flush`: until their chunk has left the queue. @type {Waiter[]} */
  #waiters = [];
  #ended = false;
  #client;
  /** @type {import("./lease.js").Lease | null} */
  #lease;
  #courier;

  /** @param {Client} client @param {Journal} journal @param {import("./identity.js").Claim} claimed */
  constructor(client, journal, { id, windowId, lease, orphans }) {
    const { around, name, store } = client;
    const { ttl = 0 } = around.config;
    const caps = {
      ...journal.caps,
      oldest: () => wall() - (ttl > 0 ? ttl : TTL_MS),
      dropped: (/** @type {number} */ events, /** @type {string} */ reason) => {
        // What is given up has no seq, and nothing before it is younger: those who wait for a batch with one lose nothing.
        for (const { chunk, done } of this.#waiters) if (!chunk.seq) done(false);
        around.emit("drop", { events, reason });
      },
    };
    this.#client = client;
    /** Of this tab: what its events say. */
    this.windowId = windowId;
    this.#lease = lease;
    this.queue = new Queue(store, queuePrefix(name), id, caps);
    for (const orphan of orphans) {
      absorb(this.queue, new Queue(store, orphan.prefix, orphan.id, caps));
      orphan.lease.release();
    }
    this.#courier = new Courier(this.queue, {
      url: around.url,
      key: around.key,
      defaults: client.defaults,
      emit: (event, value) => this.#emit(event, value),
      progressed: () => this.#progressed(),
      fenced: () => this.#fenced(),
    });
  }

  /**
   * Give up an event because the server is short of breath (level 2), or say false.
   * @param {import("./config.js").Priority} [priority]
   */
  sheds(priority = "normal") {
    const { config, emit } = this.#client.around;
    /** @type {Partial<Record<import("./config.js").Priority, number>>} */
    const fractions = { ...SHED, ...config.shed };
    if (this.#courier.producer.level < 2 || !(Math.random() < /** @type {number} */ (fractions[priority]))) return false; // what is no number is 0
    this.queue.ledger.sent += 1;
    this.queue.ledger.expired += 1;
    emit("drop", { events: 1, reason: "shed" });
    return true;
  }

  /** Go on with what a journal holds. @param {Journal} journal it is empty afterwards */
  adopt(journal) {
    for (const entry of entriesOf(journal)) entry.text = entry.text.replaceAll(`"${journal.id}"`, () => JSON.stringify(this.windowId));
    absorb(this.queue, journal);
    this.#courier.start();
  }

  /** Send what may be sent. */
  kick() {
    this.#courier.kick();
    this.#settleWaiters();
  }

  /** @returns {Promise<boolean>} true when all that is in the queue is acked; false when some of it cannot be any more */
  async flush() {
    const chunk = this.queue.seal();
    if (!chunk) return true;
    if (this.#courier.state === "stopped") return false;
    this.#courier.kick();
    return new Promise((done) => void this.#waiters.push({ chunk, done }));
  }

  online() {
    this.#courier.start();
  }

  /** The page is hidden and may be ended without a further word: let all go now. */
  hide() {
    this.queue.seal();
    if (this.#courier.producer.ready) this.#courier.kick(Infinity);
    else this.#beacons();
  }

  /** The page goes away: what is not acked goes as beacons, and the socket is closed. */
  leave() {
    this.queue.save();
    this.#beacons();
    this.#courier.leave();
    this.#free();
  }

  /** Stop for good. What is left is stored. */
  stop() {
    this.#ended = true;
    this.#courier.stop();
    this.#free();
  }

  #beacons() {
    if (this.#courier.held) return;
    sendBeacons(this.queue, this.#courier.body, (text) => this.#client.beacon(text));
  }

  #settleWaiters() {
    this.#waiters = this.#waiters.filter(({ chunk, done }) => this.queue.chunks.includes(chunk) || done(true));
  }

  #progressed() {
    this.#settleWaiters();
    this.#client.around.emit("ledger", this.queue.balance());
  }

  /** @param {string} name @param {any} value */
  #emit(name, value) {
    if (name === "state" && value.state === "stopped") {
      for (const { done } of this.#waiters.splice(0)) done(false); // no ack will come
      // Who has never heard of `on` would look for the fault everywhere else.
      if (value.code) console.warn(`tidegate: refused (${value.code}). Wrong write key?`);
    }
    this.#client.around.emit(name, value);
  }

  /** Let another tab have our identity. */
  #free() {
    this.#lease?.release();
    this.#lease = null;
  }

  /** Someone else connected with our id: go on under a new one, with the same events and uuids. */
  async #fenced() {
    const id = this.#client.makeId();
    this.windowId = this.#client.makeId();
    move(this.queue, id, !this.#lease?.certain);
    this.#free();
    this.#lease = await claimNew(this.#client, leaseParts(this.#client), id, this.windowId);
    if (this.#ended) this.#free();
    else this.#courier.restart();
  }
}
