/**
 * `$dead_click`: a click on what looks as if one could click it, after which nothing happens for 2.5 seconds.
 *
 * Something has happened when the page has changed, scrolled or gone elsewhere, when the focus or the selection has
 * moved, when a form was sent or a field changed. It counts from the press on, since menus open then. In doubt a click
 * is alive: a clock that ticks on the page each second hides all dead ones.
 */

import { clickable, describe, pathOf } from "./element.js";
import { linkOf } from "./link.js";
import { guarded, watch } from "./watch.js";

const PATIENCE_MS = 2_500;
const SIGNS = "scroll input submit toggle visibilitychange";
/** What of a page may change: everything. */
const CHANGES = { subtree: true, childList: true, attributes: true, characterData: true };
/** They answer by the caret or a list of the browser's own, which nobody can see. */
const FIELDS = "input,select,textarea,option,:read-write";

/** @param {import("./watch.js").Tidegate} tidegate */
export function start({ capture }) {
  const { on, signal, stop } = watch();
  /** What waits for a sign of life, with the timers that declare it dead. @type {Map<Element, number>} */
  const waiting = new Map();
  /** What was pressed, until something happens. @type {Element[]} */
  let pressed = [];

  const alive = () => {
    pressed = [];
    for (const timer of waiting.values()) clearTimeout(timer);
    waiting.clear();
    observer.disconnect();
  };
  const observer = new MutationObserver(alive);
  signal.addEventListener("abort", alive);

  on(globalThis, SIGNS, alive);
  on(globalThis, "blur", ({ target }) => target === globalThis && alive()); // into a frame, or another window
  on(globalThis, "focusin", ({ target }) => pressed.includes(target) || alive());
  on(document, "selectionchange", () => getSelection()?.isCollapsed === false && alive());

  on(globalThis, "pointerdown", (event) => {
    pressed = clickable(pathOf(event));
    // A shadow root is a tree of its own, which the document's changes do not include.
    for (const element of pressed) observer.observe(element.getRootNode(), CHANGES);
  });
  on(globalThis, "click", (event) => {
    const path = pressed;
    const [element] = path;
    pressed = [];
    const same = element && event.detail && event.composedPath().includes(element);
    if (!same || waiting.has(element) || element.matches(FIELDS)) return;
    const at = Date.now();
    const { href } = location;
    const dead = guarded(() => {
      waiting.delete(element);
      if (!waiting.size) observer.disconnect();
      // A link to elsewhere leads to a server that may be slow.
      const link = linkOf(path)?.path[0].getAttribute("href") ?? "#";
      const slow = !event.defaultPrevented && !/^(#|javascript:)/.test(link);
      if (slow || location.href !== href) return;
      capture("$dead_click", { $event_type: "click", ...describe(path) }, { timestamp: at });
    });
    waiting.set(element, setTimeout(dead, PATIENCE_MS));
  });
  return stop;
}
