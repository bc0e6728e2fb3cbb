/** What the page wants left out of its events before anything is stored: the one place where an event gets its text. */

import { encodeEvent, millis, redactor } from "./event.js";
import { maskUrl } from "./mask.js";
import { pageProperties } from "./page.js";

/** @typedef {import("./event.js").WireEvent} WireEvent */

/** @param {import("./config.js").Config} config */
export function privacy({ queryAllow, properties: allowed, beforeSend, redact }) {
  // One rule alone is a list, too: a text would be gone through by its letters, and mask nothing.
  const replacer = redactor(redact && [redact].flat());
  const mask = (/** @type {string} */ url) => maskUrl(url, queryAllow);
  return {
    /** An address as events may carry it. */
    mask,

    /**
     * The event's text: the page's own properties as far as they are allowed, the masked address, then the page's word,
     * then redaction, which nothing comes behind.
     * @param {WireEvent} wire `properties`: the page's own
     * @param {Record<string, unknown>} registered properties of every event
     * @param {{href: string, pathname: string}} location
     * @returns {ReturnType<typeof encodeEvent> | null} null when `beforeSend` does not want it, which it says by null
     *   alone: most that return nothing have forgotten to
     */
    encode(wire, registered, location) {
      try {
        let own = Object.entries({ ...registered, ...wire.properties });
        if (allowed) own = own.filter(([name]) => [allowed].flat().includes(name));
        const event = { ...wire, properties: { ...pageProperties(location, mask), ...Object.fromEntries(own) } };
        const kept = beforeSend ? beforeSend(event) : event;
        if (kept === null) return kept;
        // Nothing and a promise have no name.
        const { uuid, window_id } = wire;
        const named = /** @type {WireEvent} */ ({ ...kept, uuid, window_id, timestamp: millis(kept?.timestamp, wire.timestamp) });
        return encodeEvent(named, replacer);
      } catch {
        return { reason: "unencodable" };
      }
    },
  };
}
