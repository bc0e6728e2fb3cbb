// What is said of a board: its title, how it is narrowed, who sees it, why it is not saved.

import { OVERTAKEN } from "./editor.js";
import { dimension } from "./format.js";

/** Why the board of all KPIs is neither edited nor moved. */
export const ALWAYS_LAST = "All KPIs is made by the page, of whatever runs: it is always there, and always last. It cannot be edited or moved; a board made of it can.";

/** @param {import("./boardset.js").Board} board */
export const titleOf = ({ title, name }) => title || name;

/** What is shown of everything, in words; empty when it is all. @param {import("./viewstate.js").ViewState} state */
export function scopeOf({ where, compare }) {
  const only = Object.entries(where).map(([name, value]) => `${name} = ${dimension(value)}`);
  return [only.length ? `Only ${only.join(", ")}` : "", compare ? "Compared with the time before" : ""].filter(Boolean).join(" · ");
}

/** Why a link does not lead others to what is shown here; empty when it does. @param {import("./boardset.js").Shown} shown */
export function onlyHere({ draft, standing }) {
  if (!draft) return "";
  if (standing === null) return "This board is a draft in this browser: nobody else can open it until it is saved.";
  return "This board has changes that are not saved: whoever opens the link sees it without them.";
}

/** Why a board is not saved. @param {import("./api.js").ApiError} error */
export function refusal(error) {
  if (error.slug === "changed") return OVERTAKEN;
  if (error.slug === "storage") return "Not saved: the server cannot write to its disk, which may be full. Your changes are kept in this browser.";
  if (error.slug === "read_only") return "The server does not let pages save boards. Your changes are kept in this browser.";
  return `Not saved: ${error.message}. Your changes are kept in this browser.`;
}
