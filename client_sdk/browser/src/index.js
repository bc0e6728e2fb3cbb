/**
 * Tidegate in the browser.
 *
 *     import { init, capture } from "/sdk.js";
 *     init("wk_..");
 *     capture("purchase", { value: 12.5, currency: "EUR" });
 *
 * The same functions are on the default export and on `globalThis.tidegate`; tidegate.js says what each does.
 */

import { create, install } from "./tidegate.js";

const tidegate = create(import.meta.url, {
  delivery: () => import("./delivery.js"),
  module: (name) => import(`./modules/${name}.js`),
});

export const {
  init,
  capture,
  page,
  identify,
  alias,
  group,
  register,
  unregister,
  reset,
  flush,
  ledger,
  optIn,
  optOut,
  hasOptedOut,
  on,
  maskUrl,
  shutdown,
} = tidegate;
export { tidegate as default };

// A module has no `document.currentScript`.
install(tidegate, /** @type {HTMLElement | null | undefined} */ (globalThis.document?.querySelector("script[data-key]:is([src*=sdk],[src*=tidegate])")));
