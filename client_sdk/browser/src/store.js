/**
 * Key and text storage that never throws. The browser's storage can be blocked, full or cleared at any time; whatever
 * it does not take is kept in memory, so that only a reload can lose it. Without `attach` memory is all there is.
 */
export class Store {
  /** Texts that the browser does not hold. @type {Map<string, string>} */
  #memory = new Map();
  /** @type {Storage | null | undefined} */
  #backing;

  /** Keep all texts, those of before too, in a storage. @param {() => Storage | null | undefined} open may throw @returns {this} */
  attach(open) {
    quietly(() => (this.#backing = open()));
    for (const [key, text] of [...this.#memory]) this.set(key, text);
    return this;
  }

  /** @param {string} key @returns {string | null} */
  get(key) {
    return this.#memory.get(key) ?? quietly(() => this.#backing?.getItem(key)) ?? null;
  }

  /** @param {string} key @param {string} text */
  set(key, text) {
    const kept = quietly(() => {
      this.#backing?.setItem(key, text);
      return this.#backing;
    });
    if (kept) this.#memory.delete(key);
    else this.#memory.set(key, text);
  }

  /** @param {string} key */
  remove(key) {
    this.#memory.delete(key);
    quietly(() => this.#backing?.removeItem(key));
  }

  /** Every key that starts with `prefix`, sorted. Linear in all keys of the origin. @param {string} prefix */
  keys(prefix) {
    const all = new Set([...this.#memory.keys(), ...(quietly(() => Object.keys(/** @type {Storage} */ (this.#backing))) ?? [])]);
    return [...all].filter((key) => key.startsWith(prefix)).sort();
  }

  /** The JSON value under a key; undefined or null when there is none or it is damaged. @param {string} key @returns {any} */
  json(key) {
    return quietly(() => JSON.parse(/** @type {string} */ (this.get(key))));
  }
}

/**
 * The value of `action`; undefined when it throws.
 * @template T
 * @param {() => T} action
 * @returns {T | undefined}
 */
export function quietly(action) {
  try {
    return action();
  } catch {
    return undefined;
  }
}
