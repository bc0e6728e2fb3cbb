// Editing a board in place: a panel for the board itself, and bars on its tiles.

import { tileOf } from "./boardset.js";
import { EditBars, button } from "./editbars.js";
import { added, annotated, same, unannotated } from "./edits.js";
import { element, mark, write } from "./element.js";
import { dayTime } from "./format.js";
import { copied, openSheet } from "./sheet.js";
import { tomlOf } from "./toml.js";
import { choice, fill } from "./toolbar.js";
import { rangeChoices } from "./viewstate.js";

/** What is said of a save that would undo what somebody else did. */
export const OVERTAKEN = "Not saved. Somebody else saved this board meanwhile.";
const FULL = "This board is full: it has 120 tiles.";
const BEHIND = "Somebody else saved this board meanwhile. Yours is kept in this browser: \u201cSave over theirs\u201d puts it in the place of theirs, \u201cDiscard changes\u201d shows theirs, and \u201cNew board\u201d makes yours another board.";
/** Edits that can be taken back. */
const MOST_STEPS = 100;

/**
 * @typedef {object} Acts
 * @property {() => import("./board.js").Board} tiles the board on the screen
 * @property {(board: import("./boardset.js").Board) => void} onChange it has been edited
 * @property {() => void} onSave @property {() => void} onSaveOver what somebody else saved meanwhile is to go
 * @property {() => void} onDiscard
 * @property {(title: string) => void} onNew a board with this title, beginning as a copy of this one
 * @property {() => void} onDelete this board is to be deleted: ask
 * @property {(way: "earlier"|"later") => void} onMove this board is to go one place among the boards, or to say why not
 * @property {() => number} now the server's epoch ms
 */

export class Editor {
  #panel;
  #acts;
  /** @type {import("./boardset.js").Board|null} null while nothing is edited */
  #board = null;
  #bars;
  /** Boards as they were before each edit, the last one last: of the one that is edited, until it is left or saved. */
  #steps = [];
  /** The board as it was left by the last edit here: another one was edited elsewhere, and steps would undo that, too. */
  #left = null;
  /** What is being typed in, or null: all its letters are one edit. */
  #typing = null;
  #stale = false;
  #said = element("p.said", "", { role: "status" });
  #behind = element("p.overtaken", "", { role: "status" });
  #title = element("input", [], { type: "text", id: "edit-title", maxlength: "200" });
  #range = choice("Range of the board", rangeChoices("Range: auto"));
  #kpi = choice("KPI of a new tile", []);
  #note = element("input", [], { type: "text", id: "edit-note", maxlength: "500", placeholder: "What happened" });
  #at = element("input", [], { type: "datetime-local", "aria-label": "When it happened; now if empty" });
  #notes = element("ul.notes");
  #save = button("Save", () => (this.#stale ? this.say(OVERTAKEN) : this.#acts.onSave()), false);
  #over = button("Save over theirs", () => this.#acts.onSaveOver());
  #undo = button("Undo", () => this.#stepBack());
  #earlier = button("Move board earlier", () => this.#acts.onMove("earlier"));
  #later = button("Move board later", () => this.#acts.onMove("later"));
  /** What the panel holds while a board is edited. */
  #rows;
  #discard = button("Discard changes", () => this.#acts.onDiscard());

