// One event as a line that opens: what came, what was made of it, what became of it. All text is text nodes.

import { element } from "./element.js";
import { aside, clockTime, telling } from "./format.js";
import { routeTo } from "./route.js";

const VERDICTS = { accepted: "accepted", warn: "warned", duplicate: "duplicate", drop: "rejected" };
/** Properties on the closed line; the rest is one click away. */
const PREVIEW = 6;

/**
 * @param {import("./livelog.js").Entry} entry
 * @param {(name: string, value: unknown) => string} narrowed the address of the page narrowed to this value
 * @returns {HTMLElement} a list item
 */
export function liveRow(entry, narrowed) {
  if (entry.kind === "hole") {
    return element("li.hole", "Events are missing here: the connection was away for too long, or the server restarted.", { "data-id": String(entry.id) });
  }
  const { event } = entry;
  const line = element("summary", [
    element("time", `${clockTime(event.received)}.${String(event.received % 1_000).padStart(3, "0")}`),
    element("span.verdict", VERDICTS[event.verdict] ?? text(event.verdict)),
    element("b.what", event.event === null ? "(no event)" : text(event.event)),
    element("span.who", event.distinct_id === null ? "" : text(event.distinct_id)),
    element("span.with", preview(event)),
    element("span.fed", event.kpis.length ? `${event.kpis.length} KPI${event.kpis.length > 1 ? "s" : ""}` : ""),
  ]);
  const details = element("details", [line]);
  // The rest is made when someone looks: most lines are never opened.
  details.addEventListener("toggle", () => details.children.length > 1 || details.append(inside(event, narrowed)));
  return element("li.event", [details], { "data-id": String(entry.id), "data-verdict": String(event.verdict) });
}

/** Where a property comes from, when the event did not say it itself. */
function source({ inherited, enriched }, name) {
  if (inherited.includes(name)) return [element("span.tag", "from the connection")];
  return enriched.includes(name) ? [element("span.tag", "found by the gateway")] : [];
}

function preview(event) {
  if (event.reason) return `${event.reason} – ${event.hint}`;
  // What the page says of itself comes last: the product's own properties tell events apart.
  const rank = (name) => (event.inherited.includes(name) || event.enriched.includes(name) || name.startsWith("$lib") ? 2 : Number(name.startsWith("$")));
  const names = Object.keys(event.properties).toSorted((a, b) => rank(a) - rank(b));
  const shown = names.slice(0, PREVIEW).map((name) => `${aside(name)} ${aside(valueText(event.properties[name]))}`);
  return shown.join(" · ") + (names.length > PREVIEW ? " · …" : "");
}

function inside(event, narrowed) {
  const parts = [];
  if (event.reason) parts.push(element("p.hint", [element("b", event.reason), ` ${event.hint}`]));
  const narrow = (name, value) => (value === null ? [] : [element("a.narrow", "only this", { href: narrowed(name, value), "aria-label": `Only events with this ${name.replace(/^where:/, "")}` })]);
  parts.push(
    section("Event", [
      ["name", event.event, narrow("event", event.event)],
      ["person", event.distinct_id, narrow("distinct_id", event.distinct_id)],
      ["session", event.session_id],
      ["window", event.window_id],
      ["uuid", event.uuid],
      ["batch", `#${event.seq}, event ${event.nth}, by ${event.via}`],
      ["producer", event.producer || "(a post without one)"],
    ]),
    section("Time", [
      ["received", stamp(event.received)],
      ["event time", event.time === null ? "(none: rejected)" : stamp(event.time)],
      ["as sent", typeof event.said === "number" ? `${stamp(event.said)} (${event.said})` : event.said],
      ["sender's clock", event.skew === 0 ? "no difference known" : `${Math.abs(event.skew)} ms ${event.skew > 0 ? "ahead" : "behind"}`],
      ["on the way", event.time === null ? null : `${event.received - event.time} ms`],
    ]),
  );
  const names = Object.keys(event.properties);
  const rows = names.map((name) => [
    name,
    valueText(event.properties[name]),
    [...source(event, name), ...narrow(`where:${name}`, event.properties[name])],
  ]);
  parts.push(section(event.cut ? "Properties (cut)" : "Properties", rows, "No properties"));
  parts.push(
    element("section", [
      element("h2", "Counts in"),
      event.kpis.length
        ? element("p.kpis", event.kpis.map((name) => element("a.tag", text(name), { href: routeTo("board") })))
        : element("p.none", event.verdict === "accepted" || event.verdict === "warn" ? "No KPI takes it." : "It counts nowhere."),
    ]),
  );
  if ("raw" in event) parts.push(element("section", [element("h2", "Text as it came"), element("pre", event.raw ?? "(withheld: it may hold redacted values)")]));
  return element("div.inside", parts);
}

function section(title, rows, none = "") {
  const shown = rows.filter(([, value]) => value !== null && value !== undefined);
  if (!shown.length) return element("section", [element("h2", title), element("p.none", none)]);
  const cells = shown.flatMap(([name, value, extra = []]) => [element("dt", name), element("dd", [element("span", text(value)), ...extra])]);
  return element("section", [element("h2", title), element("dl", cells)]);
}

const stamp = (ms) => {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString().replace("T", " ");
};

const text = (value) => (typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value));
/** A property's value: what its sender takes for a number and sent as a text is seen to be one. */
const valueText = (value) => (typeof value === "string" ? telling(value) : text(value));
