/** The footer: the SDK's ledger and connection, as they are this moment. */

import { element } from "./dom.js";

const FIGURES = ["sent", "accepted", "duplicate", "rejected", "expired", "pending"];
/** The SDK's connection states in a shopper's words. */
const WORDS = { idle: "idle", connecting: "connecting", open: "live", waiting: "reconnecting", stopped: "stopped" };

/** @type {Record<string, HTMLElement>} */
const cells = {};

/** Lay out the figures, all zero. */
export function layOut() {
  const list = document.getElementById("books");
  for (const name of FIGURES) {
    cells[name] = element("dd", { "data-testid": `ledger-${name}` }, 0);
    list.append(element("div", { class: `figure ${name}` }, element("dt", {}, name), cells[name]));
  }
}

/** @param {Record<string, number>} ledger */
export function showLedger(ledger) {
  for (const name of FIGURES) cells[name].textContent = String(ledger[name]);
  const parts = FIGURES.slice(1).reduce((sum, name) => sum + ledger[name], 0);
  const balance = document.getElementById("balance");
  balance.textContent = ledger.sent === parts ? "every event accounted for" : `${ledger.sent - parts} unaccounted for`;
  balance.dataset.closes = String(ledger.sent === parts);
}

/** @param {{state: string, code: number}} connection */
export function showState({ state, code }) {
  document.getElementById("state-dot").dataset.state = state;
  document.getElementById("state").textContent =
    (WORDS[state] ?? state) + (code && state !== "open" ? ` (${code})` : "");
}
