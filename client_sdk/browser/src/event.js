/** One event as JSON text. It is encoded once, when captured, and travels as that text ever after. */

/** Bytes of one event: it must fit into a beacon (64 KiB) with the rest of the body. */
export const MAX_EVENT_BYTES = 61_440;

/**
 * @typedef {object} WireEvent
 * @property {string} event
 * @property {string} uuid
 * @property {number} timestamp epoch milliseconds
 * @property {string} distinct_id
 * @property {string} session_id
 * @property {Record<string, unknown>} properties
 */

/** @typedef {{text: string, bytes: number}} Encoded */

/**
 * The event's text, or the reason why it has none. The page's objects are read here and never again.
 * @param {WireEvent} event
 * @param {unknown} [properties] the page's own; they win over the event's
 * @returns {Encoded | {reason: "event_name" | "unencodable" | "too_large"}}
 */
export function encodeEvent(event, properties) {
  if (typeof event.event !== "string" || !event.event) return { reason: "event_name" };
  let text;
  try {
    const all = { ...event.properties, .../** @type {object} */ (properties) };
    text = replaceLoneSurrogates(JSON.stringify({ ...event, properties: all }, plain));
  } catch {
    return { reason: "unencodable" }; // a cycle, or a toJSON or getter of the page that throws
  }
  const bytes = utf8Length(text);
  return bytes > MAX_EVENT_BYTES ? { reason: "too_large" } : { text, bytes };
}

/**
 * The same event with its window, which is known a moment later than the rest.
 * @param {Encoded} event
 * @param {string} id
 */
export function inWindow({ text, bytes }, id) {
  const field = `,"window_id":${JSON.stringify(id)}`;
  return { text: `${text.slice(0, -1)}${field}}`, bytes: bytes + utf8Length(field) };
}

/** JSON has no big integers; as text they keep every digit. @param {string} _key @param {unknown} value */
const plain = (_key, value) => (typeof value === "bigint" ? String(value) : value);

/**
 * `JSON.stringify` writes half a surrogate pair as an escape that no strict parser takes; U+FFFD says the same.
 * Escapes are consumed pairwise, so a backslash that is itself escaped is never misread.
 * @param {string} text
 */
const replaceLoneSurrogates = (text) =>
  text.replace(/\\(?:(ud[89a-f][\da-f]{2})|.)/g, (escape, lone) => (lone ? "\ufffd" : escape));

/**
 * Bytes of a text in UTF-8, without making them. Linear in its length.
 * @param {string} text
 */
export function utf8Length(text) {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) bytes += 1;
    if (unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff)) bytes += 1; // a surrogate pair is 2 units and 4 bytes
  }
  return bytes;
}
