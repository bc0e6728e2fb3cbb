// Boards that were edited and not saved: kept in this browser, so that a reload loses nothing. All its tabs have the same.

import { boardOf } from "./boardset.js";

const NAME = "tidegate.board_drafts";
/** Boards with a draft: what they take of the storage that other pages of this origin need, too, is bounded. */
export const MOST_DRAFTS = 20;

/**
 * @typedef {object} Draft
 * @property {import("./boardset.js").Board} board
 * @property {string} version of the server's board that was edited; empty for a new one
 */

export class Drafts {
  #storage;
  /** @type {Map<string, Draft>} by name, the last edited one last */
  #drafts = new Map();
  /** Whether storage has what was kept last; if it refused that, only this page knows it. */
  #stored = true;

  /** @param {Storage|null} storage null, or one that refuses: then drafts live as long as the page */
  constructor(storage) {
    this.#storage = storage;
    this.#read();
  }

  /** @returns {Draft[]} */
  get all() {
    return [...this.#drafts.values()];
  }

  /**
   * Something was stored by another tab: take over what it has kept and forgotten.
   * @param {string|null} name of what was stored; null: everything is gone
   * @returns {boolean} whether these drafts may be others now
   */
  changed(name) {
    if (name !== NAME && name !== null) return false;
    this.#read();
    return true;
  }

  /**
   * @param {import("./boardset.js").Board} board @param {string} version
   * @returns {import("./boardset.js").Board|null} the board whose draft had to make room: the one edited longest ago
   */
  keep(board, version) {
    this.#read();
    this.#drafts.delete(board.name);
    this.#drafts.set(board.name, { board, version });
    const oldest = this.#drafts.size > MOST_DRAFTS ? this.all[0].board : null;
    if (oldest) this.#drafts.delete(oldest.name);
    this.#save();
    return oldest;
  }

  /** @param {string} name */
  forget(name) {
    this.#read();
    if (this.#drafts.delete(name)) this.#save();
  }

  /** What another tab has stored since would be written over by what this page knew before. */
  #read() {
    if (!this.#stored) return;
    try {
      const found = JSON.parse(this.#storage?.getItem(NAME) ?? "[]");
      const drafts = (Array.isArray(found) ? found : []).map((one) => ({ board: boardOf(one?.board), version: String(one?.version ?? "") }));
      this.#drafts = new Map(drafts.filter(({ board }) => board !== null).map((draft) => [draft.board.name, draft]));
    } catch {
      // Not to be read: what this page knows goes on.
    }
  }

  #save() {
    try {
      this.#storage?.setItem(NAME, JSON.stringify(this.all));
      this.#stored = this.#storage !== null;
    } catch {
      this.#stored = false; // Full or forbidden: kept in memory.
    }
  }
}
