/**
 * What may be told about an element. The values of fields are never read, and no text comes from where somebody writes
 * or from what the page has marked: `[data-tidegate-mask]` keeps its text to itself, `[data-tidegate-ignore]` is passed
 * over altogether.
 */

import { scrub } from "./scrub.js";
import { selectorOf } from "./selector.js";

const IGNORED = "[data-tidegate-ignore]";
const FIELDS = "input,textarea,select,option,";
const SILENT = `${FIELDS}[contenteditable]:not([contenteditable=false]),[data-tidegate-mask]`;
const UNSPOKEN = `${IGNORED},${SILENT},script,style,noscript`;
const CLICKABLE =
  `${FIELDS}a[href],area[href],button,summary,[onclick]:not(body),[data-tidegate-event],[role^=menuitem]` +
  "button link tab checkbox radio switch option".replace(/\w+ ?/g, ",[role=$&]");

/** Characters of a text. */
const MAX_TEXT = 255;
/** Nodes that are visited for it. */
const MAX_NODES = 100;

/**
 * The elements that an event went through, innermost first, out of open shadow roots too. Empty where the event is not
 * to be looked at: it is a script's and no person's, the page has it ignored, or it is the click on a label, which the
 * browser repeats on what is labelled.
 * @param {Event} event
 */
export function pathOf(event) {
  const path = /** @type {Element[]} */ (event.composedPath().filter((node) => node instanceof Element));
  const pressed = path.find((element) => element.matches(`${CLICKABLE},label`));
  const echoed = pressed?.localName === "label" && /** @type {HTMLLabelElement} */ (pressed).control;
  return !event.isTrusted || echoed || path.some((element) => element.matches(IGNORED)) ? [] : path;
}

/** Whether what is written here stays here. @param {Element[]} path */
export const isSilent = (path) => path.some((element) => element.matches(SILENT));

/**
 * The path from the innermost element that one can click: by what it is, else by the cursor that is shown for it. Empty
 * where there is none.
 * @param {Element[]} path
 */
export function clickable(path) {
  let from = path.findIndex((element) => element.matches(CLICKABLE));
  // The cursor is inherited: the outermost element that has it is the one that asked for it.
  if (from < 0) from = path.findIndex((element) => getComputedStyle(element).cursor !== "pointer") - 1;
  return from < 0 || path[from].localName === "body" ? [] : path.slice(from);
}

/**
 * The text that is shown for an element, else the one that is read out for it; bounded.
 * @param {Element[]} path the element and what it is in
 */
function textOf(path) {
  const [element] = path;
  if (isSilent(path)) return "";
  // Elements and texts; 2 rejects an element with all that is in it.
  const walker = document.createTreeWalker(element, 5, (node) =>
    node instanceof Element && node.matches(UNSPOKEN) ? 2 : 1,
  );
  let text = "";
  for (let left = MAX_NODES; left-- && text.length < MAX_TEXT && walker.nextNode(); )
    text += ` ${walker.currentNode.nodeValue?.slice(0, 2 * MAX_TEXT) ?? ""}`;
  const label = element.querySelector(SILENT) ? "" : element.getAttribute("aria-label");
  return scrub(text.replace(/\s+/g, " ").trim() || label || "").slice(0, MAX_TEXT);
}

/**
 * An element as properties of an event.
 * @param {Element[]} path the element and what it is in
 */
export const describe = (path) => ({
  $el_tag: path[0].localName,
  $el_selector: selectorOf(path),
  $el_text: textOf(path) || undefined,
});
