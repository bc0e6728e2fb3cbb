// The page of boards: what the server has, what the address asks for, what is being edited; and the board that follows.

import { BoardOrder, placeOf } from "./boardorder.js";
import { boardOf, boardsOf, chosen } from "./boardset.js";
import { ALWAYS_LAST, onlyHere, refusal, scopeOf, titleOf } from "./boardwords.js";
import { MOST_DRAFTS } from "./drafts.js";
import { Editor } from "./editor.js";
import { nameFor, same } from "./edits.js";
import { write } from "./element.js";
import { Removal } from "./removal.js";
import { routeTo } from "./route.js";
import { showShare } from "./share.js";
import { Toolbar } from "./toolbar.js";
import { plainState, queryOf, stateOf } from "./viewstate.js";
import { Wall } from "./wall.js";

export class BoardPage {
  #board;
  #api;
  #drafts;
  #key;
  #link;
  #scope;
  #onTitle;
  #toolbar;
  #editor;
  #wall;
  #removal;
  #order;
  #notices;
  #kpis = [];
  /** The server's last answer about boards; null when it had none. */
  #answer = null;
  #boards = [];
  /** The board that the address names; null for the first one. */
  #name = null;
  /** The board that is shown: who has named none stays there when another one becomes the first. */
  #there = null;
  #state = plainState();
  #editing = false;
  /** Whether the KPIs and boards have arrived. */
  #known = false;
  /** Number of the last question about boards: an answer that another question has overtaken says nothing. */
  #asked = 0;
  /** That question: whoever asked before is through once it is answered. */
  #reading = Promise.resolve();

