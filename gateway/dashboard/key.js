// The view key, and perhaps a write key: taken from the URL fragment, kept for this tab, and never left in the visible URL.

const KEY = "tidegate.view_key";
/** Only for the first-run page: pasted there, or in the link that a server prints when it has just made its keys. */
const WRITE = "tidegate.write_key";
const VIEWER = "tidegate.viewer";

/** Storage may be blocked; then the key lives as long as the page. */
const memory = new Map();

function load(name) {
  try {
    return sessionStorage.getItem(name) ?? memory.get(name) ?? null;
  } catch {
    return memory.get(name) ?? null;
  }
}

function save(name, value) {
  memory.set(name, value);
  try {
    sessionStorage.setItem(name, value);
  } catch {
    // Kept in memory only.
  }
}

/**
 * Take the keys out of `#key=..&write=..`, if they are there, and clean the URL. Other parts of the fragment stay.
 * @returns {boolean} whether a view key was taken
 */
export function takeFromFragment() {
  const rest = [];
  const taken = new Map();
  for (const part of location.hash.slice(1).split("&")) {
    const name = [KEY, WRITE].find((stored) => part.startsWith(stored === KEY ? "key=" : "write="));
    if (name) taken.set(name, new URLSearchParams(part).values().next().value);
    else rest.push(part);
  }
  if (!taken.size) return false;
  const hash = rest.join("&");
  history.replaceState(history.state, "", location.pathname + location.search + (hash ? `#${hash}` : ""));
  for (const [name, value] of taken) if (value) save(name, value);
  return Boolean(taken.get(KEY));
}

/** @returns {string|null} */
export const viewKey = () => load(KEY);

/** @param {string} key */
export const keepKey = (key) => save(KEY, key);

/** @returns {string|null} */
export const writeKey = () => load(WRITE);

/** @param {string} key */
export const keepWriteKey = (key) => save(WRITE, key);

/** Both: who changes the key may be another person. */
export function forgetKey() {
  for (const name of [KEY, WRITE]) {
    memory.delete(name);
    try {
      sessionStorage.removeItem(name);
    } catch {
      // Nothing was stored.
    }
  }
}

/** @returns {string} the id of this tab: it lets the server say why it dropped us. */
export function viewerId() {
  let id = load(VIEWER);
  if (!id) {
    // crypto.randomUUID is missing on plain http outside loopback.
    id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    save(VIEWER, id);
  }
  return id;
}
