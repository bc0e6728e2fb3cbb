/** Events that change their producer: a fenced one goes on under a new id, closed tabs leave theirs. Part of delivery. */

/** @typedef {import("./queue.js").Queue} Queue */

/**
 * Go on as another producer, with the same events.
 * @param {Queue} queue
 * @param {string} id
 * @param {boolean} keep whether the old identity's store belongs to someone else now
 */
export function move(queue, id, keep) {
  const old = queue.keys();
  queue.id = id;
  queue.epoch = 1;
  queue.restart();
  for (const chunk of queue.chunks) queue.write(chunk);
  queue.save();
  if (!keep) for (const key of old) queue.store.remove(key);
}

/**
 * Take over the events and the books of a queue that nobody owns any more; it is empty afterwards.
 * @param {Queue} queue
 * @param {Queue} other
 */
export function absorb(queue, other) {
  const chunks = other.chunks.map((chunk) => ({ ...chunk, seq: 0, sealed: true }));
  for (const chunk of chunks) queue.write(chunk);
  queue.chunks.splice(queue.assigned, 0, ...chunks);
  queue.events += other.events;
  queue.bytes += other.bytes;
  queue.ledger.fold(other.ledger);
  queue.makeRoom(0);
  queue.save();
  for (const key of other.keys()) other.store.remove(key);
}
