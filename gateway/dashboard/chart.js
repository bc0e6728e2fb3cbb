// A trend, drawn by uPlot. Without uPlot the board works and a note stands where the chart would be.

import { element, mark, write } from "./element.js";
import { age, clockTime } from "./format.js";
import { rowsFor } from "./notes.js";

/** Lines that a chart can tell apart by colour. */
export const LINES = 4;
/** Columns of data: the times, three for each line (complete, filling, the time before), and the two edges of a band. */
const PER_LINE = 3;
const LOW = 1 + LINES * PER_LINE;
const HIGH = LOW + 1;
/** Diameter of a point without a neighbour; half of it lies beyond the plot where it is the first or the last one. */
const LONE_PX = 5;
/** Characters of an annotation that stand beside its line; all of it is in the caption when the pointer is there. */
const NOTE_CHARS = 22;

let library = null;

/** Load uPlot, once. @returns {Promise<boolean>} false when it was not installed with the dashboard */
export async function loadCharts() {
  try {
    library = (await import("./vendor/uPlot.esm.js")).default;
  } catch {
    library = null;
  }
  return library !== null;
}

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * @typedef {object} Drawing
 * @property {number[]} x epoch seconds
 * @property {({solid: (number|null)[], pending: (number|null)[], before?: (number|null)[]}|null)[]} lines by slot; null
 *   leaves its colour unused; `before` is the time that is compared with
 * @property {{low: (number|null)[], high: (number|null)[]}} [band]
 * @property {import("./boardset.js").Annotation[]} notes
 */

export class Chart {
  /** @type {import("uplot").default|null} */
  #plot = null;
  #host = element("div.plot");
  #most = element("span.most");
  #from = element("span.from");
  #to = element("span.to");
  /** @type {(number[]|(number|null)[])[]|null} */
  #columns = null;
  #notes = [];
  /** Colours by name, read once: asking the style for each line of each frame is most of the drawing. */
  #colors = new Map();
  #zero;
  #onHover;

