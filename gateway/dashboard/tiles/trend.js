// The trend of a tile: its lines, the time that it is compared with, a band around a quantile, annotations.

import { Chart, LINES } from "../chart.js";
import { element, mark, write } from "../element.js";
import { clockTime, dimension, labelText, quantity } from "../format.js";
import { nearest } from "../notes.js";
import { shifted, trend } from "../trend.js";

/** Numbers are drawn as they come, trends once a second: nobody sees the difference and it is most of the work. */
const CHART_MS = 1_000;

/** @typedef {import("../tile.js").Scene} Scene */

export class TrendPart {
  #unit;
  #hover;
  #chart;
  /** @type {import("../chart.js").Drawing|null} */
  #drawing = null;
  /** When it was last drawn, and whether rows have come since then. */
  #at = -Infinity;
  #due = false;
  /** Names of the lines by slot; null where there is none. */
  #names = [];
  #legend;

  /**
   * @param {{unit: string, additive: boolean, legend: boolean, hover: (text: string|null) => void}} options `legend`: say
   *   whose the lines are; `hover`: what the pointer is at, for the caption
   */
  constructor({ unit, additive, legend, hover }) {
    this.#unit = unit;
    this.#hover = hover;
    this.#chart = new Chart({ zero: additive, onHover: (index) => this.#point(index) });
    this.#legend = legend ? Array.from({ length: LINES }, (_, slot) => legendLine(slot)) : [];
    this.element = legend ? element("div.lines", [this.#chart.element, element("ul.legend", this.#legend)]) : this.#chart.element;
  }

  /** Whether it has to be drawn again later. */
  get due() {
    return this.#due;
  }

  /** @param {Scene} scene */
  draw(scene) {
    const { now, reading, slots, plan } = scene;
    this.#due = now - this.#at < CHART_MS && this.#at <= now;
    if (this.#due) return;
    this.#at = now;
    const single = plan.shape !== "groups" || plan.additive;
    const places = single ? [null] : slots.assign(keysOf(reading, scene.view));
    this.#names = single ? [] : places.map((key) => key && nameOf(key, scene.view));
    this.#legend.forEach((line, slot) => {
      write(line.lastChild, this.#names[slot] ?? "");
      mark(line, "hidden", this.#names[slot] ? null : "");
    });
    this.#drawing = drawingOf(scene, places, single);
    this.#chart.draw(this.#drawing, (value) => this.#say(value));
  }

  /** Draw with the next scene, whenever that is: what is drawn beside the rows has changed. */
  refresh() {
    this.#at = -Infinity;
    this.#due = true;
  }

  resize() {
    this.#chart.resize();
  }

  recolor() {
    this.#chart.recolor();
  }

  destroy() {
    this.#chart.destroy();
  }

  #say(value) {
    return Object.values(quantity(value, this.#unit)).join(" ").trim();
  }

  #point(index) {
    if (index === null || !this.#drawing || !(index in this.#drawing.x)) return this.#hover(null);
    const { x, lines, notes } = this.#drawing;
    const at = x[index] * 1_000;
    const near = x.length > 1 ? ((x.at(-1) - x[0]) / x.length) * 4_000 : 0;
    const noted = nearest(notes, at, near);
    if (noted.length) return this.#hover(`${clockTime(noted[0].at)} · ${noted.map(({ text }) => text).join(" / ")}`);
    const values = lines.map((line) => line?.solid[index] ?? line?.pending[index] ?? null);
    const before = lines[0]?.before?.[index] ?? null;
    const said = values.map((value, slot) => value !== null && `${this.#names[slot] ?? ""} ${this.#say(value)}`.trim());
    const texts = said.filter(Boolean).join(" / ") || dimension(null);
    return this.#hover(`${clockTime(at)} · ${texts}${before === null ? "" : ` (before: ${this.#say(before)})`}`);
  }
}

/** Who has a line: the highest of the shown window, or of the last one that has any, while the shown one is empty. */
function keysOf({ entries }, view) {
  const keys = entries.filter((entry) => !entry.other).map((entry) => entry.key);
  return keys.length ? keys : [...(view.frames.at(-1)?.rows.keys() ?? [])];
}

/** What a line is called. @param {string} key of its rows @param {import("../view.js").View} view */
function nameOf(key, view) {
  const row = view.frames.findLast(({ rows }) => rows.has(key))?.rows.get(key);
  return row ? labelText(Object.values(row.dims)) : "";
}

const legendLine = (slot) => element("li", [element("i.swatch", [], { "data-slot": String(slot) }), element("span")], { hidden: "" });

/** An empty slot keeps its place, so that every line keeps its colour. */
function drawingOf({ view, plan, reading, range, notes, past, edges, meta }, places, single) {
  const wanted = places.filter((key) => single || key !== null);
  const data = trend(view, plan, reading.end, wanted, range);
  const before = past?.view ? shifted(trend(past.view, plan, reading.end - past.shift, wanted, range), data.x, past.shift / 1_000) : [];
  const filled = data.lines.map((line, i) => ({ ...line, before: before[i] }))[Symbol.iterator]();
  const lines = places.map((key) => (single || key !== null ? filled.next().value : null)).slice(0, LINES);
  return { x: data.x, lines, band: edges ? bandOf(edges, data, reading, range, meta) : undefined, notes };
}

/** The edges of a band: two other KPIs, or as much as the value may be off. */
function bandOf({ low, high }, { x, lines }, reading, range, meta) {
  const own = x.map((_, i) => lines[0]?.solid[i] ?? lines[0]?.pending[i] ?? null);
  const error = reading.error ?? meta.error ?? 0;
  const edge = (other, factor) => {
    if (!other) return own.map((value) => (value === null ? null : value * factor));
    return shifted(trend(other.view, other.plan, reading.end, [null], range), x, 0)[0];
  };
  return { low: edge(low, 1 - error), high: edge(high, 1 + error) };
}
