// One KPI on the board: number, change, trend, breakdown, and how far all of it can be trusted.

import { Chart, LINES } from "./chart.js";
import { element, mark, write } from "./element.js";
import { age, bound, change, clockTime, dimension, exact, labelText, quantity } from "./format.js";
import { read, trend } from "./reading.js";
import { Slots } from "./slots.js";
import { brief, duration } from "./span.js";
import { Table } from "./table.js";

const TARGET_MS = 5_000;
/** Older than this many times its freshness target, a tile is stale rather than late. */
const STALE = 15;
const ROWS = { groups: 5, items: 10 };
const KIND = { partial: "partial", final: "final", correction: "corrected" };
const KIND_TITLE = {
  partial: "This window is still filling.",
  final: "This window is complete.",
  correction: "Late events changed this window after it was complete.",
};

/** Numbers are drawn as they come, trends once a second: nobody sees the difference and it is most of the work. */
const CHART_MS = 1_000;

let count = 0;

export class Tile {
  #meta;
  #plan;
  #view;
  #reading = null;
  #data = null;
  #error = null;
  #slots = new Slots(LINES);
  #table = null;
  #chart = null;
  /** When the trend was last drawn, and whether rows have come since then. */
  #chartAt = -Infinity;
  #chartDue = false;
  #hovered = null;
  #fresh = element("span.fresh");
  #number = element("data.number", "–");
  #unit = element("span.unit");
  #change = element("span.change");
  #against = element("span.against");
  #caption = element("span.caption");
  #kind = element("span.kind");
  #bound = element("span.bound");
  #behind = element("span.behind");

  /** Whether any of it can be seen; the board says so. */
  onScreen = true;

  /**
   * @param {Record<string, any>} meta of `/v1/kpis`
   * @param {import("./measure.js").Plan} plan
   * @param {import("./view.js").View} view
   */
  constructor(meta, plan, view) {
    this.#meta = meta;
    this.#plan = plan;
    this.#view = view;
    this.element = this.#build();
  }

  get reading() {
    return this.#reading;
  }

  get watermark() {
    return this.#view.watermark;
  }

  /** @param {string} code why the server refused to serve this KPI */
  fail(code) {
    this.#error = code;
  }

