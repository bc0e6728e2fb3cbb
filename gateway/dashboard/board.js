// All tiles: one per KPI of the server's list, in its order; each fed by its own subscription.

import { planOf } from "./measure.js";
import { history } from "./span.js";
import { Tile } from "./tile.js";
import { View } from "./view.js";

export class Board {
  #host;
  #feed;
  #painter;
  #now;
  /** @type {Map<string, {tile: Tile, shape: string, draw: () => void, leave: () => void}>} by KPI name */
  #places = new Map();
  /** Tiles by element, for the observers. */
  #byElement = new Map();
  #seen;
  #sized;

  /**
   * @param {HTMLElement} host
   * @param {import("./feed.js").Feed} feed
   * @param {import("./painter.js").Painter} painter
   * @param {() => number} now the server's epoch ms
   */
  constructor(host, feed, painter, now) {
    this.#host = host;
    this.#feed = feed;
    this.#painter = painter;
    this.#now = now;
    this.#seen = new IntersectionObserver((entries) => entries.forEach((entry) => this.#show(entry)), { rootMargin: "200px" });
    this.#sized = new ResizeObserver((entries) => entries.forEach(({ target }) => this.#byElement.get(target)?.tile.resize()));
  }

  get size() {
    return this.#places.size;
  }

  /** True once any tile has had an event. */
  get alive() {
    return [...this.#places.values()].some(({ tile }) => tile.reading !== null);
  }

  /** The oldest watermark and the freshest event over all tiles, epoch ms, null when there is none. */
  get times() {
    const tiles = [...this.#places.values()].map(({ tile }) => tile).filter(({ reading }) => reading);
    const watermarks = tiles.map(({ watermark }) => watermark).filter((mark) => mark !== null);
    const heads = tiles.map(({ reading }) => reading.head);
    return {
      watermark: watermarks.length ? Math.min(...watermarks) : null,
      head: heads.length ? Math.max(...heads) : null,
    };
  }

  /**
   * Show these KPIs. A tile whose definition did not change stays as it is, with its rows.
   * @param {Record<string, any>[]} kpis of `/v1/kpis`
   */
  update(kpis) {
    const wanted = new Map(kpis.map((meta) => [meta.name, meta]));
    for (const [name, { shape }] of this.#places) {
      if (!wanted.has(name) || JSON.stringify(wanted.get(name)) !== shape) this.#remove(name);
    }
    let index = 0;
    for (const [name, meta] of wanted) {
      if (!this.#places.has(name)) this.#add(name, meta);
      const { element } = this.#places.get(name).tile;
      const there = this.#host.children[index++];
      if (there !== element) this.#host.insertBefore(element, there ?? null);
    }
  }

  /** Once a second: ages grow without any message. */
  tick() {
    const now = this.#now();
    for (const { tile, draw } of this.#places.values()) {
      if (tile.tick(now)) this.#painter.ask(draw);
    }
  }

  recolor() {
    for (const { tile } of this.#places.values()) tile.recolor();
  }

  clear() {
    for (const name of [...this.#places.keys()]) this.#remove(name);
  }

  #add(name, meta) {
    const plan = planOf(meta);
    const last = history(plan.window);
    const view = new View(last * 1_000, plan.window.kind === "cumulative");
    const tile = new Tile(meta, plan, view);
    const draw = () => tile.draw(this.#now());
    const leave = this.#feed.add({
      kpi: name,
      last,
      view,
      onChange: () => this.#painter.ask(draw),
      onError: (code) => {
        tile.fail(code);
        this.#painter.ask(draw);
      },
    });
    const place = { tile, shape: JSON.stringify(meta), draw, leave };
    this.#places.set(name, place);
    this.#byElement.set(tile.element, place);
    this.#host.append(tile.element);
    this.#seen.observe(tile.element);
    this.#sized.observe(tile.element);
  }

  #remove(name) {
    const { tile, leave } = this.#places.get(name);
    this.#places.delete(name);
    this.#byElement.delete(tile.element);
    this.#seen.unobserve(tile.element);
    this.#sized.unobserve(tile.element);
    leave();
    tile.destroy();
  }

  #show({ target, isIntersecting }) {
    const place = this.#byElement.get(target);
    if (!place || place.tile.onScreen === isIntersecting) return;
    place.tile.onScreen = isIntersecting;
    if (isIntersecting) this.#painter.ask(place.draw);
  }
}
