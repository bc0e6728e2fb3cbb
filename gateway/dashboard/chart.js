// The trend of a tile, drawn by uPlot. Without uPlot the board works and a note stands where the chart would be.

import { element, write } from "./element.js";
import { age, clockTime } from "./format.js";

export const LINES = 4;

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

export class Chart {
  /** @type {import("uplot").default|null} */
  #plot = null;
  #host = element("div.plot");
  #most = element("span.most");
  #from = element("span.from");
  #to = element("span.to");
  #data = null;
  #zero;
  #onHover;

  /**
   * @param {{zero: boolean, onHover: (index: number|null) => void}} options `zero`: the axis starts at 0
   */
  constructor({ zero, onHover }) {
    this.#zero = zero;
    this.#onHover = onHover;
    // The canvas comes last: what is painted after it near by has to be composited over it, in every tile.
    this.element = element("div.chart", [this.#most, this.#from, this.#to, this.#host], { "aria-hidden": "true" });
    if (!library) write(this.#host, "Charts are not installed");
  }

  /**
   * @param {{x: number[], lines: ({solid: (number|null)[], pending: (number|null)[]}|null)[]}} data from
   *   `reading.trend`; a null line leaves its colour unused
   * @param {(value: number) => string} say
   */
  draw(data, say) {
    if (!library) return;
    const { x, lines } = data;
    const blank = x.map(() => null);
    const columns = [x];
    for (let i = 0; i < LINES; i++) columns.push(lines[i]?.solid ?? blank, lines[i]?.pending ?? blank);
    this.#data = columns;
    if (this.#plot) this.#plot.setData(columns);
    else this.#make();
    const values = columns.slice(1).flat().filter((value) => value !== null);
    write(this.#most, values.length ? say(values.reduce((a, b) => Math.max(a, b))) : "");
    write(this.#from, x.length > 1 ? `${age((x.at(-1) - x[0]) * 1_000)} ago` : "");
    write(this.#to, x.length ? clockTime(x.at(-1) * 1_000) : "");
  }

  /** The size of the tile changed. */
  resize() {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (this.#plot && width && height) this.#plot.setSize({ width, height });
  }

  /** Colours changed: uPlot keeps those it was made with. */
  recolor() {
    if (!this.#plot) return;
    this.#plot.destroy();
    this.#plot = null;
    this.#make();
  }

  destroy() {
    this.#plot?.destroy();
    this.#plot = null;
  }

  #make() {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (!width || !height || !this.#data) return;
    const series = [{}];
    for (let i = 0; i < LINES; i++) series.push(...this.#line(i));
    const none = () => null;
    this.#plot = new library({
      width,
      height,
      padding: [3, 3, 2, 3],
      legend: { show: false },
      axes: [{ show: false }, { show: false }],
      cursor: { y: false, drag: { x: false, y: false, setScale: false }, points: { size: 6 }, bind: { dblclick: none } },
      scales: { x: { time: true }, y: { range: (_, low, high) => this.#range(low, high) } },
      series,
      hooks: { setCursor: [(plot) => this.#onHover(plot.cursor.idx ?? null)] },
    }, this.#data, this.#host);
  }

  #line(slot) {
    const stroke = color(`--line-${slot}`);
    const alone = { show: true, size: 3, fill: stroke, filter: lonely };
    const fill = slot === 0 ? (plot) => wash(plot, color("--wash-strong"), color("--wash-faint")) : undefined;
    return [
      { stroke, width: 1.6, fill: (plot) => (this.#single ? fill?.(plot) : null), points: alone },
      { stroke, width: 1.4, dash: [3, 3], points: alone },
    ];
  }

  get #single() {
    return this.#data.slice(3).every((column) => column.every((value) => value === null));
  }

  #range(low, high) {
    if (low === null || high === null) return [0, 1];
    const span = high - low || Math.abs(high) || 1;
    const near = !this.#zero && low > 0 && low > 0.5 * high;
    return [near ? low - span * 0.6 : Math.min(0, low), high + span * 0.08];
  }
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
