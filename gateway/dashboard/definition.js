// What a tile is: its definition, where its numbers come from, how fresh they are, and the numbers themselves.

import { download } from "./download.js";
import { element, write } from "./element.js";
import { age, bound, clockTime, dayTime, dimension, exact } from "./format.js";
import { rowsName, rowsOf } from "./rowsfile.js";
import { openSheet } from "./sheet.js";

/** Rows of the table: as many as one reads. */
const ROWS = 60;
const DAY_MS = 86_400_000;

/**
 * Open the sheet of a tile.
 * @param {import("./tile.js").Tile} tile
 * @param {number} now the server's epoch ms
 * @param {import("./api.js").Api} api
 */
export function showDefinition(tile, now, api) {
  const { meta, title, notes } = tile.showing;
  const content = [
    ...(meta.description ? [element("p", String(meta.description))] : []),
    element("h3", "Definition"),
    element("pre", [element("code", sqlOf(meta))], { tabindex: "0" }),
    facts([
      ["Window", meta.window],
      ["Events are waited for", meta.delay],
      ["Corrections are taken for", meta.grace],
      ["Unit", meta.unit],
      ["Better is", meta.good],
      ["Owner", meta.owner],
      ["Name", meta.name],
    ]),
    element("h3", "Where it comes from"),
    facts(lineageOf(meta)),
    element("h3", "How far to trust it"),
    facts(trustOf(tile, now)),
    ...(notes.length ? [element("h3", "Annotations"), facts(notes.map(({ at, text }) => [dayTime(at, false), text]))] : []),
    element("h3", "Numbers"),
    fileOf(tile, api),
    dataTable(tile.rows.view, title),
  ];
  return openSheet(title, content, { wide: true });
}

/** All rows of the range that is shown: the table has the newest. */
function fileOf(tile, api) {
  const button = element("button.quiet", "Download as CSV", { type: "button" });
  const said = element("span", "", { role: "status" });
  let busy = false;
  button.addEventListener("click", async () => {
    if (busy) return;
    busy = true;
    const { wanted } = tile;
    write(said, "Asking the server…");
    try {
      const { parts, rows, whole } = await rowsOf(api, wanted);
      download(parts, "text/csv", rowsName(wanted.kpi, new Date()));
      write(said, `${exact(rows)} row${rows === 1 ? "" : "s"} in the file${whole ? "" : "; there are more than it holds"}`);
    } catch (error) {
      write(said, `Not downloaded: ${error.message}`);
    }
    busy = false;
  });
  return element("p.acts", [button, said]);
}

function sqlOf({ value, where, by }) {
  const lines = [`SELECT ${value}`];
  if (where) lines.push(`WHERE ${where}`);
  if (Array.isArray(by) && by.length) lines.push(`GROUP BY ${by.map((name) => `"${name}"`).join(", ")}`);
  return lines.join("\n");
}

function facts(pairs) {
  const rows = pairs.filter(([, said]) => said !== "" && said !== null && said !== undefined);
  return element("dl.pairs", rows.map(([name, said]) => element("div", [element("dt", String(name)), element("dd", String(said))])));
}

const listed = (names, none) => (Array.isArray(names) && names.length ? names.join(", ") : none);

function lineageOf({ lineage, measures }) {
  if (!lineage) return [["Lineage", "not told by this server"]];
  return [
    ["Events", lineage.events === null ? "any event" : listed(lineage.events, "none can count")],
    ["Properties", listed(lineage.properties, "none")],
    ["Fields", listed(lineage.fields, "none")],
    ["Measures", listed(measures, "")],
  ];
}

function trustOf(tile, now) {
  const { meta, missing } = tile.showing;
  const { p50, p95 } = tile.delays;
  const { reading, watermark } = tile;
  return [
    ["Newest event", reading?.head == null ? "none yet" : `${age(now - reading.head)} ago`],
    ["From event to screen", p95 === null ? "not measured yet" : `p50 ${age(p50)}, p95 ${age(p95)}`],
    ["Target", meta.freshness],
    ["Complete up to", watermark === null ? "no event yet" : `${clockTime(watermark)}, ${age(now - watermark)} ago`],
    ["Error", Number.isFinite(reading?.error) && reading.error > 0 ? bound(reading.error) : meta.error ? `exact now; ${bound(meta.error)} once approximate` : "exact"],
    ["Filter", missing.length ? `does not hold here: no ${missing.join(", ")}` : ""],
    ["State", meta.filling ? "the event log is being read for it" : ""],
  ];
}

/** The newest rows, newest first: what the picture shows, for those who cannot see it and for copying. */
function dataTable({ frames }, title) {
  const names = ["Window", "Group", "Value", "Kind", "Error"];
  const rows = [];
  for (let i = frames.length - 1; i >= 0 && rows.length < ROWS; i--) {
    for (const row of frames[i].rows.values()) if (rows.length < ROWS) rows.push(row);
  }
  const lines = rows.map(({ dims, start, end, value, kind, rev, error }) => element("tr", [
    element("th", end - start < DAY_MS ? `${clockTime(start)}–${clockTime(end)}` : dayTime(start, true), { scope: "row" }),
    element("td", Object.values(dims).map(dimension).join(" · ")),
    element("td", typeof value === "number" || value === null ? exact(value) || "–" : JSON.stringify(value)),
    element("td", kind === "correction" ? `corrected ×${rev}` : kind),
    element("td", Number.isFinite(error) && error > 0 ? bound(error) : ""),
  ]));
  const head = element("tr", names.map((name) => element("th", name, { scope: "col" })));
  const table = element("table.data", [element("caption.hidden", `The newest rows of ${title}`), element("thead", [head]), element("tbody", lines)]);
  return element("div.scroll", [table], { tabindex: "0", role: "region", "aria-label": "Rows" });
}
