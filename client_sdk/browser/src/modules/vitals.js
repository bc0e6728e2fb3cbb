/**
 * Google's web vitals as `$web_vitals`, with a property for each value that is final by then, such as
 * `$web_vitals_LCP_value` (milliseconds; CLS has no unit) and `$web_vitals_LCP_rating`.
 *
 * What is known after loading is told then; CLS and INP when the page is hidden, and again when they have grown since.
 */

import { onCLS, onFCP, onINP, onLCP, onTTFB } from "web-vitals";

import { guarded, watch } from "./watch.js";

/** How long a value waits for others. */
const GATHER_MS = 5_000;

/** @param {import("./watch.js").Tidegate} tidegate */
export function start({ capture }) {
  const { on, signal, stop } = watch();
  /** @type {Record<string, unknown> | undefined} */
  let gathered;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const tell = guarded(() => {
    clearTimeout(timer);
    timer = undefined;
    const properties = gathered;
    gathered = undefined;
    if (properties) capture("$web_vitals", properties);
  });
  /** @param {import("web-vitals").Metric} metric */
  const take = ({ name, value, rating }) => {
    if (signal.aborted) return; // the package itself cannot be stopped
    const prefix = `$web_vitals_${name}_`;
    gathered = { ...gathered, [`${prefix}value`]: Math.round(value * 1_000) / 1_000, [`${prefix}rating`]: rating };
    timer ??= setTimeout(tell, GATHER_MS);
  };
  for (const measure of [onCLS, onFCP, onINP, onLCP, onTTFB]) measure(take);
  // At the document: the package listens at the window, before us; the SDK sends after us. A page that is left is hidden
  // last of all.
  on(document, "visibilitychange", () => document.hidden && tell());
  signal.addEventListener("abort", tell);
  return stop;
}
