// Filters on dimensions: which of them a KPI can take, and how the query API writes them. Pure.

/** @typedef {Record<string, import("./wire.js").Dim>} Where */

/**
 * A board's filter as it concerns one KPI.
 * @param {Where} where
 * @param {string[]} by the KPI's dimensions
 * @returns {{where: Where, missing: string[]}} `missing`: dimensions that the KPI does not have, so it is not filtered by them
 */
export function narrowed(where, by) {
  const names = Object.keys(where);
  return {
    where: Object.fromEntries(names.filter((name) => by.includes(name)).map((name) => [name, where[name]])),
    missing: names.filter((name) => !by.includes(name)),
  };
}

/**
 * The condition in SQL, for `?where=`.
 * @param {Where} where
 * @returns {string} empty without a filter
 */
export function conditionOf(where) {
  return Object.entries(where).map(([name, value]) => `"${name.replaceAll('"', '""')}" ${test(value)}`).join(" AND ");
}

function test(value) {
  if (value === null) return "IS NULL";
  if (typeof value === "string") return `= '${value.replaceAll("'", "''")}'`;
  return `= ${typeof value === "boolean" ? String(value).toUpperCase() : value}`;
}

/** Values of dimensions that were seen, for the choice of a filter: so many each, the first ones. */
const MOST_VALUES = 300;

export class Values {
  /** @type {Map<string, Map<string, import("./wire.js").Dim>>} */
  #byName = new Map();

  /** @param {Record<string, import("./wire.js").Dim>} dims of a row */
  see(dims) {
    for (const name in dims) {
      let known = this.#byName.get(name);
      if (!known) this.#byName.set(name, (known = new Map()));
      const value = dims[name];
      if (value === "__other__" || known.size >= MOST_VALUES) continue;
      known.set(JSON.stringify(value), value);
    }
  }

  /** @param {string} name @returns {import("./wire.js").Dim[]} in the order of their texts */
  of(name) {
    return [...(this.#byName.get(name)?.values() ?? [])].sort((a, b) => (String(a) < String(b) ? -1 : 1));
  }
}