  /**
   * @param {{zero: boolean, onHover: (index: number|null) => void}} options `zero`: the axis starts at 0
   */
  constructor({ zero, onHover }) {
    this.#zero = zero;
    this.#onHover = onHover;
    // The canvas comes last: what is painted after it near by has to be composited over it.
    this.element = element("div.chart", [this.#most, this.#from, this.#to, this.#host], { role: "img", "aria-label": "Trend, no data yet" });
    if (!library) write(this.#host, "Charts are not installed");
  }

  /**
   * @param {Drawing} drawing
   * @param {(value: number) => string} say
   */
  draw({ x, lines, band, notes }, say) {
    const blank = x.map(() => null);
    const columns = [x];
    for (let i = 0; i < LINES; i++) {
      columns.push(lines[i]?.solid ?? blank, lines[i]?.pending ?? blank, lines[i]?.before ?? blank);
    }
    columns.push(band?.low ?? blank, band?.high ?? blank);
    this.#columns = columns;
    this.#notes = notes;
    const [low, high] = bounds(columns);
    const span = x.length > 1 ? age((x.at(-1) - x[0]) * 1_000) : "";
    write(this.#most, high === null ? "" : say(high));
    write(this.#from, span && `${span} ago`);
    write(this.#to, x.length ? clockTime(x.at(-1) * 1_000) : "");
    mark(this.element, "aria-label", high === null ? "Trend, no data yet" : `Trend over ${span || "one window"}, from ${say(low)} to ${say(high)}`);
    if (!library) return;
    if (this.#plot) this.#plot.setData(columns);
    else this.#make();
  }

  /** The size of the tile changed. */
  resize() {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (this.#plot && width && height) this.#plot.setSize({ width, height });
    else if (library) this.#make();
  }

  /** Colours changed: uPlot keeps those it was made with. */
  recolor() {
    this.#colors.clear();
    if (!this.#plot) return;
    this.#plot.destroy();
    this.#plot = null;
    this.#make();
  }

  destroy() {
    this.#plot?.destroy();
    this.#plot = null;
  }

  #color(name) {
    if (!this.#colors.has(name)) this.#colors.set(name, color(name));
    return this.#colors.get(name);
  }

  #make() {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (!width || !height || !this.#columns) return;
    const series = [{}];
    for (let i = 0; i < LINES; i++) series.push(...this.#line(i));
    const edge = { stroke: this.#color("--edge-line"), width: 1, points: { show: false } };
    series.push(edge, edge);
    const none = () => null;
    this.#plot = new library({
      width,
      height,
      padding: [3, 3, 2, 3],
      legend: { show: false },
      axes: [{ show: false }, { show: false }],
      // A point for each series would be a layer for each series: with sixty tiles they are most of a frame.
      cursor: { y: false, drag: { x: false, y: false, setScale: false }, points: { show: false }, bind: { dblclick: none } },
      // A window that is the only one stands at the right, as the newest always does.
      scales: { x: { time: true, range: ({ data }, from, to) => (data[0].length === 1 ? [from - 1, from] : [from, to]) }, y: { range: (_, low, high) => this.#range(low, high) } },
      series,
      bands: [{ series: [HIGH, LOW], fill: this.#color("--band") }],
      hooks: {
        setCursor: [(plot) => this.#onHover(plot.cursor.idx ?? null)],
        draw: [(plot) => this.#annotate(plot)],
      },
    }, this.#columns, this.#host);
  }

  #line(slot) {
    const stroke = this.#color(`--line-${slot}`);
    const alone = { show: true, size: LONE_PX, width: 0, fill: stroke, filter: lonely };
    const fill = slot === 0 ? (plot) => wash(plot, this.#color("--wash-strong"), this.#color("--wash-faint")) : undefined;
    return [
      { stroke, width: 1.6, fill: (plot) => (this.#single ? fill?.(plot) : null), points: alone },
      { stroke, width: 1.4, dash: [3, 3], points: alone },
      { stroke: this.#color(`--before-${slot}`), width: 1.2, points: { show: false } },
    ];
  }

  /** Whether there is one line and no band: then what is below it may be filled. */
  get #single() {
    const used = (column) => column.some((value) => value !== null);
    for (let slot = 1; slot < LINES; slot++) {
      const first = 1 + slot * PER_LINE;
      if (used(this.#columns[first]) || used(this.#columns[first + 1])) return false;
    }
    return !used(this.#columns[LOW]);
  }

  #range(low, high) {
    if (low === null || high === null) return [0, 1];
    const span = high - low || Math.abs(high) || 1;
    const near = !this.#zero && low > 0 && low > 0.5 * high;
    return [near ? low - span * 0.6 : Math.min(0, low), high + span * 0.08];
  }

  /** A line and a few words for each annotation within the trend. */
  #annotate(plot) {
    const { ctx, bbox } = plot;
    const x = this.#columns[0];
    if (!x.length) return;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = this.#color("--note");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.textAlign = "left";
    ctx.font = `${10 * devicePixelRatio}px system-ui, sans-serif`;
    // The newest first: when there are too many for words, theirs are read.
    const shown = this.#notes.filter(({ at }) => at / 1_000 >= x[0] && at / 1_000 <= x.at(-1)).reverse().map(({ at, text }) => {
      const left = Math.round(plot.valToPos(at / 1_000, "x", true));
      const short = text.length > NOTE_CHARS ? `${text.slice(0, NOTE_CHARS)}…` : text;
      const width = ctx.measureText(short).width;
      const behind = left + 3 * devicePixelRatio + width > bbox.left + bbox.width;
      const from = behind ? left - 3 * devicePixelRatio - width : left + 3 * devicePixelRatio;
      return { left, short, from, to: from + width };
    });
    const rowHeight = 12 * devicePixelRatio;
    const places = rowsFor(shown, Math.max(1, Math.floor(bbox.height / 2 / rowHeight)), 4 * devicePixelRatio);
    shown.forEach(({ left, short, from }, index) => {
      ctx.beginPath();
      ctx.moveTo(left, bbox.top);
      ctx.lineTo(left, bbox.top + bbox.height);
      ctx.stroke();
      if (places[index] !== null) ctx.fillText(short, from, bbox.top + 10 * devicePixelRatio + places[index] * rowHeight);
    });
    ctx.restore();
  }
}

function bounds(columns) {
  let low = null;
  let high = null;
  for (let i = 1; i < columns.length; i++) {
    for (const value of columns[i]) {
      if (value === null) continue;
      if (low === null || value < low) low = value;
      if (high === null || value > high) high = value;
    }
  }
  return [low, high];
}

/** Indexes of points without a neighbour: no line is drawn through them. */
function lonely(plot, index) {
  const values = plot.data[index];
  const found = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null) found.push(i);
  }
  return found;
}

function wash(plot, strong, faint) {
  const { top, height } = plot.bbox;
  const gradient = plot.ctx.createLinearGradient(0, top, 0, top + height);
  gradient.addColorStop(0, strong);
  gradient.addColorStop(1, faint);
  return gradient;
}
