/** The page view under way, and what several modules tell of it together. */

/** @typedef {import("./watch.js").Tidegate} Tidegate */

/** Longest address that is sent, as of other events. */
const MAX_URL = 2_048;

/** An address as events may carry it: masked and bounded. @param {Tidegate} tidegate @param {string} url */
export const told = ({ maskUrl }, url) => maskUrl(url).slice(0, MAX_URL);

/** The present address, for events about a page that may be left by then. @param {Tidegate} tidegate */
export const place = (tidegate) => ({
  $current_url: told(tidegate, location.href),
  $pathname: told(tidegate, location.pathname),
});

/** Seconds since a moment on the page's clock. @param {number} then */
export const secondsSince = (then) => Math.round(performance.now() - then) / 1_000;

/**
 * What others add to `$pageleave`. It hangs on the one object that all modules share, since each is a file of its own.
 * @param {Tidegate} tidegate
 * @returns {{kept?: boolean, fill?: () => Record<string, unknown>}} `kept` while `$pageleave` events are sent; `fill`
 *   is called at the end of each view
 */
export const viewOf = (tidegate) => (tidegate.view ??= {});
