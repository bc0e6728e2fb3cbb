// Annotations of a trend: whose words have room, and which one the pointer is at. Pure.

/**
 * Rows for words that stand beside one another, so that none is written over another.
 * @param {{from: number, to: number}[]} spans of the words, in the order in which they are served
 * @param {number} rows that there are
 * @param {number} gap between words of a row
 * @returns {(number|null)[]} null: no row has room, and the words are left out
 */
export function rowsFor(spans, rows, gap) {
  /** @type {{from: number, to: number}[][]} */
  const taken = Array.from({ length: rows }, () => []);
  return spans.map((span) => {
    const row = taken.findIndex((others) => others.every(({ from, to }) => span.to + gap <= from || span.from >= to + gap));
    if (row < 0) return null;
    taken[row].push(span);
    return row;
  });
}

/**
 * @template {{at: number}} T
 * @param {T[]} notes @param {number} at epoch ms @param {number} reach ms that one may be away
 * @returns {T[]} the nearest one and those of the same moment; none when all are too far
 */
export function nearest(notes, at, reach) {
  const least = Math.min(...notes.map((note) => Math.abs(note.at - at)));
  return least > reach ? [] : notes.filter((note) => Math.abs(note.at - at) === least);
}
