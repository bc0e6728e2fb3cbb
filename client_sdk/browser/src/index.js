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
import { maskUrl as masked } from "./mask.js";
import { startModules } from "./modules.js";
import { VERSION } from "./version.js";

/** @type {Client | null} */
let client = null;
/** @type {Readonly<import("./client.js").Config>} */
let settings = Object.freeze({});
let stopModules = () => {};
const emitter = new Emitter();

/**
 * Start. A second call does nothing until `shutdown`.
 * @param {string} key write key
 * @param {import("./client.js").Config} [config]
 */
export function init(key, config = {}) {
  quietly(() => {
    if (client) return;
    settings = Object.freeze({ ...config });
    client = new Client(String(key), settings, new URL(import.meta.url).origin, emitter);
    if (settings.pageview !== false) client.page();
    const load = (/** @type {string} */ name) => import(`./modules/${name}.js`);
    stopModules = startModules(settings.modules ?? [], load, tidegate, (report) => emitter.emit("module", report));
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
 * Properties that every later event carries, also after a reload; an event's own win.
 * @param {Record<string, unknown>} properties
 */
export function register(properties) {
  quietly(() => client?.register(properties));
}

/** No longer carry this property. @param {string} name */
export function unregister(name) {
  quietly(() => client?.unregister(name));
}

/**
 * An address as events may carry it: values of secret parameters are masked, or of all but `config.queryAllow`.
 * @param {string} url
 * @returns {string}
 */
export function maskUrl(url) {
  return masked(url, settings.queryAllow);
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
 * Be told: `state` {state, code}, `ledger` {sent, ..}, `verdict` {event, uuid, outcome, reason}, `capture` {event, uuid,
 * properties}, `identify` {id, before}, `module` {name, error}; messages of the server: `push`, `drain`, `warn`, `error`.
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
  stopModules();
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

const tidegate = {
  init,
  capture,
  page,
  identify,
  register,
  unregister,
  flush,
  ledger,
  on,
  maskUrl,
  shutdown,
  version: VERSION,
  /** As given to `init`; modules find their options here. */
  get config() {
    return settings;
  },
};
export default tidegate;

/** For the console and for scripts that are no modules. */
/** @type {any} */ (globalThis).tidegate = tidegate;
