/**
 * Carries the batches of a queue: by WebSocket, and by HTTP where no WebSocket opens. All decisions about batches are
 * the producer's; here are the timer and the ways.
 */

import { Backoff } from "./backoff.js";
import { steady, wall } from "./clock.js";
import { FENCED } from "./closecodes.js";
import { Connection } from "./connection.js";
import { Fallback } from "./fallback.js";
import { decode, post } from "./messages.js";
import { count } from "./number.js";
import { Producer } from "./producer.js";
import { VERSION } from "./version.js";

/** @typedef {import("./producer.js").Work} Work */
/**
 * @typedef {object} Settings
 * @property {string} url the gateway's origin
 * @property {string} key write key
 * @property {() => Record<string, unknown>} defaults ids and properties that all events share
 * @property {(event: string, value: unknown) => void} emit
 * @property {() => void} progressed something was acked
 * @property {() => void} fenced another connection has this producer id; go on with `restart` under a new one
 */

/** Dials without a welcome after which HTTP is tried in between. */
const FALLBACK_AFTER = 2;
/** Posts are dearer than frames: at most one round a second. */
const FALLBACK_PACE_MS = 1_000;
const POST_TIMEOUT_MS = 15_000;

export class Courier {
  #settings;
  #connection;
  #fallback;
  /** When to act again. @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** The steady time at which it goes off. */
  #due = Infinity;

  /** What a way without a socket carries. @type {(seq: number, events: import("./messages.js").Text[]) => string} */
  body = (seq, events) => {
    const { key, defaults } = this.#settings;
    return post(key, this.producer.identity, seq, wall(), defaults(), events);
  };

  /** @param {import("./queue.js").Queue} queue @param {Settings} settings */
  constructor(queue, settings) {
    const producer = new Producer(queue);
    /** Decides; its `level` and `ready` are for all to read. */
    this.producer = producer;
    this.#settings = settings;
    this.#connection = new Connection({
      dial: () => {
        queue.expire();
        return new WebSocket(`${settings.url.replace(/^http/, "ws")}/v1/ws`, ["tidegate.v1"]);
      },
      backoff: new Backoff(Math.random),
      now: steady,
      notBefore: () => producer.holdUntil,
      opened: () => this.#hello(),
      message: (data) => this.#receive(data),
      closed: (code, failures) => this.#closed(code, failures),
      changed: (state, code) => settings.emit("state", { state, code }),
    });
    this.#fallback = new Fallback({
      producer,
      body: this.body,
      fetch: (body) => fetch(`${settings.url}/v1/events`, { ...PLAIN, body, signal: AbortSignal.timeout(POST_TIMEOUT_MS) }),
      now: steady,
      apply: (work) => this.#apply(work),
      stop: (code) => this.#refused(code),
    });
  }

  /** The connection's state. */
  get state() {
    return this.#connection.state;
  }

  /** Whether nothing may be sent for now, whichever way. */
  get held() {
    return this.state === "stopped" || (this.producer.level >= 3 && steady() < this.producer.holdUntil);
  }

  /** Dial, if there is no connection. */
  start() {
    this.#connection.connect();
  }

  /** Say hello again, as whoever the producer is now. */
  restart() {
    this.#connection.reconnect();
  }

  /**
   * There may be something to send: each batch in a task of its own, so that none is long.
   * @param {number} [now] how many batches are sent within the running task
   */
  kick(now = 0) {
    if (this.state === "stopped") return;
    const { ready, queue } = this.producer;
    if (!ready && this.#fallback.working) {
      if (queue.events) this.#wakeAt(steady() + FALLBACK_PACE_MS);
      return;
    }
    const { frames, wake } = this.producer.poll(steady(), wall(), now);
    for (const frame of frames) this.#connection.send(frame);
    this.#wakeAt(wake);
  }

  /** Act then, if not before. @param {number} due steady time */
  #wakeAt(due) {
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    const act = () => {
      this.#due = Infinity;
      if (!this.producer.ready && this.#fallback.working) void this.#viaHttp();
      else this.kick(1);
    };
    this.#timer = setTimeout(act, Math.max(0, due - steady()));
  }

  /** The page goes away: the socket is closed. */
  leave() {
    this.#connection.pause();
    this.#cease();
  }

  /** Stop for good. */
  stop() {
    this.#connection.stop();
    this.#cease();
  }

  #cease() {
    clearTimeout(this.#timer);
    this.#due = Infinity;
    this.producer.closed();
  }

  #hello() {
    const { key, defaults } = this.#settings;
    this.#connection.send(this.producer.hello(key, { name: "browser", version: VERSION }, defaults()));
  }

  /** @param {unknown} data */
  #receive(data) {
    for (const message of decode(data)) {
      const wasReady = this.producer.ready;
      const work = this.producer.receive(message, steady(), wall());
      if (this.producer.ready && !wasReady) this.#connection.welcomed(count(message, "heartbeat_ms", 25_000));
      this.#apply(work);
      if (work.reconnect) return;
    }
    this.kick(1);
  }

  /** @param {Work} work */
  #apply(work) {
    for (const frame of work.send) this.#connection.send(frame);
    for (const [name, value] of work.events) this.#settings.emit(name, value);
    this.#settings.progressed();
    if (work.reconnect) this.#connection.reconnect();
  }

  /** @param {number} code @param {number} failures @returns {boolean} whether the connection may forget about it */
  #closed(code, failures) {
    this.#cease();
    if (code === FENCED) {
      this.#settings.fenced();
      return true;
    }
    if (failures >= FALLBACK_AFTER) void this.#viaHttp();
    return false;
  }

  async #viaHttp() {
    await this.#fallback.run();
    if (this.#fallback.working) this.kick();
  }

  /** @param {number} code */
  #refused(code) {
    if (code === FENCED) this.#settings.fenced();
    else this.#connection.stop(code);
  }
}

/** As a beacon is sent: without cookies; the content type of a text needs no CORS preflight. @type {RequestInit} */
const PLAIN = { method: "POST", credentials: "omit" };
