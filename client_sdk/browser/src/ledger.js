/**
 * Where every captured event went: `sent = accepted + duplicate + rejected + expired + pending`.
 *
 * accepted   durable at the server and counted
 * duplicate  the server had seen its uuid before
 * rejected   refused by the server's verdict, or not encodable here
 * expired    given up here: the queue was full, the server asked to shed, or the browser lost what was stored
 * pending    in the queue; known to the queue, not kept here
 */

/** @typedef {{sent: number, accepted: number, duplicate: number, rejected: number, expired: number}} Counts */
/** @typedef {Counts & {pending: number}} Balance */

/** @type {(keyof Counts)[]} */
const COUNTS = ["sent", "accepted", "duplicate", "rejected", "expired"];

export class Ledger {
  sent = 0;
  accepted = 0;
  duplicate = 0;
  rejected = 0;
  expired = 0;

  /** The counts, to be stored. @returns {Counts} */
  counts() {
    const { sent, accepted, duplicate, rejected, expired } = this;
    return { sent, accepted, duplicate, rejected, expired };
  }

  /** All six figures. @param {number} pending @returns {Balance} */
  balance(pending) {
    return { ...this.counts(), pending };
  }

  /** Add stored counts to these; anything that is no count adds nothing. @param {unknown} stored */
  fold(stored) {
    const counts = /** @type {Record<string, unknown>} */ (stored ?? {});
    for (const name of COUNTS) {
      const n = counts[name];
      if (Number.isSafeInteger(n) && Number(n) > 0) this[name] += Number(n);
    }
  }

  /**
   * Close the books after a load: events that were counted but are nowhere are `expired`; events that were stored
   * just before a crash, but not yet counted, are counted now.
   * @param {number} pending events found in the queue
   */
  close(pending) {
    const known = this.accepted + this.duplicate + this.rejected + this.expired + pending;
    if (this.sent > known) this.expired += this.sent - known;
    else this.sent = known;
  }
}
