/** Events that change their producer: a fenced one goes on under a new id, closed tabs leave theirs. Part of delivery. */

import { fold } from "./ledger.js";

/** @typedef {import("./journal.js").Journal} Journal */

/** All events of a journal, oldest first. @param {Journal} journal */
export const entriesOf = ({ chunks }) => chunks.flatMap(({ entries }) => entries);

/** Every key under which something of it is stored. @param {Journal} journal */
const keysOf = (journal) => [...journal.store.keys(journal.key("")), journal.prefix + journal.id];

/**
 * Go on as another producer, with the same events.
 * @param {import("./queue.js").Queue} queue
 * @param {string} id
 * @param {boolean} keep whether the old identity's store belongs to someone else now
 */
export function move(queue, id, keep) {
  const old = keysOf(queue);
  queue.id = id;
  queue.epoch = 1;
  queue.restart();
  queue.unsaved = entriesOf(queue);
  queue.save();
  if (!keep) for (const key of old) queue.store.remove(key);
}

/**
 * Take over the events and the books of a journal that nobody owns any more; nothing of it stays stored.
 * @param {import("./queue.js").Queue} queue
 * @param {Journal} other
 */
export function absorb(queue, other) {
  for (const entry of entriesOf(other)) queue.add(entry);
  fold(queue.ledger, other.ledger);
  queue.ledger.sent -= other.events; // `add` has counted them
  queue.save();
  for (const key of keysOf(other)) other.store.remove(key);
}
