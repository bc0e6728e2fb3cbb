/**
 * A short name for an element that is the same tomorrow: after a new build and for another visitor, as far as the page
 * gives anything to hold on to.
 *
 * It goes from the element upwards, innermost last, to the first that has a name of its own (`data-attr`, `data-testid`
 * or `id`):
 *
 *     #checkout > form > button[role="switch"].primary
 *     my-card >>> ul > li:nth-of-type(2)        out of a shadow root
 */

/** Steps at most: what is further up says little and moves more often. */
const DEPTH = 5;
const NAMES = ["data-attr", "data-testid"];
const LONGEST = 40;
/** Siblings that are looked at for a position, which is left out behind so many: more would take time. */
const SIBLINGS = 100;

/** Made by a framework, or telling a state. */
const PASSING =
  /^(css|sc|jss|jsx|svelte|ng|ember|radix|is|has|js)[-\d]|(^|-)(active|open|selected|current|focus|hover|disabled|show|hidden)$/;
/** Numbers of records, and letters that make no word: `3fH2`, `dVaJ`, `xkcdq`. */
const MADE_UP = /\d{3}|\d[a-zA-Z]|[a-z][A-Z][a-z]?[A-Z]|(^|[-_])[^aeiouyAEIOUY\d_-]{5,}($|[-_])/;

/** Whether a class, an id or a role is a word that somebody chose. @param {string | null} name */
export const isStable = (name) =>
  !!name && name.length <= LONGEST && /^[a-zA-Z][\w-]+$/.test(name) && !PASSING.test(name) && !MADE_UP.test(name);

/** @param {Element[]} path the element, its parent and so on; a host follows what is in its shadow root */
export function selectorOf(path) {
  let selector = "";
  /** @type {Element | undefined} */
  let below;
  for (const element of path.slice(0, DEPTH)) {
    const anchor = anchorOf(element);
    const border = below?.parentElement === element ? " > " : " >>> ";
    selector = (anchor || stepOf(element)) + (below ? border + selector : "");
    if (anchor) break;
    below = element;
  }
  return selector;
}

/** @param {Element} element */
function anchorOf(element) {
  for (const name of NAMES) {
    const value = element.getAttribute(name);
    if (value && value.length <= LONGEST) return `[${name}=${JSON.stringify(value)}]`;
  }
  const id = element.getAttribute("id");
  return isStable(id) ? `#${id}` : "";
}

/** @param {Element} element */
function stepOf(element) {
  const role = element.getAttribute("role");
  const classes = (element.getAttribute("class") ?? "").split(/\s+/).filter(isStable).slice(0, 2);
  const name = element.localName + (isStable(role) ? `[role="${role}"]` : "");
  return classes.length ? [name, ...classes].join(".") : name + positionOf(element);
}

/**
 * Which of its kind, where there are several. Not by the parent's `children`: in a form that may be the name of a field.
 * @param {Element} element
 */
function positionOf(element) {
  if (element.matches(":only-of-type")) return "";
  let place = 1;
  let before = element.previousElementSibling;
  for (let left = SIBLINGS; left-- && before; before = before.previousElementSibling)
    if (before.localName === element.localName) place += 1;
  return before ? "" : `:nth-of-type(${place})`;
}
