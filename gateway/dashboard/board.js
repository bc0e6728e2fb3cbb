// The tiles of a board, each fed by the subscriptions it needs; those that need the same share one.

import { tileOf } from "./boardset.js";
import { planOf } from "./measure.js";
import { Missing } from "./missing.js";
import { Past } from "./past.js";
import { history, lastWindows } from "./span.js";
import { Sources } from "./sources.js";
import { Tile } from "./tile.js";
import { sizeOf, viewOf } from "./tileview.js";
import { rangeOf } from "./viewstate.js";
import { Values, narrowed } from "./where.js";

/** How often the dimensions of a tile's rows are looked at. */
const NOTE_MS = 1_000;
/** Cohorts that a retention shows at most. */
const COHORTS = 30;

/**
 * @typedef {object} Place a tile on the board
 * @property {Tile|Missing} tile
 * @property {string} key what it was made from: equal keys are the same tile
 * @property {Past|null} past
 * @property {number} noted when its dimensions were last looked at, steady ms
 * @property {() => void} draw
 * @property {() => void} leave gives its subscriptions back
 */

export class Board {
  #host;
  #sources;
  #painter;
  #now;
  #get;
  #onDefinition;
  /** @type {Place[]} in their order on the board */
  #places = [];
  /** Places by element, for the observers. */
  #byElement = new Map();
  #seen;
  #sized;

  /** Values of dimensions that rows of this page had. */
  values = new Values();

  /**
   * @param {HTMLElement} host
   * @param {import("./feed.js").Feed} feed
   * @param {import("./painter.js").Painter} painter
   * @param {object} world
   * @param {() => number} world.now the server's epoch ms
   * @param {(path: string) => Promise<any>} world.get JSON of the API
   * @param {(tile: Tile) => void} world.onDefinition someone wants to know what a tile is
   */
  constructor(host, feed, painter, { now, get, onDefinition }) {
    this.#host = host;
    this.#sources = new Sources(feed);
    this.#painter = painter;
    this.#now = now;
    this.#get = get;
    this.#onDefinition = onDefinition;
    this.#seen = new IntersectionObserver((entries) => entries.forEach((entry) => this.#show(entry)), { rootMargin: "200px" });
    this.#sized = new ResizeObserver((entries) => entries.forEach(({ target }) => this.#byElement.get(target)?.tile.resize()));
  }

  get size() {
    return this.#places.length;
  }

  /** The tiles in their order. @returns {(Tile|Missing)[]} */
  get tiles() {
    return this.#places.map(({ tile }) => tile);
  }

  /** True once any tile has had an event. */
  get alive() {
    return this.#places.some(({ tile }) => tile.reading !== null);
  }

  /** The oldest watermark and the freshest event over all tiles, epoch ms, null when there is none. */
  get times() {
    const tiles = this.tiles.filter(({ reading }) => reading);
    const watermarks = tiles.map(({ watermark }) => watermark).filter((mark) => mark !== null);
    const heads = tiles.map(({ reading }) => reading.head);
    return {
      watermark: watermarks.length ? Math.min(...watermarks) : null,
      head: heads.length ? Math.max(...heads) : null,
    };
  }

