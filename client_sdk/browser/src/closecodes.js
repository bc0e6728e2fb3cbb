/**
 * What to do after a WebSocket close, by code: the client's copy of the gateway's one table.
 * `tests/vectors/closecodes.json` holds both sides to the same rows.
 */

/** @typedef {"never" | "backoff" | "now"} Retry */

/** Another connection took over this producer id: stop with that identity, the page may go on with a new one. */
export const FENCED = 4009;

/** @type {Readonly<Record<number, Retry>>} */
export const CLOSE_CODES = Object.freeze({
  1001: "backoff",
  1002: "backoff",
  1003: "never",
  1007: "backoff",
  1008: "backoff",
  1009: "backoff",
  1011: "backoff",
  1012: "backoff",
  1013: "backoff",
  4000: "never",
  4001: "never",
  4003: "never",
  4006: "never",
  [FENCED]: "never",
  4100: "backoff",
  4101: "backoff",
  4102: "backoff",
  4103: "backoff",
  4108: "backoff",
  4200: "now",
  4201: "now",
});

/**
 * The rule for a code. Unlisted codes of the 40xx block do not retry unchanged, those of 42xx retry now;
 * any other unlisted code (1006 among them) backs off.
 * @param {number} code
 * @returns {Retry}
 */
export function retryRule(code) {
  const block = Math.floor(code / 100);
  return CLOSE_CODES[code] ?? (block === 40 ? "never" : block === 42 ? "now" : "backoff");
}
