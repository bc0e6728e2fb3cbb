// The view key: taken from the URL fragment, kept for this tab, and never left in the visible URL.

const KEY = "tidegate.view_key";
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
 * Take the key out of `#key=..`, if there is one, and clean the URL. Other parts of the fragment stay.
 * @returns {boolean} whether a key was taken
 */
export function takeFromFragment() {
  const parts = location.hash.slice(1).split("&");
  const keys = parts.map((part) => (part.startsWith("key=") ? new URLSearchParams(part).get("key") : null));
  const key = keys.find((found) => found !== null);
  if (key === undefined) return false;
  const rest = parts.filter((_, at) => keys[at] === null).join("&");
  history.replaceState(history.state, "", location.pathname + location.search + (rest ? `#${rest}` : ""));
  if (key) save(KEY, key);
  return Boolean(key);
}

/** @returns {string|null} */
export const viewKey = () => load(KEY);

/** @param {string} key */
export const keepKey = (key) => save(KEY, key);

export function forgetKey() {
  memory.delete(KEY);
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Nothing was stored.
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
