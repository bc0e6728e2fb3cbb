// The bars on the tiles of a board that is edited: its place, its copy, its end, its title, view, size and range.

import { changed, duplicated, moved, without } from "./edits.js";
import { element, mark } from "./element.js";
import { Missing } from "./missing.js";
import { viewsFor } from "./tileview.js";
import { choice } from "./toolbar.js";
import { rangeChoices } from "./viewstate.js";

const SIZE_TEXT = [["auto", "Size: auto"], ["small", "Small"], ["wide", "Wide"], ["tall", "Tall"], ["large", "Large"]];
const VIEW_TEXT = {
  auto: "View: auto", number: "Number", series: "Time series", bars: "Breakdown", funnel: "Funnel", retention: "Retention",
  top: "Top list", band: "Quantile band", sessions: "Sessions",
};
const DRAGGED = "application/x-tidegate-tile";

/** @param {string} text @param {() => void} act @param {boolean} [quiet] one of many, not what is done mostly */
export function button(text, act, quiet = true) {
  const made = element(quiet ? "button.quiet" : "button", text, { type: "button" });
  made.addEventListener("click", act);
  return made;
}

/**
 * @typedef {object} Acts
 * @property {() => import("./board.js").Board} tiles the board on the screen
 * @property {(board: import("./boardset.js").Board, typing?: string) => void} onChange it has been edited; by typing, in what
 * @property {() => void} onNone the last tile is off the board
 * @property {() => void} onFull there is no room for another tile
 * @property {(text: string) => void} say what was done, for whoever edits
 */

export class EditBars {
  #acts;
  /** @type {import("./boardset.js").Board|null} null while nothing is edited */
  #board = null;
  /** @type {WeakMap<Element, (name: string) => void>} by bar: what it says of its tile, when that is named so */
  #naming = new WeakMap();

  /** @param {Acts} acts */
  constructor(acts) {
    this.#acts = acts;
  }

  /** A bar on each tile that has none, and the state of all of them. @param {import("./boardset.js").Board} board */
  draw(board) {
    this.#board = board;
    const { tiles } = this.#acts.tiles();
    tiles.forEach((tile, at) => {
      const own = board.tile[at];
      if (!own) return;
      const bar = tile.element.querySelector(":scope > .editbar") ?? this.#make(tile);
      bar.querySelector("[data-act=earlier]").disabled = at === 0;
      bar.querySelector("[data-act=later]").disabled = at === tiles.length - 1;
      for (const key of ["view", "size", "range"]) bar.querySelector(`[data-act=${key}]`).value = own[key];
      const title = bar.querySelector("[data-act=title]");
      if (document.activeElement === title) return; // What it is called is not said anew with each letter.
      title.value = own.title;
      this.#naming.get(bar)(nameOf(tile));
    });
  }

  /** Nothing is edited any more. */
  clear() {
    this.#board = null;
    for (const { element: tile } of this.#acts.tiles().tiles) tile.querySelector(":scope > .editbar")?.remove();
  }

  #change(board, { at, act }) {
    this.#acts.onChange(board);
    this.#focus(at, act);
  }

