/**
 * Tidegate in the browser.
 *
 *     import { init, capture } from "/sdk.js";
 *     init("wk_..");
 *     capture("purchase", { value: 12.5, currency: "EUR" });
 *
 * We are guests on the page: no function here throws or rejects, whatever it is given and whatever the network does.
 * All of them do nothing before `init`. The same functions are on the default export and on `globalThis.tidegate`.
 */

import { Client } from "./client.js";
import { Emitter } from "./emitter.js";
import { Ledger } from "./ledger.js";
import { VERSION } from "./version.js";

/** @type {Client | null} */
let client = null;
const emitter = new Emitter();

/**
 * Start. A second call does nothing until `shutdown`.
 * @param {string} key write key
 * @param {import("./client.js").Config} [config]
 */
export function init(key, config = {}) {
  quietly(() => {
    if (client) return;
    client = new Client(String(key), config ?? {}, new URL(import.meta.url).origin, emitter);
    if (config?.pageview !== false) client.page();
  });
}

/**
 * Take one event. It is stored before the running task ends and sent within half a second.
 * @param {string} name 1 to 200 characters
 * @param {Record<string, unknown>} [properties] anything JSON can say; 60 KiB for the whole event
 * @param {import("./client.js").CaptureOptions} [options] `priority: "low"`: may be shed when the server is overloaded
 */
export function capture(name, properties, options) {
  quietly(() => client?.capture(name, properties, options));
}

/** Take a `$pageview` of the present address. @param {Record<string, unknown>} [properties] */
export function page(properties) {
  quietly(() => client?.page(properties));
}

/**
 * Say who the person is; events from now on carry this id.
 * @param {string} id
 * @param {Record<string, unknown>} [set] properties of the person
 * @param {Record<string, unknown>} [setOnce] the same, where not yet known
 */
export function identify(id, set, setOnce) {
  quietly(() => client?.identify(id, set, setOnce));
}

/**
 * Send now, without waiting for more.
 * @returns {Promise<boolean>} resolves when all that was captured before is acked: true; false when it cannot be any
 *   more (refused by the server, or shut down); what is left stays stored
 */
export async function flush() {
  return (await quietly(() => client?.flush())) ?? false;
}

/**
 * Where every event of this tab went: `sent = accepted + duplicate + rejected + expired + pending`.
 * @returns {import("./ledger.js").Balance}
 */
export function ledger() {
  return quietly(() => client?.ledger()) ?? new Ledger().balance(0);
}

/**
 * Be told: `state` {state, code}, `ledger` {sent, ..}, `verdict` {event, uuid, outcome, reason}, `push`, `drain`,
 * `warn`, `error`.
 * @param {string} event
 * @param {(value: any) => void} listener
 * @returns {() => void} undoes it
 */
export function on(event, listener) {
  return emitter.on(event, listener);
}

/** Send what can be sent within two seconds, then stop. What is left is stored for the next page. */
export async function shutdown() {
  const ending = client;
  await quietly(() => ending?.shutdown());
  if (client === ending) client = null;
}

/**
 * The value of `action`; undefined when it throws or rejects.
 * @template T
 * @param {() => T} action
 * @returns {T | undefined}
 */
function quietly(action) {
  try {
    const value = action();
    return value instanceof Promise ? /** @type {T} */ (value.catch(() => undefined)) : value;
  } catch {
    return undefined;
  }
}

const tidegate = { init, capture, page, identify, flush, ledger, on, shutdown, version: VERSION };
export default tidegate;

/** For the console and for scripts that are no modules. */
/** @type {any} */ (globalThis).tidegate = tidegate;