  /**
   * Show a board. A tile of which nothing has changed stays as it is, with its rows, wherever it stands now.
   * @param {import("./boardset.js").Board} board
   * @param {Record<string, any>[]} kpis of `/v1/kpis`
   * @param {import("./viewstate.js").ViewState} state
   */
  update(board, kpis, state) {
    const metas = new Map(kpis.map((meta) => [meta.name, meta]));
    const free = new Map();
    for (const place of this.#places) free.set(place.key, [...(free.get(place.key) ?? []), place]);
    // New tiles before old ones go, so that a subscription which both need goes on.
    this.#places = board.tile.map((tile) => {
      const wanted = { ...tileOf(tile.kpi), ...tile };
      const own = [wanted.kpi, wanted.low, wanted.high].map((name) => metas.get(name) ?? null);
      const range = state.range || wanted.range || board.range;
      const title = String(wanted.title || own[0]?.title || wanted.kpi);
      const key = JSON.stringify([{ ...wanted, title: "" }, own, range, state.where, state.compare, board.annotation]);
      const there = free.get(key)?.shift();
      there?.tile.retitle(title);
      return there ?? this.#make(key, { ...wanted, title }, own, { ...state, range: rangeOf(range), notes: board.annotation });
    });
    for (const places of free.values()) places.forEach((place) => this.#remove(place));
    this.#places.forEach(({ tile: { element } }, index) => {
      const there = this.#host.children[index];
      if (there !== element) this.#host.insertBefore(element, there ?? null);
    });
  }

  /** Once a second: ages grow without any message. */
  tick() {
    const now = this.#now();
    for (const { tile, past, draw } of this.#places) {
      if (past && tile.reading && tile.onScreen) past.follow(tile.reading.end, performance.now());
      if (tile.tick(now)) this.#painter.ask(draw);
    }
  }

  recolor() {
    for (const { tile } of this.#places) tile.recolor();
  }

  clear() {
    for (const place of this.#places) this.#remove(place);
    this.#places = [];
  }

  #make(key, wanted, [meta, lowMeta, highMeta], { range: asked, notes, where, compare }) {
    if (!meta) return this.#place({ tile: new Missing(wanted), key, past: null, noted: 0, draw: () => {}, leave: () => {} });
    const plan = planOf(meta);
    const view = viewFitting(wanted, plan);
    const cohorts = plan.list === "retention";
    const last = cohorts ? lastWindows(plan.window, COHORTS) : history(plan.window, asked);
    const range = asked ?? last * 1_000;
    const filter = narrowed(where, plan.by);
    const place = { tile: null, key, past: null, noted: -Infinity, draw: () => place.tile.draw(this.#now()), leave: () => {} };
    const listener = {
      onChange: () => {
        this.#note(place);
        this.#painter.ask(place.draw);
      },
      onError: (code) => {
        // The first word may come while the tile is made.
        queueMicrotask(() => {
          place.tile.fail(code);
          this.#painter.ask(place.draw);
        });
      },
    };
    const open = (name, { window }, condition) =>
      this.#sources.open({ kpi: name, where: condition, last, cumulative: window.kind === "cumulative" }, listener);
    const main = open(meta.name, plan, filter.where);
    const edges = view === "band" ? [lowMeta, highMeta].map((other) => this.#edge(other, open, where)) : [];
    if (compare && !cohorts) {
      const { size, kind } = plan.window;
      const wish = { kpi: meta.name, where: filter.where, range, size, cumulative: kind === "cumulative" };
      place.past = new Past(wish, this.#get, () => {
        place.tile.refresh();
        this.#painter.ask(place.draw);
      });
    }
    const showing = {
      meta,
      plan,
      view,
      size: sizeOf(wanted.size, view),
      title: wanted.title,
      range: asked,
      where: filter.where,
      missing: filter.missing,
      notes,
    };
    const rows = { view: main.view, edges: view === "band" ? { low: edges[0], high: edges[1] } : null, past: place.past };
    place.tile = new Tile(showing, rows, () => this.#onDefinition(place.tile));
    place.leave = () => [main, ...edges].forEach((source) => source?.close());
    this.#painter.ask(place.draw);
    return this.#place(place);
  }

  /** An edge of a band: another KPI, if it runs and is one number. */
  #edge(meta, open, where) {
    const plan = meta && planOf(meta);
    return plan?.shape === "number" ? { ...open(meta.name, plan, narrowed(where, plan.by).where), plan } : null;
  }

  #place(place) {
    const { element } = place.tile;
    this.#byElement.set(element, place);
    this.#host.append(element);
    this.#seen.observe(element);
    this.#sized.observe(element);
    return place;
  }

  #remove(place) {
    const { element } = place.tile;
    this.#byElement.delete(element);
    this.#seen.unobserve(element);
    this.#sized.unobserve(element);
    place.leave();
    place.past?.close();
    place.tile.destroy();
  }

  /** What dimensions there are, from the newest window: enough for the choice of a filter. */
  #note(place) {
    const now = performance.now();
    const newest = now - place.noted < NOTE_MS ? null : place.tile?.rows.view.frames.at(-1);
    if (!newest) return;
    place.noted = now;
    for (const { dims } of newest.rows.values()) this.values.see(dims);
  }

  #show({ target, isIntersecting }) {
    const place = this.#byElement.get(target);
    if (!place || place.tile.onScreen === isIntersecting) return;
    place.tile.onScreen = isIntersecting;
    if (isIntersecting) this.#painter.ask(place.draw);
  }
}

/** Groups need the room of a tall tile; in a lower one the trend is what is left of them. */
function viewFitting({ view: wish, size }, plan) {
  const view = viewOf(wish, plan);
  return view === "groups" && (size === "small" || size === "wide") ? "series" : view;
}
