// What an empty board says: no tile on it, or no event seen yet; and where to go from there.

export class Empty {
  #card;

  /** @param {HTMLElement} card */
  constructor(card) {
    this.#card = card;
  }

  /** @param {"none"|"tiles"|"events"} missing what the board lacks */
  show(missing) {
    this.#card.hidden = missing === "none";
    this.#card.dataset.missing = missing;
  }
}
