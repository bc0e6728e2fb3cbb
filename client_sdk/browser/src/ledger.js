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

/** @typedef {{sent: number, accepted: number, duplicate: number, rejected: number, expired: number}} Ledger */
/** @typedef {Ledger & {pending: number}} Balance */

/** Books in which nothing is. @type {Readonly<Ledger>} */
export const BLANK = { sent: 0, accepted: 0, duplicate: 0, rejected: 0, expired: 0 };

/** Add stored counts to a ledger; anything that is no count adds nothing. @param {Ledger} ledger @param {unknown} stored */
export function fold(ledger, stored) {
  for (const name of /** @type {(keyof Ledger)[]} */ (Object.keys(BLANK))) ledger[name] += count(stored, name);
}

/**
 * Close the books after a load: events that were counted but are nowhere are `expired`; events that were stored just
 * before a crash, but not yet counted, are counted now.
 * @param {Ledger} ledger
 * @param {number} pending events found in the queue
 * @returns {number} events that are nowhere
 */
export function close(ledger, pending) {
  const known = ledger.accepted + ledger.duplicate + ledger.rejected + ledger.expired + pending;
  const lost = Math.max(0, ledger.sent - known);
  ledger.expired += lost;
  ledger.sent = Math.max(ledger.sent, known);
  return lost;
}
