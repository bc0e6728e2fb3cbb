/** A batch as columns: a third of the bytes of its rows, or less. */

/** The columns beside times and properties, in the order of the golden frame. */
const FIXED = ["event", "uuid", "distinct_id", "session_id", "window_id"];

/**
 * The same as `batch`, for servers that read it.
 * @param {number} seq
 * @param {number} sentAt epoch milliseconds
 * @param {number} backlog batches waiting behind this one
 * @param {import("./messages.js").Text[]} batch
 */
export function columns(seq, sentAt, backlog, batch) {
  const events = batch.map(({ text }) => JSON.parse(text));
  const own = events.map((event) => event.properties ?? {});
  const [{ timestamp: t0 }] = events;
  const dt = events.map((event) => event.timestamp - t0);
  const head = { type: "columns", seq, sent_at: sentAt, backlog, n: events.length, t0, dt };
  return JSON.stringify({ ...head, ...table(FIXED, events), properties: table(new Set(own.flatMap(Object.keys)), own) });
}

/**
 * A column for each name that some row has: texts of which one comes again are said once.
 * @param {Iterable<string>} names
 * @param {any[]} rows
 */
function table(names, rows) {
  /** @type {[string, unknown][]} */
  const found = [];
  for (const name of names) {
    const values = rows.map((row) => (Object.hasOwn(row, name) ? row[name] : null));
    const said = values.filter((value) => value !== null);
    const d = [...new Set(said)];
    const repeats = d.length < said.length && typeof d[0] === "string";
    if (d.length) found.push([name, repeats ? { d, i: values.map((value) => d.indexOf(value)) } : values]);
  }
  return Object.fromEntries(found);
}
