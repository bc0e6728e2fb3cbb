// DOM elements from a tag, its class and its text. Text is always a text node: nothing from the wire becomes markup.

/**
 * @param {string} tag `name` or `name.class.class`
 * @param {string|Node[]} [content]
 * @param {Record<string, string>} [attributes]
 * @returns {HTMLElement}
 */
export function element(tag, content = [], attributes = {}) {
  const [name, ...classes] = tag.split(".");
  const made = document.createElement(name);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (typeof content === "string") made.textContent = content;
  else made.append(...content);
  return made;
}

/**
 * Set a text only when it differs: most texts of a tile stay the same from frame to frame.
 * @param {Element} target @param {string} text
 */
export function write(target, text) {
  if (target.firstChild?.nodeValue !== text) target.textContent = text;
}

/**
 * Set an attribute only when it differs; null removes it.
 * @param {Element} target @param {string} name @param {string|null} value
 */
export function mark(target, name, value) {
  if (target.getAttribute(name) === value) return;
  if (value === null) target.removeAttribute(name);
  else target.setAttribute(name, value);
}

/**
 * The length of the bar behind a text: its background, since elements of their own, clipped and scaled, were most of what
 * the browser did with a board.
 * @param {HTMLElement} target @param {number} share 0 to 1
 */
export function stretch(target, share) {
  const length = `${(share * 100).toFixed(1)}% 100%`;
  if (target.style.backgroundSize !== length) target.style.backgroundSize = length;
}
