// A funnel: how many reached each step, how many of those before went on, and how long they took.

import { element, mark, stretch, write } from "../element.js";
import { age, exact, quantity, share } from "../format.js";
import { stepNames, timesSteps } from "../measure.js";

/** Steps that have room; the rest is counted below. */
const ROWS = 8;

/**
 * The row that stands for a funnel: the group with the most users at the first step.
 * @param {import("../reading.js").Reading} reading
 * @returns {import("../wire.js").Row|null}
 */
export function leadFunnel(reading) {
  let lead = null;
  for (const row of reading.frame?.rows.values() ?? []) {
    if (!Array.isArray(row.value?.steps)) continue;
    if (!lead || (row.value.steps[0] ?? 0) > (lead.value.steps[0] ?? 0)) lead = row;
  }
  return lead;
}

export class FunnelPart {
  #names;
  #body = element("tbody");
  #more = element("p.more");
  #lines = [];

  /** @param {{sql: unknown}} options */
  constructor({ sql }) {
    this.#names = stepNames(sql);
    const head = ["Step", "Users", "Of first", "Went on", "After"].map((text) => element("th", text, { scope: "col" }));
    const table = element("table.funnel", [element("thead", [element("tr", head)]), this.#body]);
    mark(table, "data-untimed", timesSteps(sql) ? null : "");
    this.element = element("div.steps", [table, this.#more]);
  }

  /** @param {import("../tile.js").Scene} scene */
  draw({ reading }) {
    const value = leadFunnel(reading)?.value ?? { steps: [] };
    const shown = value.steps.slice(0, ROWS);
    while (this.#lines.length < shown.length) this.#lines.push(new Step(this.#body));
    this.#lines.forEach((line, i) => line.draw(shown, i, this.#names[i] ?? `Step ${i + 1}`, value.seconds?.[i]));
    const hidden = value.steps.length - shown.length;
    write(this.#more, hidden > 0 ? `and ${hidden} more` : "");
  }
}

class Step {
  #label;
  #name = element("span.name");
  #count = element("td");
  #first = element("td");
  #before = element("td");
  #took = element("td");
  #row;

  constructor(body) {
    this.#label = element("th.barred", [this.#name], { scope: "row" });
    this.#row = element("tr", [this.#label, this.#count, this.#first, this.#before, this.#took]);
    body.append(this.#row);
  }

  draw(steps, i, name, seconds) {
    mark(this.#row, "data-empty", i < steps.length ? null : "");
    const count = i < steps.length ? steps[i] : null;
    const first = steps[0] ?? 0;
    write(this.#name, count === null ? "" : name);
    mark(this.#name, "title", count === null ? null : name);
    write(this.#count, count === null ? "" : quantity(count).text);
    mark(this.#count, "title", exact(count));
    write(this.#first, count === null ? "" : share(count, first));
    write(this.#before, count === null || i === 0 ? "" : share(count, steps[i - 1]));
    write(this.#took, count !== null && Number.isFinite(seconds) ? age(seconds * 1_000) : "");
    stretch(this.#label, first && count !== null ? count / first : 0);
  }
}
