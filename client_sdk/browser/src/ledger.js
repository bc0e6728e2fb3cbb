/**
 * Where every captured event went: `sent = accepted + duplicate + rejected + expired + pending`.
 *
 * accepted   durable at the server and counted
 * duplicate  the server had seen its uuid before
 * rejected   refused by the server's verdict, or not encodable here
 * expired    given up here: the queue was full, the event too old, the server asked to shed, consent was withdrawn, or
 *            the browser lost what was stored
 * pending    in the queue; known to the queue, not kept here
 */

import { count } from "./number.js";

/** @typedef {{sent: number, accepted: number, duplicate: number, rejected: number, expired: number}} Counts */
/** @typedef {Counts & {pending: number}} Balance */

/** Books in which nothing is. @type {Readonly<Counts>} */
export const BLANK = { sent: 0, accepted: 0, duplicate: 0, rejected: 0, expired: 0 };

export class Ledger {
  sent = 0;
  accepted = 0;
  duplicate = 0;
  rejected = 0;
  expired = 0;

  /** All six figures. @param {number} pending @returns {Balance} */
  balance(pending) {
    return { ...this, pending };
  }

  /** Add stored counts to these; anything that is no count adds nothing. @param {any} stored */
  fold(stored) {
    for (const name of /** @type {(keyof Counts)[]} */ (Object.keys(this))) this[name] += count(stored, name, 0);
  }

  /**
   * Close the books after a load: events that were counted but are nowhere are `expired`; events that were stored
   * just before a crash, but not yet counted, are counted now.
   * @param {number} pending events found in the queue
   * @returns {number} events that are nowhere
   */
  close(pending) {
    const known = this.accepted + this.duplicate + this.rejected + this.expired + pending;
    const lost = Math.max(0, this.sent - known);
    this.expired += lost;
    this.sent = Math.max(this.sent, known);
    return lost;
  }
}
