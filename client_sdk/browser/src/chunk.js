/** Events that travel as one batch, in memory and as the text they are stored as. */

import { utf8Length } from "./event.js";
import { count } from "./number.js";

/**
 * @typedef {object} Chunk
 * @property {string} key uuid of the first event
 * @property {number} seq 0 while fresh
 * @property {string[]} texts event texts
 * @property {number} bytes UTF-8 bytes of the texts
 * @property {number} since steady time at which it was begun
 * @property {boolean} sealed takes no more events and need not wait for its time
 * @property {number} from index of the first event of the last piece, see queue.js
 * @property {string[]} pieces keys of the pieces behind the first
 */

const CHUNK_EVENTS = 50;
export const CHUNK_BYTES = 32_768;

/** @param {string} key @param {number} since @returns {Chunk} */
export const beginChunk = (key, since) => ({
  key,
  seq: 0,
  texts: [],
  bytes: 0,
  since,
  sealed: false,
  from: 0,
  pieces: [],
});

/** Whether a chunk is as large as a batch gets. @param {Chunk} chunk */
export const isFull = (chunk) => chunk.texts.length >= CHUNK_EVENTS || chunk.bytes >= CHUNK_BYTES;

/** @param {{seq: number, texts: string[]}} chunk @param {number} epoch of the identity that its seq belongs to */
export const encodeChunk = (chunk, epoch) => `{"e":${epoch},"s":${chunk.seq},"v":[${chunk.texts.join(",")}]}`;

/**
 * A chunk from what was stored; without events when that is damaged, fresh when it is of another epoch.
 * @param {string} key
 * @param {any} stored
 * @param {number} epoch
 * @returns {Chunk}
 */
export function restoreChunk(key, stored, epoch) {
  /** @type {unknown[]} */
  const events = [stored?.v].flat();
  const texts = events.filter((event) => event && typeof event === "object").map((event) => JSON.stringify(event));
  const seq = stored?.e === epoch ? count(stored, "s", 0) : 0;
  const bytes = texts.reduce((sum, text) => sum + utf8Length(text), 0);
  return { ...beginChunk(key, 0), seq, texts, bytes, sealed: true };
}

/** Pieces that lie one behind the other are one chunk again. @param {Chunk[]} chunks those with a seq first */
export function joinPieces(chunks) {
  /** @type {Chunk[]} */
  const joined = [];
  for (const chunk of chunks) {
    const last = joined.at(-1);
    const fits =
      last &&
      !last.seq &&
      last.texts.length + chunk.texts.length <= CHUNK_EVENTS &&
      last.bytes + chunk.bytes <= CHUNK_BYTES;
    if (fits) {
      last.texts.push(...chunk.texts);
      last.bytes += chunk.bytes;
      last.pieces.push(chunk.key);
    } else {
      joined.push(chunk);
    }
  }
  return joined;
}

/** Epoch milliseconds at which a chunk was begun, which its key holds (UUIDv7). @param {Chunk} chunk */
export const beganAt = ({ key }) => parseInt(key.replace("-", "").slice(0, 12), 16);

/**
 * How many events, and their bytes, make a first part of at most `maxBytes` and `maxEvents`: one at least, and not all.
 * @param {Chunk} chunk
 * @param {number} maxBytes
 * @param {number} maxEvents
 */
export function cutPoint(chunk, maxBytes, maxEvents) {
  let n = 0;
  let bytes = 0;
  while (n < chunk.texts.length - 1 && (n === 0 || n < maxEvents)) {
    const next = bytes + utf8Length(chunk.texts[n]);
    if (n > 0 && next > maxBytes) break;
    bytes = next;
    n += 1;
  }
  return { n, bytes };
}
