/**
 * Web vitals as `$web_vitals`, with a property for each value that is final by then, such as `$web_vitals_LCP_value`
 * (milliseconds; CLS has no unit) and `$web_vitals_LCP_rating`.
 *
 * What is known after loading is told then; CLS and INP when the page is hidden, and again when they have changed since.
 */

import { measure } from "./measures.js";
import { guarded, watch } from "./watch.js";

/** How long a value waits for others. */
const GATHER_MS = 5_000;
/** The greatest good value, and the greatest that is not poor. */
const BOUNDS = { CLS: [0.1, 0.25], FCP: [1_800, 3_000], INP: [200, 500], LCP: [2_500, 4_000], TTFB: [800, 1_800] };

/** @param {import("./watch.js").Tidegate} tidegate */
export function start({ capture }) {
  const watching = watch();
  const { on, signal, stop } = watching;
  /** Values of this view that were taken. @type {Partial<Record<import("./measures.js").Vital, number>>} */
  let known = {};
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
  /** @param {import("./measures.js").Vital} name @param {number | undefined} value */
  const take = (name, value) => {
    if (value === undefined || value === known[name] || signal.aborted) return;
    known[name] = value;
    const [good, fair] = BOUNDS[name];
    const rating = value > fair ? "poor" : value > good ? "needs-improvement" : "good";
    const prefix = `$web_vitals_${name}_`;
    gathered = { ...gathered, [`${prefix}value`]: Math.round(value * 1_000) / 1_000, [`${prefix}rating`]: rating };
    timer ??= setTimeout(tell, GATHER_MS);
  };
  const begin = () => {
    measure(watching, take, () => (known = {}));
    on(document, "visibilitychange", () => document.hidden && tell()); // last, and so after what measures
  };

  // A page that is prerendered is not there yet.
  if (/** @type {any} */ (document).prerendering) on(document, "prerenderingchange", begin, { once: true });
  else begin();
  signal.addEventListener("abort", tell);
  return stop;
}
