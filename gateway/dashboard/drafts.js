// Boards that were edited and not saved: kept in this browser, so that a reload loses nothing.

import { boardOf } from "./boardset.js";

const NAME = "tidegate.board_drafts";
const MOST = 20;

/**
 * @typedef {object} Draft
 * @property {import("./boardset.js").Board} board
 * @property {string} version of the server's board that was edited; empty for a new one
 */

export class Drafts {
  #storage;
  /** @type {Map<string, Draft>} by name, the last edited one last */
  #drafts;

  /** @param {Storage|null} storage null, or one that refuses: then drafts live as long as the page */
  constructor(storage) {
    this.#storage = storage;
    this.#drafts = new Map(this.#load().map((draft) => [draft.board.name, draft]));
  }

  /** @returns {Draft[]} */
  get all() {
    return [...this.#drafts.values()];
  }

  /** @param {import("./boardset.js").Board} board @param {string} version */
  keep(board, version) {
    this.#drafts.delete(board.name);
    this.#drafts.set(board.name, { board, version });
    if (this.#drafts.size > MOST) this.#drafts.delete(this.#drafts.keys().next().value);
    this.#save();
  }

  /** @param {string} name */
  forget(name) {
    if (this.#drafts.delete(name)) this.#save();
  }

  #load() {
    try {
      const found = JSON.parse(this.#storage?.getItem(NAME) ?? "[]");
      const drafts = (Array.isArray(found) ? found : []).map((one) => ({ board: boardOf(one?.board), version: String(one?.version ?? "") }));
      return drafts.filter(({ board }) => board !== null);
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
