/** Changes of the address within one document: by script, by the user, or by going to a fragment. */

import { guarded } from "./watch.js";

/**
 * Be told the kind of each change, after it: `pushState`, `replaceState` or `popstate`; and once more, behind
 * those, `navigation`, where the browser has one: it knows of changes that pass `history` by.
 *
 * `history` is wrapped where its methods lie, so that who wraps them before or after us is called as well. When ours is
 * no longer the outermost wrapper at the end it stays, as a mere passage.
 * @param {ReturnType<typeof import("./watch.js").watch>} watch
 * @param {(kind: string) => void} changed
 */
export function watchNavigation({ on, signal }, changed) {
  on(globalThis, "popstate", () => changed("popstate")); // a new fragment has one too
  const tell = guarded(changed);
  on(/** @type {any} */ (globalThis).navigation ?? globalThis, "currententrychange", () => setTimeout(() => changed("navigation")));
  for (const name of /** @type {const} */ (["pushState", "replaceState"])) {
    const owner = Object.hasOwn(history, name) ? history : History.prototype;
    const original = owner[name];
    /** @this {History} @param {any[]} args */
    const wrapper = function (...args) {
      const result = original.apply(this, /** @type {any} */ (args));
      if (!signal.aborted) tell(name);
      return result;
    };
    owner[name] = wrapper;
    signal.addEventListener("abort", () => {
      if (owner[name] === wrapper) owner[name] = original;
    });
  }
}
