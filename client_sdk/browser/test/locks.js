/** Web Locks of one origin: exclusive, `ifAvailable` and `signal`, as far as the SDK asks for them. */
export class FakeLocks {
  #held = new Map();

  async request(name, { ifAvailable, signal }, use) {
    while (this.#held.has(name)) {
      if (ifAvailable) return use(null);
      await new Promise((resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
        this.#held.get(name).then(resolve, resolve);
      });
    }
    const { promise, resolve } = deferred();
    this.#held.set(name, promise);
    try {
      return await use({ name });
    } finally {
      this.#held.delete(name);
      resolve();
    }
  }
}

function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve) => (parts.resolve = resolve));
  return parts;
}
