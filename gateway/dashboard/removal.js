// Deleting a board: what that would mean, asked first; then done, with a way back.

import { element } from "./element.js";
import { openSheet } from "./sheet.js";

/**
 * What deleting a board comes to. Pure.
 * @param {import("./boardset.js").Shown} shown
 * @param {boolean} writable whether the server lets pages save boards
 * @returns {{may: boolean, heading: string, text: string, act: string}} `act` is what the button says
 */
export function removalOf({ board, standing }, writable) {
  const title = board.title || board.name;
  const refused = (text) => ({ may: false, heading: `${title} cannot be deleted here`, text, act: "" });
  if (standing === null) {
    return { may: true, heading: `Delete ${title}?`, text: "It was never saved: only this browser has it.", act: "Delete the board" };
  }
  if (standing.builtIn) {
    return refused("It is built in. Built-in boards are shown as long as their KPIs run and the setting boards names no file of your own.");
  }
  if (!writable) {
    return refused("It is read-only: a board of the file that the setting boards names, which pages cannot write. Take its [[board]] out of that file; the server takes the change by itself.");
  }
  if (standing.overBuiltIn) {
    return { may: true, heading: `Back to the built-in ${title}?`, text: "What was changed on it is gone for everyone, and the built-in board of its name is shown again.", act: "Go back to it" };
  }
  return { may: true, heading: `Delete ${title}?`, text: "It is gone for everyone who watches it, and for links that lead to it. Its KPIs and their numbers stay.", act: "Delete the board" };
}

const refusal = (error, done) => {
  if (error.slug === "changed") return `Not ${done}: somebody else changed this board meanwhile. This is what is there now.`;
  if (error.slug === "unknown_board") return "Somebody else deleted this board meanwhile.";
  if (error.slug === "storage") return `Not ${done}: the server cannot write to its disk, which may be full.`;
  return `Not ${done}: ${error.message}.`;
};

/**
 * @typedef {object} Surroundings
 * @property {import("./api.js").Api} api
 * @property {import("./drafts.js").Drafts} drafts
 * @property {import("./notice.js").Notices} notices
 * @property {(name: string|null) => Promise<void>} onMoved the boards are others, and the one of this name is to be shown; null: the first
 */

export class Removal {
  #to;
  /** Name of the board that is being deleted: its being gone is no news here. */
  #going = null;

  /** @param {Surroundings} to */
  constructor(to) {
    this.#to = to;
  }

  /** @param {string} name */
  isGoing(name) {
    return this.#going === name;
  }

  /** Ask; nothing happens without a yes. @param {import("./boardset.js").Shown} shown @param {boolean} writable */
  ask(shown, writable) {
    const { may, heading, text, act } = removalOf(shown, writable);
    const yes = element("button", act, { type: "button" });
    const sheet = openSheet(heading, [element("p", text), ...(may ? [element("p.acts", [yes])] : [])]);
    yes.addEventListener("click", () => {
      sheet.close();
      void this.#remove(shown);
    });
  }

  async #remove(shown) {
    const { board: { name, title }, standing } = shown;
    const { api, drafts, notices, onMoved } = this.#to;
    const draft = drafts.all.find((one) => one.board.name === name);
    this.#going = name;
    let left = { version: "" };
    try {
      if (standing) left = await api.delete(pathOf(name), standing.version);
    } catch (error) {
      notices.show(codeOf(name), refusal(error, "deleted"));
      this.#going = null;
      return onMoved(name);
    }
    drafts.forget(name);
    await onMoved(left.version ? name : null);
    this.#going = null;
    const said = left.version ? `${title || name} is the built-in board again.` : `The board ${title || name} is deleted.`;
    return notices.offer(codeOf(name), said, "Undo", () => void this.#undo(shown, draft, left.version));
  }

  /** Everything as it was: the board in its place, and what was being edited of it. */
  async #undo({ board: { name }, standing }, draft, version) {
    const { api, drafts, notices, onMoved } = this.#to;
    let saved = { version: "" };
    try {
      const before = standing?.next ? `?before=${encodeURIComponent(standing.next)}` : "";
      if (standing) saved = await api.put(pathOf(name) + before, standing.table, version);
    } catch (error) {
      notices.show(codeOf(name), error.slug === "changed" ? "Not undone: there is another board of this name by now." : refusal(error, "undone"));
      return onMoved(null);
    }
    if (draft) drafts.keep(draft.board, draft.version && saved.version);
    await onMoved(name);
    return notices.show(codeOf(name), "The board is back.");
  }
}

/** Of its notice: what was deleted before can still be put back. */
const codeOf = (name) => `deleted ${name}`;
const pathOf = (name) => `v1/boards/${encodeURIComponent(name)}`;
