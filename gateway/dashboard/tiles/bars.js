// The groups of a window, or the items of a list: highest first, in a table that is filled in place.

import { Table } from "../table.js";

export class BarsPart {
  #table;
  #slots = null;

  /** @param {{rows: number, heading: string, unit: string}} options */
  constructor({ rows, heading, unit }) {
    this.#table = new Table({ rows, heading, unit, slotOf: (key) => this.#slots?.of(key) ?? -1 });
    this.element = this.#table.element;
  }

  /** @param {import("../tile.js").Scene} scene */
  draw({ reading, slots }) {
    this.#slots = slots;
    this.#table.draw(reading.entries);
  }
}
