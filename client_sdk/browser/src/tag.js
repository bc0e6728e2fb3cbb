/**
 * Configuration on the script's tag: `<script type="module" src="/sdk.js" data-key="wk_.." data-modules="clicks,scroll">`.
 * Every setting can stand there under its name, `data-max-events="500"`; what is JSON is read as that, and modules may
 * be plain names.
 */

import { quietly } from "./store.js";

const JSON_LIKE = /^(["[{\d-]|(true|false|null)$)/;

/**
 * @param {Record<string, string | undefined>} dataset of the tag
 * @returns {Record<string, any>}
 */
export function tagConfig(dataset) {
  /** @type {Record<string, any>} */
  const config = {};
  for (const [name, text = ""] of Object.entries(dataset)) {
    config[name] = name === "modules" ? text.split(/[ ,]+/) : text;
    // Not merely tried: a parser that throws takes longer than all the rest.
    if (JSON_LIKE.test(text)) quietly(() => (config[name] = JSON.parse(text)));
  }
  return config;
}
