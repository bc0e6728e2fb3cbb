// Editing a board in place: bars on its tiles, and a panel for the board itself.

import { tileOf } from "./boardset.js";
import { added, annotated, changed, moved, unannotated, without } from "./edits.js";
import { element, mark, write } from "./element.js";
import { dayTime } from "./format.js";
import { Missing } from "./missing.js";
import { copied, openSheet } from "./sheet.js";
import { viewsFor } from "./tileview.js";
import { tomlOf } from "./toml.js";
import { choice, fill } from "./toolbar.js";
import { RANGES } from "./viewstate.js";

const SIZE_TEXT = [["auto", "Size: auto"], ["small", "Small"], ["wide", "Wide"], ["tall", "Tall"], ["large", "Large"]];
const VIEW_TEXT = {
  auto: "View: auto", number: "Number", series: "Time series", bars: "Breakdown", funnel: "Funnel", retention: "Retention",
  top: "Top list", band: "Quantile band", sessions: "Sessions",
};
const ranges = (none) => [["", none], ...RANGES.map((range) => [range, `Last ${range}`])];

/**
 * @typedef {object} Acts
 * @property {() => import("./board.js").Board} tiles the board on the screen
 * @property {(board: import("./boardset.js").Board) => void} onChange it has been edited
 * @property {() => void} onSave @property {() => void} onDiscard
 * @property {(title: string) => void} onNew a board with this title, beginning as a copy of this one
 * @property {() => void} onDelete this board is to be deleted: ask
 * @property {() => number} now the server's epoch ms
 */

export class Editor {
  #panel;
  #acts;
  /** @type {import("./boardset.js").Board|null} null while nothing is edited */
  #board = null;
  #said = element("p.said", "", { role: "status" });
  #title = element("input", [], { type: "text", id: "edit-title", maxlength: "200" });
  #range = choice("Range of the board", ranges("Range: auto"));
  #kpi = choice("KPI of a new tile", []);
  #note = element("input", [], { type: "text", id: "edit-note", maxlength: "500", placeholder: "What happened" });
  #at = element("input", [], { type: "datetime-local", "aria-label": "When it happened; now if empty" });
  #notes = element("ul.notes");
  #save = button("Save", () => this.#acts.onSave(), "");
  /** What the panel holds while a board is edited. */
  #rows;
  #discard = button("Discard changes", () => this.#acts.onDiscard());

