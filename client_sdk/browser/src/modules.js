/**
 * Optional modules, each loaded only when the page asks for it: `config.modules: ["pageviews", "clicks"]`.
 *
 * A module is a file `modules/NAME.js` that exports `start(tidegate, options)`, which begins to watch the page and
 * returns its undo. It sees nothing but the public API (`capture`, `on`, `register`, `config`, `maskUrl`, ..); its options
 * are `config.NAME`. It runs while consent is granted or pending, and is stopped when that is withdrawn.
 */

import { quietly } from "./store.js";

/** @typedef {{start: (tidegate: any, options: any) => (() => void) | void}} Module */
/** @typedef {Module & {name: string}} NamedModule one of the page's own, which need not be loaded */

/**
 * Load and start modules. One that cannot be loaded, or throws, leaves the others alone.
 * @param {(string | NamedModule)[]} modules
 * @param {(name: string) => Promise<Module>} load
 * @param {any} tidegate the public API
 * @param {(report: {name: string, error?: unknown}) => void} told once for each module: started, or failed with `error`
 * @returns {() => void} stops them all, also those that are still being loaded
 */
export function startModules(modules, load, tidegate, told) {
  let stopped = false;
  /** What is no function is called in vain. @type {any[]} */
  const stops = [];
  const begin = async (/** @type {string} */ name, /** @type {Module["start"] | undefined} */ start) => {
    try {
      start ??= (await load(name)).start;
      if (stopped) return;
      stops.push(start(tidegate, tidegate.config[name] ?? {}));
      told({ name });
    } catch (error) {
      told({ name, error });
    }
  };
  for (const module of [modules].flat()) {
    const { name = module, start } = /** @type {any} */ (Object(module)); // a text has neither
    void begin(name, start);
  }
  return () => {
    stopped = true;
    for (const stop of stops.splice(0)) quietly(stop);
  };
}
