/**
 * Configuration on the script's tag: `<script type="module" src="/sdk.js" data-key="wk_.." data-modules="clicks,scroll">`.
 * Every setting can stand there under its name, `data-max-events="500"`; what is JSON is read as that, lists may be plain
 * names, and an attribute without a value is `true`.
 */

import { quietly } from "./store.js";

/** The settings that are lists, by how their names begin. */
const LISTS = /^(mo|q|pr|re)/;

/**
 * @param {DOMStringMap} dataset of the tag
 * @returns {Record<string, any>}
 */
export function tagConfig(dataset) {
  /** @type {Record<string, any>} */
  const config = {};
  for (const [name, text] of /** @type {[string, string][]} */ (Object.entries(dataset)))
    config[name] = quietly(() => JSON.parse(text)) ?? (LISTS.test(name) ? text.split(/[ ,]+/) : text || true);
  return config;
}
