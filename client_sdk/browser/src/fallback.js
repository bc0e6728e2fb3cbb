/**
 * `POST /v1/events` for where no WebSocket opens: the same batches under the same ids, one at a time, oldest first.
 * There is no credit on this way; the server says 429 or 503 with `Retry-After` instead.
 */

import { count } from "./number.js";
import { noWork } from "./producer.js";

/**
 * @typedef {object} Parts
 * @property {import("./producer.js").Producer} producer
 * @property {(seq: number, events: import("./messages.js").Text[]) => string} body
 * @property {(body: string) => Promise<Response>} fetch
 * @property {() => number} now steady time
 * @property {(work: import("./producer.js").Work) => void} apply
 * @property {(code: number) => void} stop the server refuses us, as a close with this code would
 */

const MAX_POST_BYTES = 65_536;
const DEFAULT_WAIT_S = 5;
const LONGEST_WAIT_S = 300;

/** What the answer means, where it is not about this batch, as a close code. @type {Record<number, number>} */
const REFUSALS = { 400: 4000, 401: 4001, 403: 4003, 409: 4009, 413: 4000 };

export class Fallback {
  /** Whether the last post was taken, so that this way is worth keeping up. */
  working = false;
  #busy = false;
  #notBefore = 0;
  #parts;

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /** Post until the queue is empty, the socket is up, or the server does not want more. Never rejects. */
  async run() {
    if (this.#busy || this.#parts.now() < this.#notBefore) return;
    this.#busy = true;
    try {
      while (!this.#parts.producer.ready && (await this.#postOldest()));
    } catch {
      this.working = false; // no network, or a content policy: the next dial comes back here
    } finally {
      this.#busy = false;
    }
  }

  /** @returns {Promise<boolean>} whether to go on with the next batch */
  async #postOldest() {
    const { producer, body, fetch } = this.#parts;
    const chunk = producer.oldest(MAX_POST_BYTES);
    if (!chunk) return false;
    const { id, epoch } = producer.identity;
    const response = await fetch(body(chunk.seq, chunk.entries));
    const reply = await response.json().catch(() => null);
    const current = producer.identity.id === id && producer.identity.epoch === epoch;
    // By the gateway's word, which names the batch: service workers and captive portals say 200 to everything.
    this.working = reply?.seq === chunk.seq;
    return current && this.#take(response, reply, chunk.seq);
  }

  /** @param {Response} response @param {any} reply @param {number} seq @returns {boolean} */
  #take({ status, headers }, reply, seq) {
    const { producer, apply, stop, now } = this.#parts;
    const work = noWork();
    if (this.working) {
      producer.settle(seq, reply.verdicts, work);
      apply(work);
      return true;
    }
    if (status === 409 && count(reply, "want")) {
      producer.renumber(work); // it lacks what it once acked: the same events, under a new epoch
      apply(work);
    } else if (REFUSALS[status]) {
      stop(REFUSALS[status]);
    } else {
      const seconds = +/** @type {string} */ (headers.get("Retry-After")) || DEFAULT_WAIT_S;
      this.#notBefore = now() + Math.min(seconds, LONGEST_WAIT_S) * 1_000;
    }
    return false;
  }
}