  /** @param {HTMLElement} panel @param {Acts} acts */
  constructor(panel, acts) {
    this.#panel = panel;
    this.#acts = acts;
    this.#bars = new EditBars({
      tiles: acts.tiles,
      onChange: (board, typing) => this.#change(board, typing),
      onNone: () => this.#kpi.focus(),
      onFull: () => this.say(FULL),
      say: (text) => this.say(text),
    });
    // With each letter, not behind the last: a button that is off cannot be what the focus moves on to.
    this.#title.addEventListener("input", () => this.#change({ ...this.#board, title: this.#title.value.trim() }, "title"));
    this.#range.addEventListener("change", () => this.#change({ ...this.#board, range: this.#range.value }));
    const add = button("Add tile", () => this.#add());
    const note = button("Add annotation", () => this.#annotate());
    for (const field of [this.#note, this.#at]) field.addEventListener("keydown", ({ key }) => key === "Enter" && this.#annotate());
    const toml = button("Copy as TOML", () => this.#showToml());
    const another = button("New board", () => this.askNew());
    const remove = button("Delete board", () => this.#acts.onDelete());
    this.#rows = [
      element("div.row", [element("label", "Title", { for: "edit-title" }), this.#title, this.#range, this.#kpi, add]),
      element("div.row", [element("label", "Annotation", { for: "edit-note" }), this.#note, this.#at, note]),
      this.#notes,
      element("div.row", [this.#save, this.#over, this.#undo, this.#discard, toml, another, remove, this.#earlier, this.#later, this.#said]),
      this.#behind,
    ];
  }

  /** @returns {import("./boardset.js").Board|null} what is being edited */
  get board() {
    return this.#board;
  }

  /**
   * @param {import("./boardset.js").Board|null} board null ends the editing
   * @param {object} page
   * @param {Record<string, any>[]} page.kpis @param {boolean} page.writable
   * @param {boolean} page.draft @param {boolean} page.behind as in `Shown`
   * @param {{earlier: string, later: string}} page.place why the board is not moved there; empty when it can be
   */
  draw(board, { kpis, writable, draft, behind, place }) {
    if (!draft || !same(board, this.#left)) this.#steps = [];
    this.#left = board;
    if (this.#steps.length === 0) this.#typing = null;
    this.#board = board;
    this.#panel.hidden = board === null;
    if (!board) this.#panel.replaceChildren();
    else if (!this.#panel.firstChild) this.#panel.append(...this.#rows);
    document.documentElement.toggleAttribute("data-editing", board !== null);
    if (!board) return this.#bars.clear();
    if (document.activeElement !== this.#title) this.#title.value = board.title;
    this.#range.value = board.range;
    fill(this.#kpi, kpis.map(({ name, title }) => [name, String(title || name)]));
    this.#notes.replaceChildren(...board.annotation.map((note, index) => this.#noteLine(note, index)));
    this.#notes.hidden = board.annotation.length === 0;
    this.#save.hidden = !writable;
    this.#save.disabled = !draft;
    this.#stale = writable && behind;
    this.#over.hidden = !this.#stale;
    write(this.#behind, this.#stale ? BEHIND : "");
    this.#discard.disabled = !draft;
    this.#undo.disabled = this.#steps.length === 0;
    for (const [control, why] of [[this.#earlier, place.earlier], [this.#later, place.later]]) {
      // Not off, so that the focus stays, and who cannot see why can ask.
      mark(control, "aria-disabled", why ? "true" : null);
      mark(control, "title", why || null);
    }
    if (!writable) this.say("Read-only: the boards are a file on the server that pages cannot write. Your changes are kept in this browser.");
    return this.#bars.draw(board);
  }

  /** @param {string} text for whoever edits */
  say(text) {
    write(this.#said, text);
  }

  #change(board, typing = null) {
    if (typing === null || typing !== this.#typing) this.#steps = [...this.#steps.slice(1 - MOST_STEPS), this.#board];
    this.#typing = typing;
    this.#left = board;
    this.#acts.onChange(board);
  }

  #stepBack() {
    const before = this.#steps.at(-1);
    if (!before) return;
    this.#steps = this.#steps.slice(0, -1);
    this.#typing = null;
    this.#left = before;
    this.#acts.onChange(before);
    this.say("The last change is undone");
  }

  #add() {
    if (!this.#kpi.value) return;
    const board = added(this.#board, tileOf(this.#kpi.value));
    if (board === this.#board) return this.say(FULL);
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
    const remove = button("×", () => {
      this.#change(unannotated(this.#board, index));
      (this.#notes.children[index] ?? this.#notes.lastElementChild)?.querySelector("button").focus();
      if (this.#notes.hidden) this.#note.focus();
      this.say(`The annotation ${text} is removed`);
    });
    mark(remove, "aria-label", `Remove the annotation ${text}`);
    return element("li", [element("span", `${dayTime(at, false)} · ${text}`), remove]);
  }

  #showToml() {
    const code = element("code", tomlOf(this.#board));
    const said = element("span", "", { role: "status" });
    const copy = button("Copy", async () => write(said, (await copied(code)) ? "Copied" : "Select the text and copy it"), false);
    openSheet("This board as TOML", [
      element("p", "Put it into the file that the setting boards names. The server takes the change by itself."),
      element("pre", [code], { tabindex: "0" }),
      element("p.acts", [copy, said]),
    ]);
  }

  /** Ask for the title of a new board. @param {string} [why] what is said first: why this one cannot be had otherwise */
  askNew(why = "") {
    const title = element("input", [], { type: "text", id: "new-title", maxlength: "200", required: "", autofocus: "" });
    const form = element("form", [
      element("label", "Title of the new board; it begins as a copy of this one", { for: "new-title" }),
      title,
      element("p.acts", [element("button", "Make it", { type: "submit" })]),
    ]);
    const sheet = openSheet("New board", [...(why ? [element("p", why)] : []), form]);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const said = title.value.trim();
      if (!said) return;
      sheet.close();
      this.#acts.onNew(said);
    });
  }
}