  /** The controls of a tile are where the tile is now: back to the one that was used. */
  #focus(at, act) {
    const bar = this.#acts.tiles().tiles[at]?.element.querySelector(".editbar");
    if (!bar) return this.#acts.onNone();
    const wanted = bar.querySelector(`[data-act=${act}]`);
    return (wanted.disabled ? bar.querySelector("button:not(:disabled)") : wanted).focus();
  }

  #make(tile) {
    const at = () => this.#acts.tiles().tiles.indexOf(tile);
    const fitting = tile instanceof Missing ? ["auto"] : viewsFor(tile.showing.plan);
    // What the board says stays a choice, also where the KPI cannot fill it.
    const views = [...new Set([...fitting, this.#board.tile[at()].view])];
    const named = [];
    const set = (key, control) => {
      control.dataset.act = key;
      named.push((name) => mark(control, "aria-label", `${key} of ${name}`));
      // What is typed counts with each letter, as the title of the board does; a choice makes the tile anew, with its bar.
      const typed = control instanceof HTMLInputElement;
      control.addEventListener(typed ? "input" : "change", () => {
        const index = at();
        const board = changed(this.#board, index, { [key]: control.value.trim() });
        if (typed) this.#acts.onChange(board, `${key} ${index}`);
        else this.#change(board, { at: index, act: key });
      });
      return control;
    };
    const push = (sign, act, label, done) => {
      const made = button(sign, done);
      made.dataset.act = act;
      named.push((name) => ["aria-label", "title"].forEach((attribute) => mark(made, attribute, label(name))));
      return made;
    };
    const step = (by, act, sign, said) => push(sign, act, (name) => `Move ${name} ${said}`, () => {
      const from = at();
      const name = nameOf(tile);
      this.#change(moved(this.#board, from, from + by), { at: from + by, act });
      this.#acts.say(`${name}: place ${from + by + 1} of ${this.#board.tile.length}`);
    });
    const copy = push("", "copy", (name) => `Duplicate ${name}`, () => this.#duplicate(at()));
    copy.append(element("i.twin"));
    const remove = push("×", "remove", (name) => `Remove ${name}`, () => {
      const index = at();
      const name = nameOf(tile);
      this.#change(without(this.#board, index), { at: Math.min(index, this.#board.tile.length - 2), act: "remove" });
      this.#acts.say(`${name} is off the board`);
    });
    const title = element("input", [], { type: "text", maxlength: "200" });
    const bar = element("div.editbar", [
      this.#grip(tile, at),
      step(-1, "earlier", "◀", "earlier"),
      step(1, "later", "▶", "later"),
      set("title", title),
      copy,
      remove,
      element("div.picks", [
        set("view", choice("", views.map((view) => [view, VIEW_TEXT[view]]))),
        set("size", choice("", SIZE_TEXT)),
        set("range", choice("", rangeChoices("Range: board"))),
      ]),
    ], { role: "group" });
    named.push((name) => mark(bar, "aria-label", `Edit ${name}`), (name) => mark(title, "placeholder", name));
    this.#naming.set(bar, (name) => named.forEach((say) => say(name)));
    title.addEventListener("change", () => this.#naming.get(bar)(nameOf(tile)));
    tile.element.prepend(bar);
    return bar;
  }

  /** The copy is to be another one: its title is where to begin. */
  #duplicate(at) {
    const board = duplicated(this.#board, at, nameOf(this.#acts.tiles().tiles[at]));
    if (board === this.#board) return this.#acts.onFull();
    this.#change(board, { at: at + 1, act: "title" });
    const field = document.activeElement;
    if (field instanceof HTMLInputElement) field.select();
    return this.#acts.say(`${board.tile[at + 1].title}: place ${at + 2} of ${board.tile.length}`);
  }

  /** For the pointer: drag a tile by its grip onto the place of another. */
  #grip(tile, at) {
    const grip = element("span.grip", "⠿", { draggable: "true", "aria-hidden": "true", title: "Drag to move" });
    grip.addEventListener("dragstart", (event) => {
      event.dataTransfer.setData(DRAGGED, String(at()));
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setDragImage(tile.element, 20, 20);
    });
    const mine = (event) => event.dataTransfer.types.includes(DRAGGED);
    tile.element.addEventListener("dragover", (event) => this.#board && mine(event) && event.preventDefault());
    tile.element.addEventListener("drop", (event) => {
      if (!this.#board || !mine(event)) return;
      event.preventDefault();
      const from = Number(event.dataTransfer.getData(DRAGGED));
      this.#change(moved(this.#board, from, at()), { at: at(), act: "earlier" });
    });
    return grip;
  }
}

/** What a tile is called on the screen: its own title, or else that of its KPI. */
const nameOf = ({ element: tile }) => tile.querySelector("h2").textContent;
