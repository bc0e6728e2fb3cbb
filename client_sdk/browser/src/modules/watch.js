/**
 * What every module stands on: guarded listeners that one call takes off again. Modules are guests on the page; nothing
 * they do throws into it, holds up scrolling or is still there after `stop`.
 */

/**
 * What a module may use of the SDK, see index.js.
 * @typedef {object} Tidegate
 * @property {(name: string, properties?: Record<string, unknown>, options?: import("../config.js").CaptureOptions) =>
 *   void} capture
 * @property {(properties?: Record<string, unknown>) => void} page
 * @property {(event: string, listener: (value: any) => void) => () => void} on
 * @property {(url: string) => string} maskUrl
 * @property {() => boolean} hasOptedOut
 * @property {Readonly<Record<string, any>>} config
 * @property {ReturnType<typeof import("./view.js").viewOf>} [view] of the modules among themselves
 */

/**
 * The same function, which never throws.
 * @template {any[]} A
 * @param {(...args: A) => void} action
 * @returns {(...args: A) => void}
 */
export const guarded =
  (action) =>
  (...args) => {
    try {
      action(...args);
    } catch {
      // our own bug, or an object of the page that is not what it seems: an event less, and the page lives on
    }
  };

/**
 * Listeners of one module.
 * @returns {{
 *   on: (target: EventTarget, types: string, handler: (event: any) => void, options?: AddEventListenerOptions) => void,
 *   signal: AbortSignal,
 *   stop: () => void,
 * }} `on` takes types between spaces, and listens passively in the capture phase unless told otherwise; `signal` is
 *   aborted by `stop`
 */
export function watch() {
  const ending = new AbortController();
  const { signal } = ending;
  return {
    on(target, types, handler, options) {
      const listener = guarded(handler);
      for (const type of types.split(" ")) {
        target.addEventListener(type, listener, { capture: true, passive: true, signal, ...options });
      }
    },
    signal,
    stop: () => ending.abort(),
  };
}
