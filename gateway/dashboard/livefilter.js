// What the live page asks for: between the fields of its form, the query of its address, and a `match`. Pure.

/** The rates that can be chosen, events a second; the first is the default. */
export const RATES = ["50", "10", "200"];

/**
 * @typedef {object} Fields
 * @property {string} event
 * @property {string} distinct_id
 * @property {string} verdict empty: any
 * @property {string} where `name=value name="a b" n=7`
 * @property {string} rate
 */

/** @param {URLSearchParams} query @returns {Fields} */
export function fieldsOf(query) {
  const text = (name) => (query.get(name) ?? "").slice(0, 2_000);
  return {
    event: text("event"),
    distinct_id: text("distinct_id"),
    verdict: ["accepted", "warn", "duplicate", "drop"].includes(text("verdict")) ? text("verdict") : "",
    where: text("where"),
    rate: RATES.includes(text("rate")) ? text("rate") : RATES[0],
  };
}

/** @param {Fields} fields @returns {Record<string, string>} without what is not asked for */
export function queryOf(fields) {
  const kept = Object.entries(fields).filter(([name, value]) => value.trim() !== "" && !(name === "rate" && value === RATES[0]));
  return Object.fromEntries(kept.map(([name, value]) => [name, value.trim()]));
}

/**
 * @param {Fields} fields
 * @returns {{match: Record<string, any>, rate: number}|{wrong: string}} `wrong`: which words are no condition
 */
export function wishOf(fields) {
  const match = {};
  for (const name of ["event", "distinct_id", "verdict"]) {
    const value = fields[name].trim();
    if ([...value].length > 200) return { wrong: `${name}: at most 200 characters` };
    if (value) match[name] = value;
  }
  const terms = termsOf(fields.where);
  if (terms.wrong) return { wrong: `“${terms.wrong}” is not name=value` };
  if (terms.found.length > 16) return { wrong: "at most 16 properties" };
  if (terms.found.length) match.properties = Object.fromEntries(terms.found);
  return { match, rate: Number(fields.rate) };
}

/** One condition, as it is written in the field. @param {string} name @param {unknown} value */
export function termOf(name, value) {
  const bare = (text) => (/^[^\s"=]+$/.test(text) ? text : JSON.stringify(text));
  // A text that would be read as a number or a truth needs its quotes.
  const text = typeof value === "string" ? (scalar(value) === value ? bare(value) : JSON.stringify(value)) : JSON.stringify(value ?? null);
  return `${bare(name)}=${text}`;
}

const TERM = /\s*(?:("(?:[^"\\]|\\.)*"|[^\s"=]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?=\s|$)|(\S+))/gy;

function termsOf(text) {
  const found = [];
  for (const [, name, value, rest] of text.trim() ? text.trim().matchAll(TERM) : []) {
    if (rest !== undefined) return { wrong: rest };
    const key = name.startsWith('"') ? scalar(name) : name;
    found.push([key, scalar(value)]);
  }
  return { found };
}

/** A JSON scalar is that, anything else a text. */
function scalar(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? text : value;
  } catch {
    return text;
  }
}
