// One tile of a board: number, change, parts by its view, and how far all of it can be trusted.

import { LINES } from "./chart.js";
import { Delays } from "./delays.js";
import { element, mark, write } from "./element.js";
import { age, bound, change, clockTime, exact, labelText, quantity } from "./format.js";
import { periodOf } from "./measure.js";
import { partsFor } from "./parts.js";
import { against, read } from "./reading.js";
import { Slots } from "./slots.js";
import { brief, duration } from "./span.js";
import { leadFunnel } from "./tiles/funnel.js";
import { leadRetention } from "./tiles/retention.js";

const TARGET_MS = 5_000;
/** Older than this many times its freshness target, a tile is stale rather than late. */
const STALE = 15;
const KIND = { partial: "partial", final: "final", correction: "corrected" };
const KIND_TITLE = {
  partial: "This window is still filling.",
  final: "This window is complete.",
  correction: "Late events changed this window after it was complete.",
};

let count = 0;

/**
 * @typedef {object} Showing what a tile shows; the board decides it
 * @property {Record<string, any>} meta of `/v1/kpis`
 * @property {import("./measure.js").Plan} plan
 * @property {import("./tileview.js").ViewName} view
 * @property {"small"|"wide"|"tall"|"large"} size
 * @property {string} title
 * @property {number|null} range ms; null: all that was asked for
 * @property {string[]} missing dimensions of the board's filter that this KPI does not have
 * @property {import("./boardset.js").Annotation[]} notes
 *
 * @typedef {object} Rows where the numbers come from
 * @property {import("./view.js").View} view
 * @property {{low: {view: import("./view.js").View, plan: import("./measure.js").Plan}|null, high: object|null}|null} edges
 * @property {{view: import("./view.js").View|null, shift: number}|null} past the time that it is compared with
 *
 * @typedef {object} Scene what a part of a tile draws
 * @property {Record<string, any>} meta @property {import("./measure.js").Plan} plan
 * @property {import("./view.js").View} view @property {import("./reading.js").Reading} reading
 * @property {number} now the server's epoch ms @property {number} range ms @property {Slots} slots
 * @property {import("./boardset.js").Annotation[]} notes @property {Rows["edges"]} edges @property {Rows["past"]} past
 */

export class Tile {
  #showing;
  #rows;
  #reading = null;
  #error = null;
  #slots = new Slots(LINES);
  #delays = new Delays();
  #parts;
  #hovered = false;
  #fresh = element("span.fresh");
  #number = element("data.number", "–");
  #unit = element("span.unit");
  #change = element("span.change");
  #against = element("span.against");
  #caption = element("span.caption");
  #kind = element("span.kind");
  #bound = element("span.bound");
  #behind = element("span.behind");
  #delay = element("span.delay");
  #title = element("h2", "", { id: `tile-${++count}` });
  #info = element("button.info", "i", { type: "button", title: "Definition and data" });

  /** Whether any of it can be seen; the board says so. */
  onScreen = true;

  /**
   * @param {Showing} showing
   * @param {Rows} rows
   * @param {() => void} onDefinition someone wants to know what this tile is
   */
  constructor(showing, rows, onDefinition) {
    this.#showing = showing;
    this.#rows = rows;
    this.#parts = partsFor(showing, (text) => this.#hover(text));
    this.element = this.#build(onDefinition);
  }

  get showing() {
    return this.#showing;
  }

  get rows() {
    return this.#rows;
  }

  get reading() {
    return this.#reading;
  }

  get watermark() {
    return this.#rows.view.watermark;
  }

  /** The rows that are shown, as the query API has them. @returns {import("./rowsfile.js").Wanted} */
  get wanted() {
    const { meta, where, range } = this.#showing;
    const { frames, lastMs } = this.#rows.view;
    const to = frames.at(-1)?.end ?? 0;
    return { kpi: String(meta.name), where, from: Math.max(0, to - (range ?? lastMs)), to };
  }

