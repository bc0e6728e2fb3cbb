import { quietly } from "./store.js";

/** Named listeners. `on` returns its own undo; a listener that throws disturbs nobody. */
export class Emitter {
  /** Few: all are gone through each time. @type {Set<[name: string, listener: (value: any) => void]>} */
  #listeners = new Set();

  /**
   * @param {string} name
   * @param {(value: any) => void} listener
   * @returns {() => void} takes this one listener off again
   */
  on = (name, listener) => {
    /** @type {[string, (value: any) => void]} */
    const entry = [name, listener];
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  };

  /** @type {(name: string, value: unknown) => void} */
  emit = (name, value) => {
    // Guests on the page: a bug of the host's own must not stop the delivery of its events.
    for (const [wanted, listener] of [...this.#listeners]) if (wanted === name) quietly(() => listener(value));
  };
}
