/** Elements as far as a selector looks at them: a name, attributes, and where they are. */

/**
 * @param {string} localName
 * @param {Record<string, string>} [attributes]
 * @param {any[]} [children]
 */
export function element(localName, attributes = {}, children = []) {
  const made = {
    localName,
    getAttribute: (/** @type {string} */ name) => attributes[name] ?? null,
    /** Only `:only-of-type` is asked for. */
    matches: () => kin(made) === 1,
    parentElement: /** @type {any} */ (null),
    previousElementSibling: /** @type {any} */ (null),
    nextElementSibling: /** @type {any} */ (null),
  };
  children.forEach((child, i) => {
    child.parentElement = made;
    child.previousElementSibling = children[i - 1] ?? null;
    child.nextElementSibling = children[i + 1] ?? null;
  });
  return made;
}

/** How many of its kind there are beside an element, it included. @param {any} element */
function kin(element) {
  let count = 1;
  for (const direction of ["previousElementSibling", "nextElementSibling"]) {
    for (let sibling = element[direction]; sibling; sibling = sibling[direction]) {
      count += Number(sibling.localName === element.localName);
    }
  }
  return count;
}

/** An element, its parent, and so on. @param {any} from @returns {any[]} */
export const upwards = (from) => (from ? [from, ...upwards(from.parentElement)] : []);
