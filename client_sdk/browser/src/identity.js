/**
 * Which producer this tab is. Each tab has its own id, kept in `sessionStorage`; its queue is in `localStorage` under
 * that id, and a lease says that the tab is alive.
 *
 *   reload                 the same id again
 *   duplicated tab         `sessionStorage` was copied and the lease is taken: it is treated as a new tab
 *   new tab                takes over the identity of a closed tab, seqs and all, if there is one; else a new id
 *   further closed tabs    are returned as orphans, for their events to be absorbed
 *   journals               of pages that ended before they had a queue, too
 */

import { journalPrefix } from "./journal.js";
import { acquire } from "./lease.js";

/** @typedef {{prefix: string, id: string, lease: import("./lease.js").Lease}} Held `prefix`: where it is stored */
/** @typedef {{id: string, windowId: string, lease: import("./lease.js").Lease | null, orphans: Held[]}} Claim */
/**
 * @typedef {object} Places
 * @property {import("./store.js").Store} store shared by the tabs of this origin
 * @property {import("./store.js").Store} tab of this tab alone
 * @property {string} name namespace of everything stored
 */

/** How long a reloaded page waits for its predecessor to let go of the identity. */
const RELOAD_MS = 500;

/** @param {string} name @param {string} id */
const leaseName = (name, id) => `${name}:lease:${id}`;
/** Prefix of the queues in the store. @param {string} name */
export const queuePrefix = (name) => `${name}:queue:`;

/**
 * Settle who we are. Resolves after some milliseconds, for a duplicated tab after half a second.
 * @param {Places} places
 * @param {import("./lease.js").Parts} parts
 * @param {() => string} makeId
 * @param {string} [journal] the page's own, which is not to be claimed
 * @returns {Promise<Claim>}
 */
export async function claim({ store, tab, name }, parts, makeId, journal = "") {
  const key = `${name}:tab`;
  const known = tab.json(key);
  let id = typeof known?.producer === "string" ? known.producer : "";
  let lease = id ? await acquire(parts, leaseName(name, id), RELOAD_MS) : null;
  const windowId = lease && typeof known.window === "string" ? known.window : makeId();
  const orphans = await claimOrphans(store, parts, name, queuePrefix(name), id);
  if (!lease) {
    const heir = orphans.shift();
    id = heir?.id ?? makeId();
    lease = heir?.lease ?? (await acquire(parts, leaseName(name, id), 0));
  }
  remember(tab, name, id, windowId);
  orphans.push(...(await claimOrphans(store, parts, name, journalPrefix(name), journal)));
  return { id, windowId, lease, orphans };
}

/**
 * Take the lease of an id that was just made. @param {Places} places @param {import("./lease.js").Parts} parts
 * @param {string} id @param {string} windowId
 */
export function claimNew({ tab, name }, parts, id, windowId) {
  remember(tab, name, id, windowId);
  return acquire(parts, leaseName(name, id), 0);
}

/** @param {import("./store.js").Store} tab @param {string} name @param {string} producer @param {string} window */
const remember = (tab, name, producer, window) => tab.set(`${name}:tab`, JSON.stringify({ producer, window }));

/**
 * The identities that are stored and whose tab is gone, oldest first.
 * @param {import("./store.js").Store} store
 * @param {import("./lease.js").Parts} parts
 * @param {string} name
 * @param {string} prefix
 * @param {string} own
 * @returns {Promise<Held[]>}
 */
async function claimOrphans(store, parts, name, prefix, own) {
  const ids = new Set(store.keys(prefix).map((key) => key.slice(prefix.length).split(":")[0]));
  ids.delete(own);
  const held = [];
  for (const id of ids) {
    const lease = await acquire(parts, leaseName(name, id), 0);
    if (lease) held.push({ prefix, id, lease });
  }
  return held;
}
