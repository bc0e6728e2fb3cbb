/** The server's word on a batch: its events leave the queue and are counted. Part of delivery. */

/** @typedef {import("./chunk.js").Chunk} Chunk */
/** @typedef {{text: string, outcome: string, reason: string}} Finding `text`: the event's */

/**
 * The server has made everything up to `seq` durable: count it and let it go.
 * @param {import("./queue.js").Queue} queue
 * @param {number} seq above `queue.highest` counts as that
 * @param {unknown} verdicts rows `[seq, index, outcome, reason]` for what was not plainly accepted
 * @returns {Finding[]} the verdicts that concern these events
 */
export function settle(queue, seq, verdicts) {
  const gone = queue.chunks.splice(0, Math.max(0, Math.min(seq, queue.highest) - queue.acked));
  if (gone.length === 0) return [];
  const { ledger } = queue;
  const found = findings(gone, verdicts);
  const outcomes = new Map(found.map(({ text, outcome }) => [text, outcome])); // a text holds its uuid
  for (const outcome of outcomes.values()) ledger[outcome === "duplicate" ? "duplicate" : "rejected"] += 1;
  ledger.accepted += gone.reduce((sum, chunk) => sum + chunk.texts.length, 0) - outcomes.size;
  queue.acked += gone.length;
  queue.assigned -= gone.length;
  queue.forget(gone);
  return found;
}

/**
 * The verdicts that name an event of these chunks and are no mere warning; a hostile row finds nothing.
 * @param {Chunk[]} chunks
 * @param {unknown} verdicts rows `[seq, index, outcome, reason]`
 * @returns {Finding[]}
 */
export function findings(chunks, verdicts) {
  const found = [];
  for (const row of [verdicts].flat()) {
    const [seq, index, outcome, reason] = /** @type {any[]} */ ([row].flat());
    const text = chunks.find((chunk) => chunk.seq === seq)?.texts[index];
    if (typeof text === "string" && Number.isInteger(index) && (outcome === "drop" || outcome === "duplicate"))
      found.push({ text, outcome, reason: `${reason}` });
  }
  return found;
}