  /**
   * @param {object} parts
   * @param {import("./board.js").Board} parts.board the tiles
   * @param {HTMLElement} parts.bar @param {HTMLElement} parts.panel of the editor
   * @param {HTMLAnchorElement} parts.link to this page; it leads to what was shown last
   * @param {HTMLElement} parts.scope says on a wall, where no control does, that not everything is shown
   * @param {import("./api.js").Api} parts.api
   * @param {import("./drafts.js").Drafts} parts.drafts
   * @param {import("./notice.js").Notices} parts.notices
   * @param {() => string|null} parts.key of this viewer
   * @param {() => number} parts.now the server's epoch ms
   * @param {() => void} parts.onTitle another board is shown, or its title has changed
   */
  constructor({ board, bar, panel, link, scope, api, drafts, notices, key, now, onTitle }) {
    this.#board = board;
    this.#api = api;
    this.#drafts = drafts;
    this.#key = key;
    this.#link = link;
    this.#scope = scope;
    this.#onTitle = onTitle;
    this.#notices = notices;
    this.#removal = new Removal({ api, drafts, notices, onMoved: (name) => this.#move(name) });
    this.#order = new BoardOrder({
      api,
      find: (name) => this.#boards.find(({ board: { name: other } }) => other === name),
      answer: () => this.#answer,
      say: (text) => this.#editor.say(text),
      onMoved: () => this.boards(),
    });
    this.#wall = new Wall((wall) => {
      this.#change({ wall });
      if (!wall) this.#takeFocus();
    });
    this.#toolbar = new Toolbar(bar, {
      onState: (changes) => this.#change(changes),
      valuesOf: (name) => board.values.of(name),
      onEdit: () => (this.#shown.fixed ? this.#editor.askNew(ALWAYS_LAST) : this.#edit(!this.#editing)),
      onWall: () => this.#wall.enter(),
      onShare: () => showShare(location.href.split("#")[0], this.#route(this.#shown.board.name), this.#key(), onlyHere(this.#shown)),
    });
    this.#editor = new Editor(panel, {
      tiles: () => board,
      onChange: (edited) => this.#keep(edited),
      onSave: () => this.#save(this.#shown.version),
      onSaveOver: () => this.#save(this.#shown.standing.version),
      onDiscard: () => this.#discard(),
      onNew: (title) => this.#make(title),
      onMove: (way) => this.#order.move(this.#shown.board.name, way),
      onDelete: () => this.#removal.ask(this.#shown, this.#answer.writable === true),
      now,
    });
  }

  /** Title of the board that is shown; empty while there is none. */
  get title() {
    return this.#known ? titleOf(this.#shown.board) : "";
  }

  /** Another tab of this browser has edited boards, or saved them. */
  redraft() {
    if (this.#known) this.#draw();
  }

  /** The page was come to, or the address changed on it. @param {import("./route.js").Route} route */
  enter({ name, query }) {
    if (name !== this.#name) this.#editing = false;
    this.#name = name;
    this.#there = null;
    this.#state = stateOf(query);
    this.#wall.show(this.#state.wall);
    this.#draw();
    if (this.#known) this.#seek();
  }

  leave() {
    if (this.#wall.on) this.#wall.show(false);
  }

  /** The KPIs that run, perhaps others than before. @param {Record<string, any>[]} kpis */
  async kpis(kpis) {
    this.#kpis = kpis;
    await this.boards();
  }

  /** The server's boards may have changed: read them. Without an answer what was known goes on. */
  boards() {
    return (this.#reading = this.#read(++this.#asked));
  }

  async #read(asked) {
    const answer = await this.#api.get("v1/boards").catch(() => null);
    if (asked !== this.#asked) return this.#reading;
    const before = this.#known ? this.#shown : null;
    this.#answer = answer ?? this.#answer ?? { boards: [], writable: false };
    this.#known = true;
    const there = namesOf(this.#answer);
    // Drafts of boards that are gone are drafts of new ones.
    for (const { board, version } of this.#drafts.all) if (version && !there.has(board.name)) this.#drafts.keep(board, "");
    this.#draw();
    if (!before) return this.#seek();
    if (this.#shown.board.name !== before.board.name) this.#notices.hide("gone");
    if (before.standing && !there.has(before.board.name)) this.#miss(before);
    return undefined;
  }

  /** Whoever opened an address of no board expected another one than is shown. */
  #seek() {
    const { board } = this.#shown;
    if (this.#name === null || board.name === this.#name) return;
    this.#notices.show("gone", `There is no board ${this.#name}. This is ${titleOf(board)}.`);
  }

  /** The board that was shown is gone; whoever watched it did not do that. */
  #miss({ board: { name, title } }) {
    if (this.#removal.isGoing(name)) return;
    const { board } = this.#shown;
    const gone = `The board ${title || name} was deleted.`;
    if (board.name === name) return this.#editor.say(`${gone} Saving makes it anew.`);
    this.#notices.show("gone", `${gone} This is ${titleOf(board)}.`);
  }

  /** Another viewer, perhaps: nothing of the former one stays. */
  clear() {
    this.#asked += 1;
    this.#reading = Promise.resolve();
    this.#known = false;
    this.#there = null;
    this.#kpis = [];
    this.#answer = null;
    this.#editing = false;
    this.#draw();
    this.#board.clear();
  }

  get #shown() {
    return chosen(this.#boards, this.#name ?? this.#there);
  }

  /** What had the focus may be gone; then the board has it. */
  #takeFocus() {
    if (document.activeElement === document.body) this.#toolbar.focus();
  }

  /** The address of what is shown. @param {string|null} [name] of the board, the one that the address has unless given */
  #route(name = this.#name) {
    return routeTo("board", name, queryOf(this.#state));
  }

  #draw() {
    if (!this.#known) {
      this.#toolbar.rest();
      this.#onTitle();
      return this.#editor.draw(null, { kpis: [], writable: false, draft: false, behind: false, place: { earlier: "", later: "" } });
    }
    this.#boards = boardsOf(this.#answer, this.#kpis, this.#drafts.all);
    const shown = this.#shown;
    this.#there = shown.board.name;
    this.#board.update(shown.board, this.#kpis, this.#state);
    const names = new Set(shown.board.tile.map(({ kpi }) => kpi));
    const by = this.#kpis.filter(({ name }) => names.has(name)).flatMap((meta) => (Array.isArray(meta.by) ? meta.by : []));
    const editing = this.#editing && !shown.fixed;
    const dimensions = [...new Set(by.map(String))].sort();
    this.#toolbar.draw({ boards: this.#boards, shown, state: this.#state, dimensions, editing });
    const writable = this.#answer?.writable === true;
    const { draft, behind } = shown;
    this.#editor.draw(editing ? shown.board : null, { kpis: this.#kpis, writable, draft, behind, place: placeOf(shown, this.#answer) });
    write(this.#scope, scopeOf(this.#state));
    this.#onTitle();
    this.#link.setAttribute("href", this.#route());
    if (this.#wall.on) this.#wall.fit();
    return undefined;
  }

  /** A person chose something: it is in the address too, so that a reload and a copied address show it. */
  #change(changes) {
    this.#state = { ...this.#state, ...changes };
    this.#name = this.#shown?.board.name ?? null;
    history.replaceState(history.state, "", this.#route());
    this.#draw();
  }

  // ---- editing ------------------------------------------------------------------------------------------------------

  #edit(editing) {
    this.#editing = editing;
    this.#name = this.#shown.board.name;
    this.#editor.say("");
    this.#draw();
  }

  #keep(board) {
    const { standing, version } = this.#shown;
    // What is as the server has it, because every change was undone, is no draft.
    if (standing && same(boardOf(standing.table), board)) this.#drafts.forget(board.name);
    else this.#draft(board, version);
    this.#draw();
  }

  /** Keep what is edited, and tell whose draft went for it. */
  #draft(board, version) {
    const gone = this.#drafts.keep(board, version);
    if (gone) this.#notices.show("crowded", `This browser keeps drafts of ${MOST_DRAFTS} boards. That of ${titleOf(gone)}, the oldest, is gone.`, { stays: true });
  }

  #discard() {
    const { board, version } = this.#shown;
    this.#drafts.forget(board.name);
    if (!version) this.#name = null; // It was never saved: there is nothing left of it.
    this.#editing = Boolean(version);
    this.#editor.say("");
    history.replaceState(history.state, "", this.#route());
    this.#draw();
    this.#toolbar.focus();
  }

  #make(title) {
    const name = nameFor(title, this.#boards.map(({ board }) => board.name));
    this.#draft({ ...this.#shown.board, name, title }, "");
    this.#name = name;
    this.#editing = true;
    history.pushState(null, "", this.#route());
    this.#draw();
  }

  /** Boards were deleted or put back by this page. */
  async #move(name) {
    this.#name = name;
    this.#editing = false;
    history.replaceState(history.state, "", this.#route());
    await this.boards();
    this.#toolbar.focus();
  }

  /** @param {string} version that the server has, as far as this page knows: another one is not replaced */
  async #save(version) {
    const { board } = this.#shown;
    this.#editor.say("Saving…");
    let saved;
    try {
      saved = await this.#api.put(`v1/boards/${encodeURIComponent(board.name)}`, board, version);
    } catch (error) {
      this.#editor.say(refusal(error));
      // What is there now is not known yet: the editor says what can be done about it.
      return error.slug === "changed" ? this.boards() : undefined;
    }
    const draft = this.#drafts.all.find((one) => one.board.name === board.name);
    const unchanged = same(draft?.board, board);
    // What was edited while it was on its way is a draft of what is there now.
    if (unchanged) this.#drafts.forget(board.name);
    else if (draft) this.#drafts.keep(draft.board, saved.version);
    this.#editing &&= !unchanged;
    this.#editor.say("");
    this.#notices.show("saved", `${titleOf(board)} is saved.`);
    await this.boards();
    return this.#takeFocus();
  }
}

/** @returns {Set<string>} the boards that the server has, also those that this page does not show */
const namesOf = ({ boards }) => new Set((Array.isArray(boards) ? boards : []).map((table) => table?.name));
