/**
 * How far a page was scrolled and how long somebody was there. It is told with `$pageleave` where `pageviews` runs, else
 * as `$scroll` at the end of each view.
 */

import { Engagement } from "./engagement.js";
import { place, viewOf } from "./view.js";
import { guarded, watch } from "./watch.js";

const SIGNS = "pointermove pointerdown keydown wheel touchmove scroll";

/**
 * @param {import("./watch.js").Tidegate} tidegate
 * @param {{root?: string}} [options] selector of the element that scrolls, where it is not the page itself
 */
export function start(tidegate, { root } = {}) {
  const { on, stop } = watch();
  const engaged = new Engagement();
  const view = viewOf(tidegate);
  const scroller = () => (root && document.querySelector(root)) || /** @type {Element} */ (document.scrollingElement);
  scroller(); // a selector that is none fails here, and not at each look
  let shown = place(tidegate);
  /** Pixels above the window at most, and how many there were to scroll at most: pages grow while they are read. */
  let furthest = 0;
  let most = -1;
  let due = false;

  const measure = guarded(() => {
    due = false;
    const { scrollTop, scrollHeight, clientHeight } = scroller();
    furthest = Math.max(furthest, scrollTop);
    most = Math.max(most, scrollHeight - clientHeight);
  });
  /** Measure with the next frame, when the layout is made anyway. */
  const look = () => {
    if (!due) requestAnimationFrame(measure);
    due = true;
  };
  const end = () => {
    if (most < 0) measure(); // no frame yet: it was hidden all the time
    const properties = {
      $prev_pageview_max_scroll: Math.round(furthest),
      $prev_pageview_max_scroll_percentage: most > 1 ? Math.min(1, Math.round((furthest / most) * 100) / 100) : 1,
      $prev_pageview_engaged_time: Math.round(engaged.take(performance.now())) / 1_000,
    };
    furthest = 0;
    most = -1;
    look();
    return properties;
  };
  const leave = () => {
    if (view.kept) return;
    const left = shown;
    shown = place(tidegate);
    tidegate.capture("$scroll", { ...left, ...end() });
  };

  on(globalThis, SIGNS, ({ type }) => {
    engaged.touch(performance.now());
    if (type === "scroll" || type === "pointerdown") look();
  });
  on(document, "visibilitychange", () =>
    document.hidden ? engaged.rest(performance.now()) : engaged.touch(performance.now()),
  );
  on(globalThis, "load", look);
  on(globalThis, "pagehide", leave);
  view.fill = end;
  const silence = tidegate.on("capture", ({ event }) => event === "$pageview" && leave());
  if (!document.hidden) engaged.touch(performance.now());
  look();
  return () => {
    view.fill = undefined;
    silence();
    stop();
  };
}
