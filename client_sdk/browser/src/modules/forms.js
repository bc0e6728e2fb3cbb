/**
 * `$form_submit`, and `$form_abandon` for a form that somebody began to fill in and left. What is told of a form are its
 * own attributes and how many fields it has; never what is in them.
 */

import { pathOf } from "./element.js";
import { addressOf } from "./link.js";
import { place, secondsSince } from "./view.js";
import { watch } from "./watch.js";

/** Forms under way that are remembered. */
const MAX_FORMS = 20;
const MAX_NAME = 100;
const FIELDS = "input:not([type=hidden],[type=submit],[type=button],[type=reset],[type=image]),select,textarea";

/** @typedef {{fields: Set<Element>, last: Element, since: number, where: Record<string, unknown>}} Begun */

/** @param {import("./watch.js").Tidegate} tidegate */
export function start(tidegate) {
  const { on, stop } = watch();
  /** @type {Map<Element, Begun>} */
  const begun = new Map();
  const attributesOf = (/** @type {Element} */ form) => {
    const action = form.getAttribute("action") ?? "";
    const { baseURI } = document;
    return {
      $form_id: named(form, "id"),
      $form_name: named(form, "name"),
      $form_action: URL.canParse(action, baseURI) ? addressOf(tidegate, new URL(action, baseURI)) : undefined,
      $form_fields: form.querySelectorAll(FIELDS).length,
    };
  };

  on(globalThis, "submit", (event) => {
    const [form] = pathOf(event);
    if (!form) return;
    begun.delete(form);
    tidegate.capture("$form_submit", attributesOf(form));
  });
  on(globalThis, "input change", (event) => {
    const [last] = /** @type {HTMLInputElement[]} */ (pathOf(event));
    const form = last?.form;
    if (!form) return;
    if (begun.size < MAX_FORMS && !begun.has(form))
      begun.set(form, { fields: new Set(), last, since: performance.now(), where: place(tidegate) });
    const one = begun.get(form);
    one?.fields.add((one.last = last));
  });
  on(globalThis, "pagehide", () => {
    for (const [form, { fields, last, since, where }] of begun) {
      tidegate.capture("$form_abandon", {
        ...where,
        ...attributesOf(form),
        $form_touched: fields.size,
        $form_last_field: named(last, "name"),
        $form_duration: secondsSince(since),
      });
    }
    begun.clear();
  });
  return stop;
}

/**
 * By its attribute: as a property of a form each name may be that of a field in it.
 * @param {Element} element
 * @param {string} name
 */
const named = (element, name) => element.getAttribute(name)?.slice(0, MAX_NAME);
