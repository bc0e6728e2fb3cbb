/** When a page is hidden, left, shown again. `unload` is never used: it is unreliable and blocks the page cache. */

/**
 * @param {typeof globalThis} page
 * @param {{hide: () => void, leave: () => void, back: () => void, online: () => void}} told `leave` also before the page
 *   goes into the back/forward cache, `back` when it comes out of it
 * @returns {() => void} stops watching
 */
export function watchLifecycle(page, told) {
  const watching = new AbortController();
  const { document } = page;
  /** @param {EventTarget} target @param {string} type @param {(event: any) => void} listener */
  const on = (target, type, listener) => target.addEventListener(type, listener, watching);
  on(document, "visibilitychange", () => document.hidden && told.hide());
  on(page, "pagehide", () => told.leave());
  on(page, "pageshow", ({ persisted }) => persisted && told.back());
  on(page, "online", () => told.online());
  return () => watching.abort();
}
