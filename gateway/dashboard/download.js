// A file that the page has made, handed to the browser.

import { element } from "./element.js";

/** The browser has begun to read it by then. */
const KEPT_MS = 60_000;

/** @param {string[]} parts one behind the other @param {string} type @param {string} name */
export function download(parts, type, name) {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  element("a", "", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
