// What an empty board says: no KPI defined, or no event seen yet; and where to go from there.

export class Empty {
  #card;

  /** @param {HTMLElement} card */
  constructor(card) {
    this.#card = card;
  }

  /** @param {"none"|"kpis"|"events"} missing what the board lacks */
  show(missing) {
    this.#card.hidden = missing === "none";
    this.#card.dataset.missing = missing;
  }
}