  /** @param {HTMLElement} panel @param {Acts} acts */
  constructor(panel, acts) {
    this.#panel = panel;
    this.#acts = acts;
    // With each letter, not behind the last: a button that is off cannot be what the focus moves on to.
    this.#title.addEventListener("input", () => this.#change({ ...this.#board, title: this.#title.value.trim() }));
    this.#range.addEventListener("change", () => this.#change({ ...this.#board, range: this.#range.value }));
    const add = button("Add tile", () => this.#add());
    const note = button("Add annotation", () => this.#annotate());
    const toml = button("Copy as TOML", () => this.#showToml());
    const another = button("New board", () => this.askNew());
    const remove = button("Delete board", () => this.#acts.onDelete());
    this.#rows = [
      element("div.row", [element("label", "Title", { for: "edit-title" }), this.#title, this.#range, this.#kpi, add]),
      element("div.row", [element("label", "Annotation", { for: "edit-note" }), this.#note, this.#at, note]),
      this.#notes,
      element("div.row", [this.#save, this.#discard, toml, another, remove, this.#said]),
    ];
  }

  /** @returns {import("./boardset.js").Board|null} what is being edited */
  get board() {
    return this.#board;
  }

  /**
   * @param {import("./boardset.js").Board|null} board null ends the editing
   * @param {{kpis: Record<string, any>[], writable: boolean, draft: boolean}} page
   */
  draw(board, { kpis, writable, draft }) {
    this.#board = board;
    this.#panel.hidden = board === null;
    if (!board) this.#panel.replaceChildren();
    else if (!this.#panel.firstChild) this.#panel.append(...this.#rows);
    document.documentElement.toggleAttribute("data-editing", board !== null);
    if (!board) return this.#unbar();
    if (document.activeElement !== this.#title) this.#title.value = board.title;
    this.#range.value = board.range;
    fill(this.#kpi, kpis.map(({ name, title }) => [name, String(title || name)]));
    this.#notes.replaceChildren(...board.annotation.map((note, index) => this.#noteLine(note, index)));
    this.#notes.hidden = board.annotation.length === 0;
    this.#save.hidden = !writable;
    this.#save.disabled = !draft;
    this.#discard.disabled = !draft;
    if (!writable) this.say("Read-only: the boards are a file on the server that pages cannot write. Your changes are kept in this browser.");
    return this.#bar();
  }

  /** @param {string} text for whoever edits */
  say(text) {
    write(this.#said, text);
  }

  #change(board, focus = null) {
    this.#acts.onChange(board);
    if (focus) this.#focus(focus);
  }

  /** The controls of a tile are where the tile is now: back to the one that was used. */
  #focus({ at, act }) {
    const bar = this.#acts.tiles().tiles[at]?.element.querySelector(".editbar");
    const wanted = bar?.querySelector(`[data-act=${act}]`);
    (wanted?.disabled ? bar.querySelector("button:not(:disabled)") : wanted)?.focus();
  }

  #add() {
    if (!this.#kpi.value) return;
    const board = added(this.#board, tileOf(this.#kpi.value));
    if (board === this.#board) return this.say("This board is full: it has 120 tiles.");
    this.#change(board);
    const { element: tile } = this.#acts.tiles().tiles.at(-1);
    tile.scrollIntoView({ block: "nearest" });
    return this.say("Added at the end");
  }

  #annotate() {
    const text = this.#note.value.trim();
    if (!text) return this.say("Say what happened.");
    const at = this.#at.value ? new Date(this.#at.value).getTime() : Math.round(this.#acts.now());
    this.#note.value = this.#at.value = "";
    this.#change(annotated(this.#board, at, text));
    return this.say(`Annotated at ${dayTime(at, false)}`);
  }

  #noteLine({ at, text }, index) {
    const remove = button("×", () => this.#change(unannotated(this.#board, index)));
    mark(remove, "aria-label", `Remove the annotation ${text}`);
    return element("li", [element("span", `${dayTime(at, false)} · ${text}`), remove]);
  }

  #showToml() {
    const code = element("code", tomlOf(this.#board));
    const said = element("span", "", { role: "status" });
    const copy = button("Copy", async () => write(said, (await copied(code)) ? "Copied" : "Select the text and copy it"), "");
    openSheet("This board as TOML", [
      element("p", "Put it into the file that the setting boards names. The server takes the change by itself."),
      element("pre", [code], { tabindex: "0" }),
      element("p.acts", [copy, said]),
    ]);
  }

  /** Ask for the title of a new board. */
  askNew() {
    const title = element("input", [], { type: "text", id: "new-title", maxlength: "200", required: "", autofocus: "" });
    const form = element("form", [
      element("label", "Title of the new board; it begins as a copy of this one", { for: "new-title" }),
      title,
      element("p.acts", [element("button", "Make it", { type: "submit" })]),
    ]);
    const sheet = openSheet("New board", [form]);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const said = title.value.trim();
      if (!said) return;
      sheet.close();
      this.#acts.onNew(said);
    });
  }

  // ---- bars on the tiles --------------------------------------------------------------------------------------------

  /** A bar on each tile that has none, and the state of all of them. */
  #bar() {
    const { tiles } = this.#acts.tiles();
    tiles.forEach((tile, at) => {
      const bar = tile.element.querySelector(":scope > .editbar") ?? this.#newBar(tile);
      const own = this.#board.tile[at];
      if (!own) return;
      bar.querySelector("[data-act=earlier]").disabled = at === 0;
      bar.querySelector("[data-act=later]").disabled = at === tiles.length - 1;
      for (const key of ["view", "size", "range"]) bar.querySelector(`[data-act=${key}]`).value = own[key];
      const title = bar.querySelector("[data-act=title]");
      if (document.activeElement !== title) title.value = own.title;
    });
  }

  #unbar() {
    for (const { element: tile } of this.#acts.tiles().tiles) tile.querySelector(":scope > .editbar")?.remove();
  }

  #newBar(tile) {
    const at = () => this.#acts.tiles().tiles.indexOf(tile);
    const name = tile.element.querySelector("h2").textContent;
    const fitting = tile instanceof Missing ? ["auto"] : viewsFor(tile.showing.plan);
    // What the board says stays a choice, also where the KPI cannot fill it.
    const views = [...new Set([...fitting, this.#board.tile[at()].view])];
    const set = (key, control) => {
      control.dataset.act = key;
      mark(control, "aria-label", `${key} of ${name}`);
      // What is typed counts with each letter, as the title of the board does; a choice makes the tile anew, with its bar.
      const typed = control instanceof HTMLInputElement;
      control.addEventListener(typed ? "input" : "change", () => {
        const index = at();
        this.#change(changed(this.#board, index, { [key]: control.value.trim() }), typed ? null : { at: index, act: key });
      });
      return control;
    };
    const step = (by, act, sign, said) => {
      const made = button(sign, () => {
        const from = at();
        this.#change(moved(this.#board, from, from + by), { at: from + by, act });
        this.say(`${name}: place ${from + by + 1} of ${this.#board.tile.length}`);
      });
      made.dataset.act = act;
      mark(made, "aria-label", `Move ${name} ${said}`);
      return made;
    };
    const remove = button("×", () => {
      const index = at();
      this.#change(without(this.#board, index), { at: Math.min(index, this.#board.tile.length - 2), act: "remove" });
      this.say(`${name} is off the board`);
    });
    remove.dataset.act = "remove";
    mark(remove, "aria-label", `Remove ${name}`);
    const bar = element("div.editbar", [
      this.#grip(tile, at),
      step(-1, "earlier", "◀", "earlier"),
      step(1, "later", "▶", "later"),
      set("title", element("input", [], { type: "text", maxlength: "200", placeholder: name })),
      remove,
      set("view", choice("", views.map((view) => [view, VIEW_TEXT[view]]))),
      set("size", choice("", SIZE_TEXT)),
      set("range", choice("", ranges("Range: board"))),
    ], { role: "group", "aria-label": `Edit ${name}` });
    tile.element.prepend(bar);
    return bar;
  }

  /** For the pointer: drag a tile by its grip onto the place of another. */
  #grip(tile, at) {
    const grip = element("span.grip", "⠿", { draggable: "true", "aria-hidden": "true", title: "Drag to move" });
    grip.addEventListener("dragstart", (event) => {
      event.dataTransfer.setData("application/x-tidegate-tile", String(at()));
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setDragImage(tile.element, 20, 20);
    });
    const mine = (event) => event.dataTransfer.types.includes("application/x-tidegate-tile");
    tile.element.addEventListener("dragover", (event) => this.#board && mine(event) && event.preventDefault());
    tile.element.addEventListener("drop", (event) => {
      if (!this.#board || !mine(event)) return;
      event.preventDefault();
      const from = Number(event.dataTransfer.getData("application/x-tidegate-tile"));
      this.#change(moved(this.#board, from, at()), { at: at(), act: "earlier" });
    });
    return grip;
  }
}

function button(text, act, look = ".quiet") {
  const made = element(`button${look}`, text, { type: "button" });
  made.addEventListener("click", act);
  return made;
}