  /** How long events take to this screen, p50 and p95 of the last updates, ms. */
  get delays() {
    return { p50: this.#delays.quantile(0.5), p95: this.#delays.quantile(0.95) };
  }

  /** @param {string} code why the server refused to serve this KPI */
  fail(code) {
    this.#error = code;
  }

  /** @param {string} title */
  retitle(title) {
    this.#showing = { ...this.#showing, title };
    write(this.#title, title);
    mark(this.#info, "aria-label", `Definition of ${title}`);
  }

  /** What is drawn beside the rows has changed: the time that they are compared with. */
  refresh() {
    for (const part of this.#parts) part.refresh?.();
  }

  /** Read the view and draw. @param {number} now the server's epoch ms */
  draw(now) {
    const { meta, plan, notes, range } = this.#showing;
    const { view, edges, past } = this.#rows;
    this.#reading = read(view, plan, now);
    if (this.#reading) this.#error = null;
    if (this.#reading?.head != null && this.onScreen) this.#delays.shown(this.#reading.head, now);
    this.#drawNumber(now);
    if (this.#reading && this.onScreen) {
      const beside = { notes, edges, past, range: range ?? Infinity, slots: this.#slots };
      const scene = { meta, plan, view, reading: this.#reading, now, ...beside };
      for (const part of this.#parts) part.draw(scene);
    }
    this.tick(now);
  }

  /** What changes with time alone. @param {number} now the server's epoch ms @returns {boolean} a redraw is due */
  tick(now) {
    const old = this.#reading?.head == null ? null : now - this.#reading.head;
    const target = duration(this.#showing.meta.freshness) ?? TARGET_MS;
    const tone = old === null ? "none" : old <= target ? "fresh" : old <= target * STALE ? "late" : "stale";
    write(this.#fresh, age(old));
    mark(this.#fresh, "data-tone", tone);
    const behind = this.watermark === null ? null : now - this.watermark;
    write(this.#behind, behind === null ? "no watermark" : `watermark ${age(behind)}`);
    const { p50, p95 } = this.delays;
    write(this.#delay, p95 === null ? "" : `p50 ${age(p50)} · p95 ${age(p95)}`);
    return this.#parts.some(({ due }) => due) || (this.#showing.plan.settled && this.#reading !== null);
  }

  resize() {
    for (const part of this.#parts) part.resize?.();
  }

  recolor() {
    for (const part of this.#parts) part.recolor?.();
  }

  destroy() {
    for (const part of this.#parts) part.destroy?.();
    this.element.remove();
  }

  #build(onDefinition) {
    const { meta, size, view, title } = this.#showing;
    const { name, description, window } = meta;
    if (description) this.#title.title = String(description);
    this.retitle(title);
    this.#fresh.title = "Freshness: how long ago the newest event behind this tile happened";
    this.#behind.title = "Events up to the watermark are complete";
    this.#delay.title = "From an event to this screen: the median of the last updates, and what 95% of them stay within";
    this.#info.addEventListener("click", onDefinition);
    const versus = element("span.versus", [this.#change, this.#against]);
    const parts = [
      element("header", [this.#title, element("span.hidden", "Newest event, age:"), this.#fresh, this.#info]),
      element("div.reading", [this.#number, this.#unit, versus]),
      element("div.about", [this.#caption, this.#bound, this.#kind]),
      ...this.#parts.map((part) => part.element),
      element("footer", [this.#behind, this.#delay, element("span.window", String(window ?? ""))]),
    ];
    const attributes = { "aria-labelledby": this.#title.id, "data-kpi": String(name), "data-view": view, "data-size": size };
    const tile = element("article.tile", parts, attributes);
    for (const table of tile.querySelectorAll("table")) table.setAttribute("aria-labelledby", this.#title.id);
    return tile;
  }

  /** The big number: of a list whose values are no single number, what stands for it. */
  #lead(now) {
    const { meta, view } = this.#showing;
    const reading = this.#reading;
    if (!reading) return { value: null, unit: "" };
    if (view === "sessions") return { value: reading.sessions, unit: "open" };
    if (view === "retention") return { value: leadRetention(this.#rows.view, meta.value, now), unit: "ratio" };
    if (view === "funnel") {
      const steps = leadFunnel(reading)?.value.steps ?? [];
      return { value: steps[0] ? steps.at(-1) / steps[0] : null, unit: "ratio" };
    }
    return { value: reading.value, unit: String(meta.unit ?? "") };
  }

  #drawNumber(now) {
    const reading = this.#reading;
    const { value, unit } = this.#lead(now);
    const { text, unit: behind } = quantity(value, unit);
    write(this.#number, text);
    mark(this.#number, "value", exact(value));
    mark(this.#number, "title", exact(value));
    write(this.#unit, behind);
    this.#drawChange();
    const filling = Boolean(this.#showing.meta.filling);
    const kind = filling ? "filling" : reading?.kind ?? null;
    const times = kind === "correction" && reading.rev > 1 ? ` ×${reading.rev}` : "";
    write(this.#kind, kind ? (KIND[kind] ?? kind) + times : "");
    mark(this.#kind, "data-kind", kind);
    mark(this.#kind, "title", filling ? "The event log is being read for this KPI." : kind ? KIND_TITLE[kind] : null);
    write(this.#bound, reading?.error ? bound(reading.error) : "");
    mark(this.#bound, "title", reading?.error ? (reading.error < 1 ? "Approximate value; this is its stated relative error" : "There was no room to count more") : null);
    if (!this.#hovered) this.#drawCaption();
  }

  #drawChange() {
    const { meta, plan, view } = this.#showing;
    const { unit = "", good = "" } = meta;
    const { past, view: rows } = this.#rows;
    const reading = this.#reading;
    const listed = plan.list !== null && plan.list !== "top";
    const pair = !reading || listed || view === "sessions" ? null
      : past?.view ? against(rows, plan, reading, past.view, past.shift) : past ? null : reading.change;
    const changed = pair ? change(pair.now, pair.before, unit, good) : null;
    // A comparison that was asked for and cannot be made is told: an empty place looks like one that is not there yet.
    const unknown = Boolean(past?.view) && reading !== null && !listed && view !== "sessions" && !changed;
    write(this.#change, changed?.text ?? (unknown ? "–" : ""));
    mark(this.#change, "data-tone", changed?.tone ?? null);
    const size = brief(plan.window.size);
    write(this.#against, !changed && !unknown ? "" : past ? `vs ${brief(past.shift)} before` : pair.complete ? `last full ${size}` : `vs ${size} ago`);
    mark(this.#change, "title", changed ? this.#changeTitle(pair, unit) : unknown ? "Nothing is known of that time: it was before the first event, or is not kept any more" : null);
  }

  #changeTitle({ now, before, complete }, unit) {
    const say = (value) => Object.values(quantity(value, unit)).join(" ").trim();
    const other = this.#rows.past ? `${brief(this.#rows.past.shift)} before` : "in the one before";
    return `${say(now)} in the ${complete ? "last complete" : "shown"} window, ${say(before)} ${other}`;
  }

  #drawCaption() {
    if (this.#error) return write(this.#caption, `Not available: ${this.#error}`);
    const reading = this.#reading;
    if (!reading) {
      const none = this.#rows.view.known ? "No events yet" : "Waiting for the server";
      return write(this.#caption, this.#showing.meta.filling ? "Reading the event log" : none);
    }
    const { meta, plan, missing, view } = this.#showing;
    const seconds = plan.window.size < 60_000;
    const span = `${clockTime(reading.start, seconds)}–${clockTime(reading.end, seconds)}`;
    const unfiltered = missing.length ? `not filtered by ${missing.join(", ")}` : "";
    const group = view === "funnel" ? Object.values(leadFunnel(reading)?.dims ?? {}) : reading.label;
    const whose = group.length && plan.list !== "retention" ? `${labelText(group)}, highest of ${reading.groups}` : "";
    const open = reading.sessions ? `${quantity(reading.sessions).text} open session${reading.sessions === 1 ? "" : "s"}` : "";
    const meant = plan.list === "retention" ? `came back ${brief(periodOf(meta.value))} later` : plan.list === "funnel" && !whose ? `all steps, ${span}` : "";
    mark(this.element, "data-unfiltered", missing.length ? "" : null);
    write(this.#caption, unfiltered || meant || whose || open || span);
    const more = missing.length ? `The filter does not hold here: this KPI has no ${missing.join(", ")}. ` : "";
    mark(this.#caption, "title", more || whose ? `${more}${whose && `${whose}, `}${span}` : null);
  }

  #hover(text) {
    this.#hovered = text !== null;
    if (text === null) this.#drawCaption();
    else write(this.#caption, text);
  }
}
