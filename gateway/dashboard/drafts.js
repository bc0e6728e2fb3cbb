// Boards that were edited and not saved: kept in this browser, so that a reload loses nothing.

import { boardOf } from "./boardset.js";

const NAME = "tidegate.board_drafts";
const MOST = 20;

export class Drafts {
  #storage;
  /** @type {Map<string, import("./boardset.js").Board>} by name, the last edited one last */
  #boards;

  /** @param {Storage|null} storage null, or one that refuses: then drafts live as long as the page */
  constructor(storage) {
    this.#storage = storage;
    this.#boards = new Map(this.#load().map((board) => [board.name, board]));
  }

  /** @returns {import("./boardset.js").Board[]} */
  get all() {
    return [...this.#boards.values()];
  }

  /** @param {import("./boardset.js").Board} board */
  keep(board) {
    this.#boards.delete(board.name);
    this.#boards.set(board.name, board);
    if (this.#boards.size > MOST) this.#boards.delete(this.#boards.keys().next().value);
    this.#save();
  }

  /** @param {string} name */
  forget(name) {
    if (this.#boards.delete(name)) this.#save();
  }

  #load() {
    try {
      const found = JSON.parse(this.#storage?.getItem(NAME) ?? "[]");
      return (Array.isArray(found) ? found : []).map(boardOf).filter((board) => board !== null);
    } catch {
      return [];
    }
  }

  #save() {
    try {
      this.#storage?.setItem(NAME, JSON.stringify(this.all));
    } catch {
      // Full or forbidden: kept in memory.
    }
  }
}
