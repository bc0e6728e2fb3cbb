/**
 * Page views of pages that change without being loaded anew, and the end of each view.
 *
 * The view at `init` is the core's (`config.pageview`). From there on each change of the path is a view, whoever makes
 * it, and so is the return out of the back/forward cache. `$pageleave` tells how long a view lasted.
 */

import { watchNavigation } from "./navigation.js";
import { place, secondsSince, viewOf } from "./view.js";
import { guarded, watch } from "./watch.js";

/**
 * @param {import("./watch.js").Tidegate} tidegate
 * @param {{search?: boolean, hash?: boolean}} [options] whether changes of the query and of the fragment are views too
 */
export function start(tidegate, { search, hash } = {}) {
  const watching = watch();
  const { on, signal, stop } = watching;
  const view = viewOf(tidegate);
  const look = () => ({
    name: location.pathname + (search ? location.search : "") + (hash ? location.hash : ""),
    since: performance.now(),
    place: place(tidegate),
  });
  let shown = look();

  const leave = () =>
    tidegate.capture("$pageleave", {
      ...shown.place,
      $prev_pageview_pathname: shown.place.$pathname,
      $prev_pageview_duration: secondsSince(shown.since),
      ...view.fill?.(),
    });

  watchNavigation(watching, (kind) => {
    // Behind the task: an address that is put right within it is one view, and the first to look sees the last.
    queueMicrotask(
      guarded(() => {
        const next = look();
        if (signal.aborted || next.name === shown.name) return;
        leave();
        tidegate.page({ navigation_type: kind, $referrer: shown.place.$current_url });
        shown = next;
      }),
    );
  });
  on(globalThis, "pagehide", leave);
  // Not in the capture phase: the SDK, which listens there too, must have come back first.
  const back = (/** @type {PageTransitionEvent} */ { persisted }) => {
    if (!persisted) return;
    shown = look();
    tidegate.page({ navigation_type: "bfcache" });
  };
  on(globalThis, "pageshow", back, { capture: false });
  view.kept = true;
  return () => {
    view.kept = false;
    stop();
  };
}
