/**
 * Key and text storage that never throws. The browser's storage can be blocked, full or cleared at any time; whatever
 * it does not take is kept in memory, so that only a reload can lose it.
 */
export class Store {
  /** Texts that the browser refused to keep. @type {Map<string, string>} */
  #memory = new Map();
  #backing;

  /** @param {() => Storage | null | undefined} open reading `window.localStorage` may itself throw */
  constructor(open) {
    try {
      this.#backing = open() ?? null;
    } catch {
      this.#backing = null;
    }
  }

  /** False when something is in memory only. */
  get durable() {
    return this.#backing !== null && this.#memory.size === 0;
  }

  /** @param {string} key @returns {string | null} */
  get(key) {
    const kept = this.#memory.get(key);
    if (kept !== undefined) return kept;
    try {
      return this.#backing?.getItem(key) ?? null;
    } catch {
      return null;
    }
  }

  /** @param {string} key @param {string} text */
  set(key, text) {
    try {
      if (this.#backing) {
        this.#backing.setItem(key, text);
        this.#memory.delete(key);
        return;
      }
    } catch {
      // full or blocked: fall through to memory
    }
    this.#memory.set(key, text);
  }

  /** @param {string} key */
  remove(key) {
    this.#memory.delete(key);
    try {
      this.#backing?.removeItem(key);
    } catch {
      // nothing is kept then, which is what was asked for
    }
  }

  /** Every key that starts with `prefix`, sorted. Linear in all keys of the origin. @param {string} prefix */
  keys(prefix) {
    const found = new Set(this.#memory.keys());
    try {
      for (let i = 0; i < (this.#backing?.length ?? 0); i++) found.add(this.#backing?.key(i) ?? "");
    } catch {
      // what could be listed is listed
    }
    return [...found].filter((key) => key.startsWith(prefix)).sort();
  }

  /** The JSON value under a key; null when there is none or it is damaged. @param {string} key @returns {any} */
  json(key) {
    try {
      return JSON.parse(this.get(key) ?? "null");
    } catch {
      return null;
    }
  }
}
