/**
 * `object[name]` as a whole number of at least 0, else `otherwise`: what is stored or heard may be anything.
 * @param {any} object
 * @param {string} name
 * @param {number} [otherwise]
 * @returns {number}
 */
export function count(object, name, otherwise = 0) {
  const value = object?.[name];
  return Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
}
