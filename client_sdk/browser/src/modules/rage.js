/** `$rageclick`: three clicks within a second and 30 pixels, on whatever it is. */

import { Burst } from "./burst.js";
import { clickable, describe, pathOf } from "./element.js";
import { watch } from "./watch.js";

/** @param {import("./watch.js").Tidegate} tidegate */
export function start({ capture }) {
  const { on, stop } = watch();
  const burst = new Burst();
  on(globalThis, "click", (event) => {
    const path = pathOf(event);
    const target = clickable(path);
    // Keys are no clicks; and where somebody writes or reads, clicks in a row select.
    const selects = path[0]?.matches(":read-write") || (!target.length && getSelection()?.isCollapsed === false);
    if (!path.length || !event.detail || selects) return;
    if (!burst.hit({ x: event.clientX, y: event.clientY, at: event.timeStamp })) return;
    capture("$rageclick", { $event_type: "click", ...describe(target.length ? target : path) });
  });
  return stop;
}
