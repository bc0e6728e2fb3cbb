/** The server's word on a batch: its events leave the queue and are counted. Part of delivery. */

/** @typedef {import("./journal.js").Entry} Entry */
/** @typedef {{entry: Entry, outcome: "drop" | "duplicate", reason: string}} Finding */

/**
 * The server has made everything up to `seq` durable: count it and let it go.
 * @param {import("./queue.js").Queue} queue
 * @param {number} seq above `queue.highest` counts as that
 * @param {unknown} verdicts rows `[seq, index, outcome, reason]` for what was not plainly accepted
 * @returns {Finding[]} the verdicts that concern these events
 */
export function settle(queue, seq, verdicts) {
  const gone = queue.chunks.splice(0, Math.max(0, Math.min(seq, queue.highest) - queue.acked));
  const found = findings(gone, verdicts);
  const { ledger } = queue;
  for (const { entries } of gone) ledger.accepted += entries.length;
  for (const outcome of new Map(found.map(({ entry, outcome }) => [entry, outcome])).values()) {
    ledger.accepted -= 1;
    ledger[outcome === "drop" ? "rejected" : outcome] += 1;
  }
  queue.acked += gone.length;
  queue.save();
  queue.forget(gone);
  return found;
}

/**
 * The verdicts that name an event of these chunks and are no mere warning; a hostile row finds nothing.
 * @param {import("./journal.js").Chunk[]} chunks
 * @param {unknown} verdicts rows `[seq, index, outcome, reason]`
 * @returns {Finding[]}
 */
export function findings(chunks, verdicts) {
  const found = [];
  for (const row of [verdicts].flat()) {
    const [seq, index, outcome, reason] = /** @type {any[]} */ ([row].flat());
    const entry = chunks.find((chunk) => chunk.seq === seq)?.entries[index];
    if (entry && Number.isInteger(index) && (outcome === "drop" || outcome === "duplicate"))
      found.push({ entry, outcome, reason: `${reason}` });
  }
  return found;
}
