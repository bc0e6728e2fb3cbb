/**
 * What to do after a WebSocket close. The blocks of the codes say it: 40xx do not come again unchanged, 41xx back off,
 * 42xx may come at once; of the standard codes only 1003 (not our protocol) is final. `tests/vectors/closecodes.json`
 * holds this and the gateway's table to the same rows.
 */

/** @typedef {"never" | "backoff" | "now"} Retry */

/** Another connection took over this producer id: stop with that identity, the page may go on with a new one. */
export const FENCED = 4009;

/** @param {number} code @returns {Retry} */
export function retryRule(code) {
  const block = Math.floor(code / 100);
  return code === 1003 || block === 40 ? "never" : block === 42 ? "now" : "backoff";
}
