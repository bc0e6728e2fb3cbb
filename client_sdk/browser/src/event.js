/** One event as JSON text. It is encoded once, when captured, and travels as that text ever after. */

import { MASKED } from "./mask.js";
import { quietly } from "./store.js";

/** Bytes of one event: it must fit into a beacon (64 KiB) with the rest of the body. */
export const MAX_EVENT_BYTES = 61_440;

/**
 * @typedef {object} WireEvent
 * @property {string} event
 * @property {string} uuid
 * @property {number} timestamp epoch milliseconds
 * @property {string} distinct_id
 * @property {string} session_id
 * @property {string} window_id
 * @property {Record<string, unknown>} properties
 */

/** @typedef {{text: string, bytes: number}} Encoded */
/** @typedef {{reason: "event_name" | "unencodable" | "too_large"}} Refused */
/** @typedef {(this: any, key: string, value: unknown) => unknown} Replacer */

/**
 * The event's text, or the reason why it has none. The page's objects are read here and never again.
 * @param {WireEvent} event
 * @param {Replacer} replacer as `redactor` makes it
 * @returns {Encoded | Refused}
 * @throws a cycle, or a toJSON or getter of the page that throws
 */
export function encodeEvent(event, replacer) {
  if (typeof event.event !== "string" || !event.event) return { reason: "event_name" };
  // Ids of ours stay: a pattern for numbers would find some in them, and no two events may have one id.
  const { uuid, window_id, session_id } = event;
  const text = replaceLoneSurrogates(JSON.stringify({ ...JSON.parse(JSON.stringify(event, replacer)), uuid, window_id, session_id }));
  const bytes = utf8Length(text);
  return bytes > MAX_EVENT_BYTES ? { reason: "too_large" } : { text, bytes };
}

/**
 * A time as whole epoch milliseconds, whatever it was given as.
 * @param {unknown} time
 * @param {number} otherwise for what is no time
 */
export const millis = (time, otherwise) => quietly(() => +new Date(/** @type {any} */ (time))) || otherwise;

/**
 * What each value becomes on its way into JSON: a property named in `rules` is masked at any depth, what a pattern of
 * `rules` matches is masked in any text, and big integers, which JSON has not, keep every digit as text.
 * @param {(string | RegExp)[]} [rules]
 * @returns {Replacer}
 */
export const redactor =
  (rules = []) =>
  (key, value) => {
    if (typeof value === "bigint") return `${value}`;
    for (const rule of rules) {
      if (rule === key) return MASKED;
      if (typeof rule === "object" && typeof value === "string") value = value.replace(rule.global ? rule : RegExp(rule, rule.flags + "g"), MASKED);
    }
    return value;
  };

/**
 * `JSON.stringify` writes half a surrogate pair as an escape that no strict parser takes; U+FFFD says the same.
 * Escapes are consumed pairwise, so a backslash that is itself escaped is never misread.
 * @param {string} text
 */
const replaceLoneSurrogates = (text) =>
  text.replace(/\\(?:(ud[89a-f][\da-f]{2})|.)/g, (escape, lone) => (lone ? "\ufffd" : escape));

/** Bytes of a text in UTF-8. Linear in its length. @param {string} text */
export const utf8Length = (text) => new TextEncoder().encode(text).length;