  /** Read the view and draw. @param {number} now the server's epoch ms */
  draw(now) {
    this.#reading = read(this.#view, this.#plan, now);
    if (this.#reading) this.#error = null;
    this.#drawNumber();
    // The chart gives out the colours that the table shows.
    if (this.#chart && this.#reading) this.#drawChart(now);
    this.#table?.draw(this.#reading?.entries ?? []);
    this.tick(now);
  }

  /** What changes with time alone. @param {number} now the server's epoch ms @returns {boolean} a redraw is due */
  tick(now) {
    const old = this.#reading?.head == null ? null : now - this.#reading.head;
    const target = duration(this.#meta.freshness) ?? TARGET_MS;
    const tone = old === null ? "none" : old <= target ? "fresh" : old <= target * STALE ? "late" : "stale";
    write(this.#fresh, age(old));
    mark(this.#fresh, "data-tone", tone);
    const behind = this.watermark === null ? null : now - this.watermark;
    write(this.#behind, behind === null ? "no watermark" : `watermark ${age(behind)}`);
    return this.#chartDue || (this.#plan.settled && this.#reading !== null);
  }

  resize() {
    this.#chart?.resize();
  }

  recolor() {
    this.#chart?.recolor();
  }

  destroy() {
    this.#chart?.destroy();
    this.element.remove();
  }

  #build() {
    const { name, description, window, by } = this.#meta;
    const { shape, additive } = this.#plan;
    const title = element("h2", String(this.#meta.title || name), { id: `tile-${++count}` });
    if (description) title.title = String(description);
    this.#fresh.title = "Freshness: how long ago the newest event behind this tile happened";
    this.#behind.title = "Events up to the watermark are complete";
    const parts = [
      element("header", [title, this.#fresh]),
      element("div.reading", [this.#number, this.#unit, element("span.versus", [this.#change, this.#against])]),
      element("div.about", [this.#caption, this.#bound, this.#kind]),
    ];
    if (shape !== "items") {
      this.#chart = new Chart({ zero: additive, onHover: (index) => this.#hover(index) });
      parts.push(this.#chart.element);
    }
    if (shape !== "number") {
      const heading = Array.isArray(by) && by.length ? by.join(" · ") : "Item";
      const slotOf = (key) => this.#slots.of(key);
      this.#table = new Table({ rows: ROWS[shape], heading, unit: String(this.#meta.unit ?? ""), slotOf });
      parts.push(this.#table.element);
    }
    parts.push(element("footer", [this.#behind, element("span", String(window ?? ""))]));
    const attributes = { "aria-labelledby": title.id, "data-kpi": String(name), "data-shape": shape };
    return element("article.tile", parts, attributes);
  }

  #drawNumber() {
    const { unit = "", good = "" } = this.#meta;
    const reading = this.#reading;
    const { text, unit: behind } = quantity(reading?.value ?? null, unit);
    write(this.#number, text);
    mark(this.#number, "value", exact(reading?.value ?? null));
    mark(this.#number, "title", exact(reading?.value ?? null));
    write(this.#unit, behind);
    const changed = reading?.change ? change(reading.change.now, reading.change.before, unit, good) : null;
    write(this.#change, changed?.text ?? "");
    mark(this.#change, "data-tone", changed?.tone ?? null);
    write(this.#against, changed ? this.#againstText() : "");
    mark(this.#change, "title", changed ? this.#changeTitle() : null);
    const kind = reading?.kind ?? null;
    write(this.#kind, kind ? KIND[kind] + (kind === "correction" && reading.rev > 1 ? ` ×${reading.rev}` : "") : "");
    mark(this.#kind, "data-kind", kind);
    mark(this.#kind, "title", kind ? KIND_TITLE[kind] : null);
    write(this.#bound, reading?.error ? bound(reading.error) : "");
    mark(this.#bound, "title", reading?.error ? "Approximate value; this is its stated relative error" : null);
    if (this.#hovered === null) this.#drawCaption();
  }

  #againstText() {
    const size = brief(this.#plan.window.size);
    return this.#reading.change.complete ? `last full ${size}` : `vs ${size} ago`;
  }

  #changeTitle() {
    const { now, before, complete } = this.#reading.change;
    const unit = this.#meta.unit ?? "";
    const say = (value) => Object.values(quantity(value, unit)).join(" ").trim();
    return `${say(now)} in the ${complete ? "last complete" : "shown"} window, ${say(before)} in the one before`;
  }

  #drawCaption() {
    if (this.#error) return write(this.#caption, `Not available: ${this.#error}`);
    const reading = this.#reading;
    if (!reading) return write(this.#caption, "No events yet");
    const seconds = this.#plan.window.size < 60_000;
    const span = `${clockTime(reading.start, seconds)}–${clockTime(reading.end, seconds)}`;
    const whose = reading.label.length ? `${labelText(reading.label)}, highest of ${reading.groups}` : "";
    const open = reading.sessions ? `${reading.sessions} open session${reading.sessions === 1 ? "" : "s"}` : "";
    write(this.#caption, whose || open || span);
    mark(this.#caption, "title", whose ? `${whose}, ${span}` : null);
  }

  #drawChart(now) {
    this.#chartDue = now - this.#chartAt < CHART_MS && this.#chartAt <= now;
    if (this.#chartDue || !this.onScreen) return;
    this.#chartAt = now;
    const reading = this.#reading;
    const lines = this.#plan.shape === "groups" && !this.#plan.additive;
    const keys = reading.entries.filter((entry) => !entry.other).map((entry) => entry.key);
    const slots = lines ? this.#slots.assign(keys) : [null];
    const data = trend(this.#view, this.#plan, reading.end, slots.filter((key) => !lines || key !== null));
    // An empty slot keeps its place, so that every line keeps its colour.
    const drawn = data.lines[Symbol.iterator]();
    data.lines = slots.map((key) => (!lines || key !== null ? drawn.next().value : null));
    this.#data = data;
    this.#chart.draw(data, (value) => Object.values(quantity(value, this.#meta.unit ?? "")).join(" ").trim());
  }

  #hover(index) {
    this.#hovered = index;
    if (index === null || !this.#data) return this.#drawCaption();
    const unit = this.#meta.unit ?? "";
    const texts = this.#data.lines
      .map((line) => line?.solid[index] ?? line?.pending[index] ?? null)
      .filter((value) => value !== null)
      .map((value) => Object.values(quantity(value, unit)).join(" ").trim());
    write(this.#caption, `${clockTime(this.#data.x[index] * 1_000)} · ${texts.join(" / ") || dimension(null)}`);
  }
}
