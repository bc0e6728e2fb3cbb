/**
 * The last words of a page: what is not acked yet, by `navigator.sendBeacon`, under the same producer, seqs and uuids,
 * so the server takes each batch once whichever way it came. Nobody hears the answer: the chunks stay stored until a
 * later connection says that they are durable.
 *
 * Beacons may overtake each other or be lost. A server that does not know us yet takes the first seq it sees as our
 * beginning, and would then believe that it has what came before: to such a server only the oldest batch may go.
 */

import { utf8Length } from "./event.js";

/** Browsers let a page have so much under way in beacons. */
const QUOTA_BYTES = 65_536;
/** No seq has more digits. */
const LONGEST_SEQ = 9e15;

/**
 * @param {import("./queue.js").Queue} queue
 * @param {(seq: number, events: import("./messages.js").Text[]) => string} body
 * @param {(body: string) => boolean | undefined} send not true when the browser takes no more
 */
export function sendBeacons(queue, body, send) {
  const envelope = utf8Length(body(LONGEST_SEQ, []));
  let left = QUOTA_BYTES;
  let after = queue.acked;
  while (left > 2 * envelope) {
    const chunk = queue.next(after, left - 2 * envelope);
    if (!chunk) return;
    const text = body(chunk.seq, chunk.entries);
    const bytes = utf8Length(text);
    if (bytes > left || !send(text) || !queue.known) return;
    left -= bytes;
    after = chunk.seq;
  }
}
