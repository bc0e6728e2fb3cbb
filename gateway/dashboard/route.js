// Which page an address names: `#/PAGE/NAME?QUERY`. Pure.

/**
 * @typedef {object} Route
 * @property {string} page
 * @property {string|null} name what of that page, such as the board's name; null for its default
 * @property {URLSearchParams} query
 */

/**
 * @param {string} hash of the address, with its `#`
 * @param {string[]} pages the known ones; the first is shown when none of them is named
 * @returns {Route}
 */
export function parseRoute(hash, pages) {
  const [path, query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const [root, page, ...rest] = path.split("/");
  if (root !== "" || !pages.includes(page)) return { page: pages[0], name: null, query: new URLSearchParams() };
  return { page, name: decoded(rest.join("/")) || null, query: new URLSearchParams(query) };
}

/**
 * The address of a page, to be put into `href` or `location.hash`.
 * @param {string} page
 * @param {string|null} [name]
 * @param {Record<string, string>|URLSearchParams} [query]
 */
export function routeTo(page, name = null, query = {}) {
  const asked = new URLSearchParams(query).toString();
  return `#/${page}${name === null ? "" : `/${encodeURIComponent(name)}`}${asked && `?${asked}`}`;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A stray % is a name like any other.
  }
}
