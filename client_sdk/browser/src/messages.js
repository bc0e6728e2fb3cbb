/**
 * Protocol v1 as text: what a producer says and hears. Encoders put the fields in the order of the golden frames in
 * `tests/vectors`; event texts are spliced in as they are, so a batch is never encoded twice.
 */

import { quietly } from "./store.js";

/** @typedef {{id: string, epoch: number}} Identity */
/** @typedef {{text: string}} Text an event as JSON */
/** @typedef {Record<string, unknown> & {type: string}} Message */

/**
 * @param {string} token write key
 * @param {Identity & {next_seq: number}} producer
 * @param {{name: string, version: string}} sdk
 * @param {Record<string, unknown>} defaults
 */
export const hello = (token, producer, sdk, defaults) =>
  JSON.stringify({ type: "hello", v: 1, role: "producer", token, producer, sdk, defaults });

/**
 * @param {number} seq
 * @param {number} sentAt epoch milliseconds
 * @param {number} backlog batches waiting behind this one
 * @param {Text[]} events
 */
export const batch = (seq, sentAt, backlog, events) =>
  withEvents({ type: "batch", seq, sent_at: sentAt, backlog }, events);

/** @param {number} now as in the ping @param {number} sent this clock, epoch milliseconds */
export const pong = (now, sent) => JSON.stringify({ type: "pong", now, sent });

/**
 * The body of `POST /v1/events`: the same batch under the same ids.
 * @param {string} token
 * @param {Identity} producer
 * @param {number} seq
 * @param {number} sentAt
 * @param {Record<string, unknown>} defaults
 * @param {Text[]} events
 */
export const post = (token, producer, seq, sentAt, defaults, events) =>
  withEvents({ token, producer, seq, sent_at: sentAt, defaults }, events);

/** @param {object} fields @param {Text[]} events they come last */
const withEvents = (fields, events) =>
  `${JSON.stringify(fields).slice(0, -1)},"events":[${events.map(({ text }) => text)}]}`;

/**
 * The messages of one frame: an object or an array of them. What is not a message is left out: a broken server must
 * not break the page.
 * @param {unknown} data
 * @returns {Message[]}
 */
export function decode(data) {
  const value = quietly(() => JSON.parse(/** @type {string} */ (data)));
  return [value].flat().filter((item) => typeof item?.type === "string");
}
