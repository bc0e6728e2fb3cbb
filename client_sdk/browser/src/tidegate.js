/**
 * The public API, assembled: consent decides whether there is a client, and what the page calls goes to it.
 *
 * We are guests on the page: no function here throws or rejects, whatever it is given and whatever the network does.
 */

import { Client } from "./client.js";
import { consentOf, isChoice } from "./consent.js";
import { Emitter } from "./emitter.js";
import { BLANK } from "./ledger.js";
import { startModules } from "./modules.js";
import { Store, quietly } from "./store.js";
import { tagConfig } from "./tag.js";
import { VERSION } from "./version.js";

/** @typedef {import("./config.js").Config} Config */
/**
 * @typedef {object} Tidegate
 * @property {(key: string, config?: Config) => void} init start, with a write key; a second call does nothing until
 *   `shutdown`, and all other functions do nothing before it
 * @property {(name: string, properties?: Record<string, any>, options?: import("./config.js").CaptureOptions) => void
 *   } capture take one event: it is stored before the running task ends and sent within half a second; `name` has 1 to
 *   200 characters, `properties` are anything JSON can say, 60 KiB for the whole event
 * @property {(properties?: Record<string, any>) => void} page take a `$pageview` of the present address
 * @property {(id: string | number, set?: Record<string, any>, setOnce?: Record<string, any>) => void} identify say who the
 *   person is, in at most 200 characters; events from now on carry this id, in all tabs; `set` and `setOnce` are properties of the person
 * @property {(alias: string) => void} alias say that `alias` is the same person
 * @property {(type: string, key: string, set?: Record<string, any>) => void} group say which group of a type the
 *   person belongs to; events from now on carry it
 * @property {(properties: Record<string, any>) => void} register properties that every later event carries, also
 *   after a reload; an event's own win
 * @property {(name: string) => void} unregister no longer carry this property
 * @property {() => void} reset forget the person, as at a logout: new id, new session, nothing registered
 * @property {() => Promise<boolean>} flush send now; resolves when all that waited is acked, whatever the verdicts: true; false
 *   when some of it cannot be any more: given up meanwhile (no room, too old), or refused by the server, shut down, no
 *   consent, and then what is left stays stored
 * @property {() => import("./ledger.js").Balance} ledger where every event of this tab went:
 *   `sent = accepted + duplicate + rejected + expired + pending`
 * @property {() => void} optIn the person agrees: remembered, and what waited for it is sent
 * @property {() => void} optOut the person refuses: remembered, what waits is dropped, all that is stored is removed
 * @property {() => boolean} hasOptedOut whether nothing is taken
 * @property {(event: string, listener: (value: any) => void) => () => void} on be told, until the returned undo is called
 * @property {(url: string) => string} maskUrl an address as events may carry it
 * @property {() => Promise<void>} shutdown send what can be sent within two seconds, then stop; the rest stays stored
 * @property {string} version
 * @property {Readonly<Config>} config as given to `init`; modules find their options here
 */
/**
 * @typedef {object} Loaders
 * @property {() => Promise<import("./delivery.js")>} delivery
 * @property {(name: string) => Promise<import("./modules.js").Module>} module
 */

/** Calls that go to the client as they are. */
const CALLS = "capture page identify alias group register unregister reset";

/**
 * @param {string} source address of the script; the gateway is looked for where it came from
 * @param {Loaders} loaders
 * @returns {Tidegate}
 */
export function create(source, loaders) {
  const { on, emit } = new Emitter();
  /** @type {Client | null} */
  let client = null;
  /** @type {Readonly<Config>} */
  let config = {};
  let key = "";
  let stop = () => {};
  let consent = /** @type {import("./consent.js").Consent} */ ("denied");

  /** Where the person's choice is kept, apart from all that it may remove. */
  const store = new Store().attach(() => localStorage);
  const place = () => `${config.name ?? "tidegate"}.consent`;

  const begin = () => {
    if (client || consent === "denied" || !key) return;
    const url = config.url ?? new URL(source).origin;
    const around = { key, config, url: url.replace(/\/+$/, ""), emit, load: loaders.delivery };
    client = new Client(around, consent === "granted");
    // Before anything is captured: a module that the page has imported itself is at work at once.
    stop = startModules(config.modules ?? [], loaders.module, api, (report) => emit("module", report));
    if (config.pageview !== false) client.page();
  };

  const end = () => {
    stop(); // it may have a last word
    const ending = client;
    client = null;
    return ending;
  };

  /** @type {(choice: unknown) => void} */
  const choose = (choice) => {
    if (!isChoice(choice)) return;
    store.set(place(), JSON.stringify(choice));
    consent = choice;
    if (!key) return;
    if (choice === "denied") end()?.forget();
    else if (client) client.grant();
    else shown(begin);
    emit("consent", { state: consent });
  };

  /** A choice in one tab is one in all. @param {StorageEvent} event */
  const heard = ({ key: changed }) => {
    if (changed === place()) choose(store.json(changed));
  };

  /** @type {Record<string, (...args: any[]) => any>} */
  const calls = {
    init(/** @type {string} */ given, /** @type {Config | undefined} */ settings) {
      if (key || !given) return;
      key = `${given}`;
      config = Object.freeze({ ...settings });
      consent = consentOf(store.json(place()), config, navigator);
      shown(begin);
      addEventListener("storage", heard);
    },
    flush: async () => !!(await client?.flush()),
    ledger: () => client?.ledger() ?? { ...BLANK, pending: 0 },
    optIn: () => choose("granted"),
    optOut: () => choose("denied"),
    hasOptedOut: () => consent === "denied",
    maskUrl: (/** @type {string} */ url) => client?.mask(url) ?? "",
    async shutdown() {
      const ending = end();
      key = ""; // at once: `init` may follow without waiting
      await ending?.shutdown();
    },
  };
  for (const name of CALLS.split(" ")) calls[name] = (...args) => shown(() => /** @type {any} */ (client)?.[name](...args));

  const api = /** @type {Tidegate} */ ({
    on,
    version: VERSION,
    get config() {
      return config;
    },
  });
  for (const name of Object.keys(calls)) /** @type {any} */ (api)[name] = guard(calls[name]);
  return api;
}

/**
 * For the console, for scripts that are no modules, and for those who called before we were loaded: the snippet keeps
 * calls as `[time, name, ...arguments]` in an array of our name.
 * @param {Tidegate} api
 * @param {HTMLElement | null | undefined} tag our own; with `data-key` it starts us
 */
export function install(api, tag) {
  const place = /** @type {any} */ (globalThis);
  const early = place.tidegate;
  if (early?.version) return; // a second tag of ours: one page is one visit
  place.tidegate = api;
  if (tag?.dataset.key) api.init(tag.dataset.key, tagConfig(tag.dataset));
  if (!Array.isArray(early)) return;
  for (const [timestamp, name, ...args] of early) {
    if (name === "capture") args[2] = { timestamp, ...args[2] };
    /** @type {any} */ (api)[name]?.(...args);
  }
}

/**
 * Do it when somebody sees the page, in order: one that is prerendered may never be shown, and then nobody was there.
 * @param {() => void} action
 */
const shown = (action) =>
  /** @type {any} */ (document).prerendering ? document.addEventListener("prerenderingchange", action) : action();

/**
 * The same function, which answers undefined where it would throw or reject.
 * @param {(...args: any[]) => any} action
 */
const guard =
  (action) =>
  (/** @type {any[]} */ ...args) => {
    const value = quietly(() => action(...args));
    return value?.catch?.(() => undefined) ?? value;
  };
