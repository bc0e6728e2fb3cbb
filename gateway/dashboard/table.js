// The breakdown of a tile: a fixed number of lines, filled in place, so that nothing moves when numbers do.

import { element, mark, stretch, write } from "./element.js";
import { exact, labelText, quantity, within } from "./format.js";

export class Table {
  #lines = [];
  #more = element("td", "", { colspan: "2" });

  /**
   * @param {{rows: number, heading: string, unit: string, slotOf: (key: string) => number}} options
   */
  constructor({ rows, heading, unit, slotOf }) {
    this.unit = unit;
    this.slotOf = slotOf;
    const body = element("tbody");
    for (let i = 0; i < rows; i++) this.#lines.push(new Line(body));
    const head = element("tr", [
      element("th", heading, { scope: "col", title: heading }),
      element("th", "Value", { scope: "col" }),
    ]);
    this.element = element("table.breakdown", [
      element("thead", [head]),
      body,
      element("tfoot", [element("tr", [this.#more])]),
    ]);
  }

  /** @param {import("./reading.js").Entry[]} entries */
  draw(entries) {
    const room = this.#lines.length;
    // The overflow row is part of the total: it keeps the last line even when there are more groups than lines.
    const other = entries.at(-1)?.other ? entries.at(-1) : null;
    const shown = entries.length > room && other ? [...entries.slice(0, room - 1), other] : entries.slice(0, room);
    this.#lines.forEach((line, index) => line.draw(shown[index] ?? null, this.unit, this.slotOf));
    const hidden = entries.length - shown.length;
    write(this.#more, hidden > 0 ? `and ${hidden.toLocaleString()} more` : "");
  }
}

class Line {
  #swatch = element("i.swatch");
  #name = element("span.name");
  #value = element("td");
  #row;
  #label;

  constructor(body) {
    this.#label = element("th.barred", [this.#swatch, this.#name], { scope: "row" });
    this.#row = element("tr", [this.#label, this.#value], { "data-empty": "" });
    body.append(this.#row);
  }

  draw(entry, unit, slotOf) {
    mark(this.#row, "data-empty", entry ? null : "");
    mark(this.#row, "data-other", entry?.other ? "" : null);
    if (!entry) {
      write(this.#name, "");
      write(this.#value, "");
      stretch(this.#label, 0);
      mark(this.#swatch, "data-slot", null);
      return;
    }
    const keys = entry.other && entry.keys ? ` (${entry.keys.toLocaleString()} key${entry.keys === 1 ? "" : "s"})` : "";
    const name = labelText(entry.label) + keys;
    const { text, unit: behind } = quantity(entry.value, unit);
    write(this.#name, name);
    mark(this.#name, "title", name);
    write(this.#value, behind === "%" || behind.length <= 2 ? `${text} ${behind}`.trim() : text);
    mark(this.#value, "title", entry.bounds ? within(entry.bounds) : exact(entry.value));
    mark(this.#value, "data-approximate", entry.bounds ? "" : null);
    stretch(this.#label, entry.share);
    const slot = slotOf(entry.key);
    mark(this.#swatch, "data-slot", slot < 0 ? null : String(slot));
  }
}
