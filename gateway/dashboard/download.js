// A file that the page has made, handed to the browser.

import { element } from "./element.js";

/** The browser has begun to read it by then. */
const KEPT_MS = 60_000;

/** A name with the time in it, so that no file takes the place of an earlier one. @param {string} stem @param {Date} now @param {string} ending */
export const dated = (stem, now, ending) => `${stem}-${now.toISOString().slice(0, 19).replaceAll(":", "")}Z.${ending}`;

/** @param {string[]} parts one behind the other @param {string} type @param {string} name */
export function download(parts, type, name) {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  element("a", "", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
