/**
 * Clicks on whatever one can click, as `$autocapture`; or, where the page says so, under a name of its own:
 *
 *     <button data-tidegate-event="signup" data-tidegate-event-plan="pro">     signup {plan: "pro"}
 */

import { clickable, describe, isSilent, pathOf } from "./element.js";
import { addressOf, linkOf } from "./link.js";
import { watch } from "./watch.js";

const NAME = "data-tidegate-event";
/** Bounds of what a page writes into attributes. */
const MAX_PROPERTIES = 20;
const MAX_TEXT = 255;

/** @param {import("./watch.js").Tidegate} tidegate */
export function start(tidegate) {
  const { on, stop } = watch();
  on(globalThis, "click", (event) => {
    const path = pathOf(event);
    const named = path.find((element) => element.getAttribute(NAME));
    if (named) return tidegate.capture(/** @type {string} */ (named.getAttribute(NAME)), written(named));
    const target = clickable(path);
    if (!target.length) return;
    const link = isSilent(target) ? undefined : linkOf(target);
    const address = link && addressOf(tidegate, link.url);
    const click = { $event_type: "click", ...describe(target), $el_href: address };
    tidegate.capture("$autocapture", click, { priority: "low" });
  });
  return stop;
}

/** The properties that an element gives its event. @param {Element} element */
function written(element) {
  const names = element.getAttributeNames().filter((name) => name.startsWith(`${NAME}-`));
  return Object.fromEntries(
    names
      .slice(0, MAX_PROPERTIES)
      .map((name) => [name.slice(NAME.length + 1), element.getAttribute(name)?.slice(0, MAX_TEXT)]),
  );
}
