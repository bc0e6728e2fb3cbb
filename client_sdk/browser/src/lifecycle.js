/** When a page is hidden, left, shown again. `unload` is never used: it is unreliable and blocks the page cache. */

/**
 * @param {typeof globalThis} page
 * @param {{hide: () => void, leave: () => void, back: () => void, online: () => void}} on `leave` also before the page
 *   goes into the back/forward cache, `back` when it comes out of it
 * @returns {() => void} stops watching
 */
export function watchLifecycle(page, { hide, leave, back, online }) {
  const watching = new AbortController();
  const { document } = page;
  /** @param {EventTarget} target @param {string} type @param {(event: any) => void} listener */
  const on = (target, type, listener) => target.addEventListener(type, listener, watching);
  on(document, "visibilitychange", () => document.hidden && hide());
  on(page, "pagehide", leave);
  on(page, "pageshow", ({ persisted }) => persisted && back());
  on(page, "online", online);
  return () => watching.abort();
}
