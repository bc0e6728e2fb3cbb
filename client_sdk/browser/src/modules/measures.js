/**
 * The web vitals of a page as its browser tells them, by the definitions of Google's web-vitals package; tests hold
 * them against it.
 *
 * FCP and LCP count only while the page has been in sight all the time. Out of the back/forward cache a page is another
 * view: it is painted with its second frame, and all else begins anew.
 */

import { Interactions } from "./interactions.js";
import { Shifts } from "./shifts.js";
import { guarded } from "./watch.js";

/** @typedef {"CLS" | "FCP" | "INP" | "LCP" | "TTFB"} Vital */

/** Events that last less are no latency that anybody feels. */
const FELT_MS = 40;

/** How the page arrived; undefined where its browser says 0, a negative time or one to come. */
function arrival() {
  const [entry] = /** @type {(PerformanceNavigationTiming & {activationStart?: number})[]} */ (
    performance.getEntriesByType("navigation")
  );
  return entry?.responseStart > 0 && entry.responseStart < performance.now() ? entry : undefined;
}

/** Milliseconds from when the page was navigated to, or shown after it was prerendered. @param {number} time */
const since = (time) => Math.max(0, time - (arrival()?.activationStart ?? 0));

/** Interactions with the page so far, where the browser counts them. @returns {number | undefined} */
const interacted = () => /** @type {any} */ (performance).interactionCount;

/**
 * Measure the present view, and each that comes out of the back/forward cache.
 * @param {ReturnType<typeof import("./watch.js").watch>} watching
 * @param {(name: Vital, value: number | undefined) => void} tell of what is final, or would be if a hidden page never came
 *   back: milliseconds, a score for CLS, undefined where there is none
 * @param {() => void} anew another view begins
 */
export function measure({ on, signal }, tell, anew) {
  const hidden = performance
    .getEntriesByType("visibility-state")
    .find(({ name, startTime }) => name === "hidden" && startTime >= (arrival()?.activationStart ?? 0));
  /** When the page was out of sight for the first time. */
  let unseen = hidden?.startTime ?? (document.hidden ? 0 : Infinity);
  /** Hear at once what observers would tell soon. @type {(() => void)[]} */
  const hearings = [];
  /** @param {string} type @param {(entry: any) => void} heard earlier entries too @param {number} [durationThreshold] */
  const observe = (type, heard, durationThreshold) => {
    if (!PerformanceObserver.supportedEntryTypes.includes(type)) return false;
    const hear = guarded((/** @type {PerformanceEntry[]} */ entries) => entries.forEach(heard));
    const observer = new PerformanceObserver((list) => hear(list.getEntries()));
    observer.observe(/** @type {PerformanceObserverInit} */ ({ type, buffered: true, durationThreshold }));
    hearings.push(() => hear(observer.takeRecords()));
    signal.addEventListener("abort", () => observer.disconnect());
    return true;
  };

  let painted = false;
  const paints = observe("paint", ({ name, startTime }) => {
    if (name !== "first-contentful-paint" || startTime >= unseen) return;
    painted = true;
    tell("FCP", since(startTime));
  });

  /** @type {number | undefined} */
  let largest;
  /** Whether nobody has done anything yet: what is painted after that is no part of loading. */
  let loading = true;
  const loads = observe("largest-contentful-paint", ({ startTime }) => {
    if (loading && startTime < unseen) largest = since(startTime);
  });
  const loaded = () => {
    for (const hear of hearings) hear();
    if (loading) tell("LCP", largest);
    loading = false;
  };
  on(globalThis, "keydown click", ({ isTrusted }) => isTrusted && loading && loaded());

  let shifts = new Shifts();
  const moves = observe("layout-shift", (shift) => shifts.add(shift));

  let interactions = new Interactions();
  /** Interactions of earlier views. */
  let before = 0;
  for (const type of ["event", "first-input"])
    observe(
      type,
      ({ interactionId, duration }) => interactionId && interactions.add(interactionId, duration),
      interacted() === undefined ? 0 : FELT_MS,
    );

  const responded = () => tell("TTFB", arrival() && since(/** @type {any} */ (arrival()).responseStart));
  if (document.readyState === "complete") responded();
  else on(globalThis, "load", responded);

  on(document, "visibilitychange", ({ timeStamp }) => {
    if (!document.hidden) return;
    unseen = Math.min(unseen, timeStamp);
    loaded();
    if (painted && moves) tell("CLS", shifts.worst);
    const count = interacted();
    tell("INP", interactions.typical(count && count - before));
  });
  on(globalThis, "pageshow", ({ persisted, timeStamp }) => {
    if (!persisted) return;
    anew();
    shifts = new Shifts();
    interactions = new Interactions();
    before = interacted() ?? 0;
    if (arrival()) tell("TTFB", 0);
    const frame = () => {
      painted = true;
      const time = performance.now() - timeStamp;
      if (paints) tell("FCP", time);
      if (loads) tell("LCP", time);
      if (moves) tell("CLS", shifts.worst);
    };
    requestAnimationFrame(() => requestAnimationFrame(frame));
  });
}
