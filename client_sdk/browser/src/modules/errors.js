/** `$exception`: JavaScript errors and rejections that nobody has caught. */

import { Buckets } from "./buckets.js";
import { exceptionOf, isNoise } from "./exception.js";
import { guarded, watch } from "./watch.js";

/** How long repetitions are counted before they are told. */
const PERIOD_MS = 10_000;
/** Characters of type, message and stack by which errors of one kind are known. */
const KIND = 300;

/** @param {import("./watch.js").Tidegate} tidegate */
export function start({ capture }) {
  const { on, signal, stop } = watch();
  const buckets = new Buckets();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let telling = false;

  /** @param {unknown} thrown @param {any} event */
  const take = (thrown, event) => {
    if (telling) return; // what telling an error brings about is not told
    telling = true;
    try {
      const exception = exceptionOf(thrown, event);
      const text = JSON.stringify(exception);
      if (isNoise(text)) return;
      const first = buckets.take(text.slice(0, KIND), exception);
      if (first) capture("$exception", first);
      timer ??= setTimeout(flush, PERIOD_MS);
    } finally {
      telling = false;
    }
  };
  const flush = guarded(() => {
    clearTimeout(timer);
    timer = undefined;
    for (const repeated of buckets.flush()) capture("$exception", repeated);
  });

  // An element that could not be loaded says so with an event of this name too, at itself.
  on(globalThis, "error", (event) => event.target === globalThis && take(event.error, event));
  on(globalThis, "unhandledrejection", (event) => take(event.reason, event));
  on(globalThis, "pagehide", flush);
  signal.addEventListener("abort", flush);
  return stop;
}
