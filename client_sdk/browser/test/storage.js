/** The browser's `Storage`, in memory; `full` makes it refuse writes. */
export class MemoryStorage {
  #items = new Map();
  full = false;
  writes = 0;

  get length() {
    return this.#items.size;
  }

  key(index) {
    return [...this.#items.keys()][index] ?? null;
  }

  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  setItem(key, text) {
    if (this.full) throw new DOMException("quota", "QuotaExceededError");
    this.writes += 1;
    this.#items.set(key, text);
    this[key] = text; // as a browser shows it
  }

  removeItem(key) {
    this.#items.delete(key);
    delete this[key];
  }
}
