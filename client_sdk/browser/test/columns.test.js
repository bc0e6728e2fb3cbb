import assert from "node:assert/strict";
import { test } from "node:test";

import { columns } from "../src/columns.js";
import { vectors } from "./vectors.js";

/** The rows that columns stand for, the slow and obvious way. */
export function rowsOf({ n, t0, dt, properties, ...rest }) {
  const rows = Array.from({ length: n }, (_, i) => ({ timestamp: dt[i] + t0, properties: new Map() }));
  const give = (column, put) =>
    rows.forEach((row, i) => {
      const value = Array.isArray(column) ? column[i] : column.i[i] < 0 ? null : column.d[column.i[i]];
      if (value !== null) put(row, value);
    });
  for (const name of ["event", "uuid", "distinct_id", "session_id", "window_id"])
    if (rest[name]) give(rest[name], (row, value) => (row[name] = value));
  for (const name of Object.keys(properties))
    give(properties[name], ({ properties: own }, value) => own.set(name, value));
  return rows.map((row) => ({ ...row, properties: Object.fromEntries(row.properties) }));
}

const texts = (...events) => events.map((event) => ({ text: JSON.stringify(event) }));
const frame = (...events) => JSON.parse(columns(7, 100, 2, texts(...events)));

test("the golden frame comes out to the byte, but for the event without a time, which the SDK has not", () => {
  const golden = vectors("client").find(({ name }) => name === "columns");
  const events = rowsOf(golden.message);
  const { seq, sent_at, backlog } = golden.message;
  const timed = { ...golden.message, dt: [0, 425, 425] };
  events[2].timestamp = events[1].timestamp;
  assert.equal(columns(seq, sent_at, backlog, texts(...events)), JSON.stringify(timed));
});

test("texts that come again are said once, all else is listed, and what nobody says is no column", () => {
  assert.deepEqual(
    frame(
      { event: "a", uuid: "u", timestamp: 5, properties: { x: "p", y: "q", z: 1, deep: { a: [1] }, gone: null } },
      { event: "a", uuid: "v", timestamp: 4, session_id: "s", properties: { x: "p", y: "r", z: "1" } },
      { event: "b", uuid: "w", timestamp: 7 },
    ),
    {
      type: "columns",
      seq: 7,
      sent_at: 100,
      backlog: 2,
      n: 3,
      t0: 5,
      dt: [0, -1, 2],
      event: { d: ["a", "b"], i: [0, 0, 1] },
      uuid: ["u", "v", "w"],
      session_id: [null, "s", null],
      properties: { x: { d: ["p"], i: [0, 0, -1] }, y: ["q", "r", null], z: [1, "1", null], deep: [{ a: [1] }, null, null] },
    },
  );
});

test("properties may be named as what every object has", () => {
  const odd = JSON.parse('{"__proto__":"x","constructor":"y","toString":"z","1":"n"}');
  const given = [
    { event: "a", uuid: "u", timestamp: 1, properties: odd },
    { event: "b", uuid: "v", timestamp: 2, properties: {} },
    { event: "c", uuid: "w", timestamp: 3, properties: odd },
  ];
  const text = columns(1, 1, 0, texts(...given));
  assert.match(text, /"__proto__":\{"d":\["x"\],"i":\[0,-1,0\]\}/);
  const back = rowsOf(JSON.parse(text));
  assert.deepEqual(back.map(({ properties }) => Object.entries(properties).sort()), [
    Object.entries(odd).sort(),
    [],
    Object.entries(odd).sort(),
  ]);
});
