// Messages of protocol v1 as a viewer writes and reads them, and what each close code asks for. Pure.

export const SUBPROTOCOL = "tidegate.v1";

/**
 * @typedef {string|number|boolean|null} Dim
 * @typedef {object} Row
 * @property {Record<string, Dim>} dims
 * @property {number} start epoch ms, inclusive
 * @property {number} end epoch ms, exclusive
 * @property {unknown} value a number, null, or an object (`items`, `steps`, ..)
 * @property {"partial"|"final"|"correction"|"retract"} kind
 * @property {number} rev
 * @property {number} [error] relative, stated by the measure
 * @property {number} [keys] how many keys an `__other__` row stands for
 */

export const hello = (token, viewer) => ({ type: "hello", v: 1, role: "viewer", token, viewer: { id: viewer } });
export const pong = (now, sent) => ({ type: "pong", now, sent });
export const resync = (id) => ({ type: "resync", id });
export const unsubscribe = (id) => ({ type: "unsubscribe", id });
export const visibility = (visible) => ({ type: "visibility", visible });

/**
 * @param {number} id
 * @param {string} kpi
 * @param {number} last seconds of history
 * @param {number} maxHz
 * @param {{where?: Record<string, Dim>, from?: {epoch: string, offset: number}|null}} [more] `where`: only rows of these
 *   dimensions; `from`: where the viewer stands, when it holds rows
 */
export function subscribe(id, kpi, last, maxHz, { where = {}, from = null } = {}) {
  const message = { type: "subscribe", id, kpi, last, max_hz: maxHz };
  if (Object.keys(where).length) message.where = where;
  if (from) message.from = from;
  return message;
}

/**
 * A subscription to single events.
 * @param {number} id
 * @param {object} match what they must have
 * @param {number} maxRate events a second
 * @param {number} maxHz
 * @param {{epoch: string, offset: number}|null} [from]
 */
export function tail(id, match, maxRate, maxHz, from = null) {
  const message = { type: "subscribe", id, max_hz: maxHz, topic: "events", match, max_rate: maxRate };
  return from ? { ...message, from } : message;
}

/** @param {object[]} messages sent as one frame */
export function encode(messages) {
  return JSON.stringify(messages.length === 1 ? messages[0] : messages);
}

/**
 * Read one frame. What has no meaning here is left out: a viewer outlives a newer server.
 * @param {string} text
 * @returns {object[]} messages whose fields can be relied on
 */
export function decode(text) {
  let parsed;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [];
  }
  return (Array.isArray(parsed) ? parsed : [parsed]).filter(isMessage).map(cleaned);
}

const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isTime = (value) => Number.isFinite(value);

function isRow(row) {
  return isRecord(row) && isRecord(row.dims) && isTime(row.start) && isTime(row.end) && typeof row.kind === "string";
}

const REQUIRED = new Map([
  ["welcome", (m) => isTime(m.now) && typeof m.epoch === "string"],
  ["snapshot", (m) => Number.isInteger(m.id) && Number.isInteger(m.offset) && typeof m.epoch === "string"],
  ["delta", (m) => Number.isInteger(m.id) && Number.isInteger(m.prev) && Number.isInteger(m.offset)],
  ["events", (m) => Number.isInteger(m.id) && Number.isInteger(m.offset) && typeof m.epoch === "string"],
  ["ping", (m) => isTime(m.now)],
  ["notice", (m) => typeof m.code === "string"],
  ["error", (m) => typeof m.code === "string"],
  ["drain", (m) => isTime(m.in_ms)],
]);

function isMessage(message) {
  return isRecord(message) && Boolean(REQUIRED.get(message.type)?.(message));
}

function cleaned(message) {
  const watermark = isTime(message.watermark) ? message.watermark : null;
  const list = (value) => (Array.isArray(value) ? value : []);
  if (message.type === "snapshot") {
    return { ...message, watermark, meta: isRecord(message.meta) ? message.meta : {}, rows: list(message.rows).filter(isRow) };
  }
  if (message.type === "delta") {
    return { ...message, watermark, set: list(message.set).filter(isRow), del: list(message.del).filter(Array.isArray) };
  }
  if (message.type === "events") return { ...message, ...sampled(message), events: list(message.events).filter(isRecord).map(event) };
  return message;
}

function sampled({ recovered, prev, seen, looked, matched }) {
  const count = (value) => (Number.isFinite(value) ? value : 0);
  return { recovered: recovered === true, prev: Number.isInteger(prev) ? prev : null, seen: count(seen), looked: count(looked), matched: count(matched) };
}

/** A live event whose fields can be relied on; what is in them cannot. */
function event(said) {
  const names = (value) => (Array.isArray(value) ? value.filter((name) => typeof name === "string") : []);
  return {
    ...Object.fromEntries(["event", "distinct_id", "session_id", "window_id", "uuid", "said", "producer"].map((name) => [name, said[name] ?? null])),
    ...said,
    received: isTime(said.received) ? said.received : 0,
    time: isTime(said.time) ? said.time : null,
    skew: isTime(said.skew) ? said.skew : 0,
    reason: typeof said.reason === "string" ? said.reason : "",
    hint: typeof said.hint === "string" ? said.hint : "",
    kpis: names(said.kpis),
    inherited: names(said.inherited),
    enriched: names(said.enriched),
    properties: isRecord(said.properties) ? said.properties : {},
  };
}

/**
 * @param {number} code of a WebSocket close
 * @returns {"never"|"backoff"|"now"} codes that are not listed count as `backoff` (1006 among them)
 */
export function retryRule(code) {
  if (code === 1003 || (code >= 4000 && code < 4100)) return "never";
  if (code >= 4200 && code < 4300) return "now";
  return "backoff";
}

const CLOSE_TEXT = new Map([
  [1012, "The server is restarting."],
  [4000, "The server refused a message of this page."],
  [4001, "The server did not accept this view key."],
  [4003, "This key may not view from this address."],
  [4006, "This page is of another version than the server."],
  [4100, "This connection was too slow."],
  [4103, "The connection went silent."],
  [4201, "The key has expired."],
]);

/** @param {number} code @returns {string} a sentence for people */
export function closeText(code) {
  return CLOSE_TEXT.get(code) ?? "The connection to the server was lost.";
}
