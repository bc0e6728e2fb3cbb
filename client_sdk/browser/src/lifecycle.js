/** When a page is hidden, left, shown again. `unload` is never used: it is unreliable and blocks the page cache. */

/**
 * @param {typeof globalThis} page
 * @param {{hide: () => void, leave: () => void, back: () => void, online: () => void}} on `leave` also before the page
 *   goes into the back/forward cache, `back` when it comes out of it
 * @returns {() => void} stops watching
 */
export function watchLifecycle(page, { hide, leave, back, online }) {
  const watching = new AbortController();
  const { signal } = watching;
  page.document.addEventListener("visibilitychange", () => page.document.hidden && hide(), { signal });
  page.addEventListener("pagehide", leave, { signal });
  page.addEventListener("pageshow", (event) => event.persisted && back(), { signal });
  page.addEventListener("online", online, { signal });
  return () => watching.abort();
}
