/** Where a click leads. */

import { told } from "./view.js";

/**
 * The link in a path, as the path from it on, and its address; undefined where there is none.
 * @param {Element[]} path
 */
export function linkOf(path) {
  const from = path.findIndex((element) => element.matches("a[href],area[href]"));
  const href = path[from]?.getAttribute("href") ?? "";
  return from < 0 || !URL.canParse(href, document.baseURI)
    ? undefined
    : { path: path.slice(from), url: new URL(href, document.baseURI) };
}

/**
 * An address as events may carry it: without a user's name and password, masked, bounded; of what is no web address
 * (`mailto:`, `tel:`) the kind alone.
 * @param {import("./watch.js").Tidegate} tidegate
 * @param {URL} url
 */
export const addressOf = (tidegate, { protocol, origin, pathname, search, hash }) =>
  /^http/.test(protocol) ? told(tidegate, origin + pathname + search + hash) : protocol;
