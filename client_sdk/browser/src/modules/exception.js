/** What is told of an error: bounded, without queries of addresses and what looks like personal data. */

import { scrub } from "./scrub.js";

const MAX_TEXT = 500;
const MAX_STACK = 4_000;
/** Query and fragment of an address; a stack has line and column behind them. */
const QUERY = /(\w:\/\/[^\s?#"'()]+)[?#][^\s:"'()]*/g;

/** @param {unknown} text @param {number} [most] */
const clean = (text, most = MAX_TEXT) =>
  scrub(
    `${text ?? ""}`
      .slice(0, 2 * most)
      .replace(QUERY, "$1"),
  ).slice(0, most) || undefined;

/**
 * @param {unknown} thrown mostly an `Error`, but it may be anything
 * @param {{type: string, message?: string, filename?: string}} event the browser's own
 * @returns {Record<string, unknown>}
 */
export function exceptionOf(thrown, { type, message, filename }) {
  const error = /** @type {{name?: unknown, message?: unknown, stack?: unknown}} */ (Object(thrown));
  return {
    $exception_type: clean(error.name || (type === "error" ? "Error" : "UnhandledRejection")),
    $exception_message: clean(error.message ?? message ?? String(thrown)),
    $exception_stack: clean(error.stack, MAX_STACK),
    $exception_source: clean(filename),
    $exception_cross_origin: (message === "Script error." && !filename) || undefined,
  };
}

/**
 * Whether nobody can do anything about it: a browser's note about layout, or an error of an extension.
 * @param {string} exception as JSON
 */
export const isNoise = (exception) => /"ResizeObserver loop|-extension:\/\//.test(exception);
