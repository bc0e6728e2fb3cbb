import { quietly } from "./store.js";

/** Named listeners. `on` returns its own undo; a listener that throws disturbs nobody. */
export class Emitter {
  /** @type {Map<string, Set<(value: any) => void>>} */
  #listeners = new Map();

  /**
   * @param {string} name
   * @param {(value: any) => void} listener
   * @returns {() => void} takes this one listener off again
   */
  on = (name, listener) => {
    const entry = (/** @type {any} */ value) => listener(value);
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set.add(entry));
    return () => void set.delete(entry);
  };

  /** @type {(name: string, value: unknown) => void} */
  emit = (name, value) => {
    // Guests on the page: a bug of the host's own must not stop the delivery of its events.
    for (const listener of [...(this.#listeners.get(name) ?? [])]) quietly(() => listener(value));
  };
}
