/**
 * Sole ownership of a name among the tabs of one origin: a Web Lock, which the browser ends with the tab; where there
 * are none (pages without TLS), a stored time that its owner renews.
 */

/** @typedef {{release: () => void, certain: boolean}} Lease `certain`: no other tab can hold it */
/**
 * @typedef {object} Parts
 * @property {LockManager | undefined} locks
 * @property {import("./store.js").Store} store
 * @property {() => number} wall epoch milliseconds
 */

const RENEW_MS = 20_000;
/** Browsers slow the timers of hidden tabs down to one a minute. */
const STALE_MS = 180_000;

/**
 * The lease, or null when another tab has it.
 * @param {Parts} parts
 * @param {string} name
 * @param {number} patience milliseconds to wait for the owner to let go; 0 = not at all (a page being reloaded lets go
 *   a moment after its successor has begun)
 * @returns {Promise<Lease | null>}
 */
export async function acquire({ locks, store, wall }, name, patience) {
  return locks ? webLock(locks, name, patience) : storedLease(store, wall, name);
}

/** @param {LockManager} locks @param {string} name @param {number} patience @returns {Promise<Lease | null>} */
function webLock(locks, name, patience) {
  return new Promise((resolve) => {
    const options = patience ? { signal: AbortSignal.timeout(patience) } : { ifAvailable: true };
    locks
      .request(name, options, (lock) => {
        if (!lock) return resolve(null);
        return new Promise((release) => resolve({ release: () => release(undefined), certain: true }));
      })
      // Timed out: a browser that was busy for so long may not have looked yet whether anybody has it.
      .catch(() => resolve(patience ? webLock(locks, name, 0) : null));
  });
}

/**
 * @param {import("./store.js").Store} store
 * @param {() => number} wall
 * @param {string} name
 * @returns {Lease | null}
 */
function storedLease(store, wall, name) {
  const age = wall() - /** @type {any} */ (store.get(name)); // none: since 1970
  if (age >= 0 && age < STALE_MS) return null;
  const renew = () => store.set(name, `${wall()}`);
  renew();
  const timer = setInterval(renew, RENEW_MS);
  const release = () => {
    clearInterval(timer);
    store.remove(name);
  };
  return { release, certain: false };
}
