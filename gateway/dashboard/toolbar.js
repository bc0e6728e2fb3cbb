// The bar over a board: which board, which range, which filter, and what can be done with it.

import { element, mark, write } from "./element.js";
import { dimension } from "./format.js";
import { routeTo } from "./route.js";
import { RANGES, queryOf, rangeChoices } from "./viewstate.js";

/**
 * @typedef {object} Acts
 * @property {(changes: Partial<import("./viewstate.js").ViewState>) => void} onState
 * @property {(name: string) => import("./wire.js").Dim[]} valuesOf values of a dimension that are known
 * @property {() => void} onEdit @property {() => void} onWall @property {() => void} onShare
 */

/** @param {string} name @param {[string, string][]} options value and text @returns {HTMLSelectElement} */
export function choice(name, options) {
  const made = element("select", [], { "aria-label": name });
  fill(made, options);
  return made;
}

/** Put other options into a choice, unless they are those that it has. */
export function fill(select, options) {
  const text = JSON.stringify(options);
  if (select.dataset.options === text) return;
  select.dataset.options = text;
  select.replaceChildren(...options.map(([value, said]) => element("option", said, { value })));
}

const pushed = (text, act, title) => {
  const made = element("button.quiet", text, { type: "button", title });
  made.addEventListener("click", act);
  return made;
};

export class Toolbar {
  #host;
  #acts;
  #nav = element("nav.tabs", [], { "aria-label": "Boards" });
  /** Links to the boards, in their order. They stay, so that the focus does. */
  #tabs = [];
  /** Names of their boards; and the place of the one that is shown, at the last look. */
  #names = [];
  #at = -1;
  #chips = element("span.chips");
  #range = choice("Range", []);
  #dimension = choice("Filter by", []);
  #value = choice("Value", []);
  #compare;
  #edit;
  #wall;
  /** @type {import("./viewstate.js").ViewState|null} */
  #state = null;

  /** @param {HTMLElement} host @param {Acts} acts */
  constructor(host, acts) {
    this.#host = host;
    this.#acts = acts;
    this.rest();
    this.#compare = pushed("Compare", () => acts.onState({ compare: !this.#state.compare }), "Show the time before, as long as the range, behind each trend");
    this.#edit = pushed("Edit", acts.onEdit, "Change the tiles, or make a board of them");
    this.#wall = pushed("Wall", acts.onWall, "Full screen, large type; Escape leaves it");
    const share = pushed("Share", acts.onShare, "A link to this view");
    this.#range.addEventListener("change", () => acts.onState({ range: this.#range.value }));
    this.#dimension.addEventListener("change", () => this.#askValue());
    this.#value.addEventListener("change", () => this.#filter());
    this.#value.hidden = true;
    const controls = [this.#range, this.#chips, this.#dimension, this.#value, this.#compare, this.#edit, this.#wall, share];
    host.append(this.#nav, element("div.controls", controls));
    new ResizeObserver(() => this.#uncover()).observe(this.#nav);
  }

  /**
   * @param {object} page
   * @param {import("./boardset.js").Shown[]} page.boards @param {import("./boardset.js").Shown} page.shown
   * @param {import("./viewstate.js").ViewState} page.state
   * @param {string[]} page.dimensions of the KPIs on the board
   * @param {boolean} page.editing
   */
  draw({ boards, shown, state, dimensions, editing }) {
    this.#host.inert = false;
    this.#state = state;
    this.#drawTabs(boards, shown);
    const ranges = state.range && !RANGES.includes(state.range) ? [state.range, ...RANGES] : RANGES;
    fill(this.#range, rangeChoices(`Range: ${shown.board.range || "auto"}`, ranges));
    this.#range.value = state.range;
    const free = dimensions.filter((name) => !(name in state.where));
    fill(this.#dimension, [["", "Filter…"], ...free.map((name) => [name, name])]);
    this.#dimension.hidden = free.length === 0;
    this.#dimension.value = "";
    this.#value.hidden = true;
    this.#chips.replaceChildren(...Object.entries(state.where).map(([name, value]) => this.#chip(name, value)));
    mark(this.#compare, "aria-pressed", String(state.compare));
    mark(this.#edit, "aria-pressed", String(editing));
    if (shown.fixed) this.#edit.removeAttribute("aria-pressed");
    write(this.#edit, shown.fixed ? "New board" : editing ? "Stop editing" : "Edit");
    const at = boards.indexOf(shown);
    if (at !== this.#at) this.#uncover();
    this.#at = at;
  }

  /** There is no board yet, or not any more: until the next `draw` there is nothing to choose, and its place stays. */
  rest() {
    this.#host.inert = true;
  }

  /** The board that is shown takes the focus: what had it is gone. */
  focus() {
    this.#current?.focus();
  }

  get #current() {
    return this.#tabs.find((tab) => tab.hasAttribute("aria-current"));
  }

  /** A board that was moved keeps the focus, and the one that is shown can be seen wherever it stands now. */
  #drawTabs(boards, shown) {
    const focused = this.#names[this.#tabs.indexOf(document.activeElement)];
    const names = boards.map(({ board }) => board.name);
    boards.forEach((one, index) => this.#drawTab(index, one, one === shown));
    for (const gone of this.#tabs.splice(boards.length)) gone.remove();
    this.#names = names;
    const tab = this.#tabs[names.indexOf(focused)];
    if (tab && tab !== document.activeElement) tab.focus({ preventScroll: true });
  }

  /** Scroll the board that is shown into the row; the page stays where it is. */
  #uncover() {
    const tab = this.#current;
    if (!tab) return;
    const [row, own] = [this.#nav.getBoundingClientRect(), tab.getBoundingClientRect()];
    this.#nav.scrollLeft += Math.min(0, own.left - row.left) + Math.max(0, own.right - row.right);
  }

  #drawTab(index, { board, draft, behind }, current) {
    const link = this.#tabs[index] ?? element("a", [element("span"), element("span.badge")]);
    if (!this.#tabs[index]) this.#nav.append((this.#tabs[index] = link));
    write(link.firstChild, board.title || board.name);
    write(link.lastChild, behind ? "old draft" : draft ? "draft" : "");
    mark(link.lastChild, "title", behind ? "Somebody else saved this board meanwhile; this is what you made of it before" : null);
    mark(link, "href", routeTo("board", board.name, queryOf(this.#state)));
    mark(link, "aria-current", current ? "page" : null);
  }

  #chip(name, value) {
    const said = `${name} = ${dimension(value)}`;
    const chip = element("button.chip", `${said} ×`, { type: "button", "aria-label": `Remove the filter ${said}` });
    chip.addEventListener("click", () => {
      const { [name]: gone, ...where } = this.#state.where;
      this.#acts.onState({ where });
      this.#dimension.focus();
    });
    return chip;
  }

  /** A dimension was chosen: which of its values? */
  #askValue() {
    const name = this.#dimension.value;
    this.#value.hidden = !name;
    if (!name) return;
    const values = this.#acts.valuesOf(name);
    mark(this.#value, "aria-label", `Value of ${name}`);
    fill(this.#value, [["", values.length ? `${name} is…` : `no value of ${name} seen yet`], ...values.map((value) => [JSON.stringify(value), dimension(value)])]);
    this.#value.value = "";
    this.#value.focus();
  }

  #filter() {
    if (!this.#value.value) return;
    const where = { ...this.#state.where, [this.#dimension.value]: JSON.parse(this.#value.value) };
    this.#acts.onState({ where });
    this.#chips.lastChild?.focus();
  }
}
