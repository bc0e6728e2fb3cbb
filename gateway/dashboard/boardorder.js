// The order of the boards: where one stands, whether it can go further, and the move, which is everybody's at once.

import { filedNames } from "./boardset.js";
import { titleOf } from "./boardwords.js";

/**
 * Where a board stands among those that can be moved. Pure.
 * @param {import("./boardset.js").Shown} shown
 * @param {Record<string, any>} answer of `/v1/boards`
 * @returns {{names: string[], at: number, earlier: string, later: string}} the boards of the file and its place among them;
 *   `earlier` and `later` say why it does not go there, and are empty when it does
 */
export function placeOf({ board, standing }, answer) {
  const names = filedNames(answer);
  const at = names.indexOf(board.name);
  const fixed = fixedBy(standing, answer.writable === true);
  return {
    names,
    at,
    earlier: fixed || (at > 0 ? "" : "It is the first board already."),
    later: fixed || (at < names.length - 1 ? "" : "It is the last board that can be moved: built-in boards, drafts of new ones and All KPIs stand behind those of the file."),
  };
}

/** Why a board cannot be moved at all; empty when it can. */
function fixedBy(standing, writable) {
  if (standing === null) return "The server does not have it, only this browser does. Save it, then move it.";
  if (standing.builtIn) return "It is built in: built-in boards stand behind those of the file. Save a change of it, and it is one of the file.";
  if (!writable) return "The boards stand as in the file that the setting boards names, which pages cannot write. Move its [[board]] in that file; the server takes the change by itself.";
  return "";
}

function refusal(error) {
  if (error.slug === "changed") return "Not moved: somebody else moved, added or deleted a board meanwhile. This is their order now.";
  if (error.slug === "storage") return "Not moved: the server cannot write to its disk, which may be full.";
  return `Not moved: ${error.message}.`;
}

/**
 * @typedef {object} Surroundings
 * @property {import("./api.js").Api} api
 * @property {(name: string) => import("./boardset.js").Shown|undefined} find the board of a name, as it is known now
 * @property {() => Record<string, any>} answer the newest one of `/v1/boards`
 * @property {(text: string) => void} say what was done, for whoever edits
 * @property {() => Promise<void>} onMoved the boards stand in another order, or another one than was known
 */

export class BoardOrder {
  #to;
  /** The moves under way: one after the other, each from the order that the one before has left. */
  #moves = Promise.resolve();

  /** @param {Surroundings} to */
  constructor(to) {
    this.#to = to;
  }

  /** @param {string} name of a board @param {"earlier"|"later"} way one place */
  move(name, way) {
    this.#moves = this.#moves.then(() => this.#step(name, way));
  }

  async #step(name, way) {
    const { api, find, answer, say, onMoved } = this.#to;
    const shown = find(name);
    if (!shown) return;
    const { names, at, [way]: stays } = placeOf(shown, answer());
    if (stays) return say(stays);
    const to = way === "earlier" ? at - 1 : at + 1;
    const order = names.with(at, names[to]).with(to, name);
    try {
      await api.put("v1/boards", order, answer().order);
    } catch (error) {
      await onMoved();
      return say(refusal(error));
    }
    await onMoved();
    return say(`${titleOf(shown.board)}: place ${to + 1} of ${order.length}`);
  }
}
