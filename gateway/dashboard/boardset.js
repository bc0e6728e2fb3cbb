// The boards that can be shown: what the server has, drafts of this browser over them, and the board of all KPIs. Pure.

import { rangeOf } from "./viewstate.js";

export const VIEWS = ["auto", "number", "series", "bars", "funnel", "retention", "top", "band", "sessions"];
export const SIZES = ["auto", "small", "wide", "tall", "large"];
/** The name of the board that has a tile for each KPI. */
export const ALL = "all";

/**
 * @typedef {object} BoardTile
 * @property {string} kpi
 * @property {string} view one of VIEWS
 * @property {string} size one of SIZES
 * @property {string} title @property {string} range @property {string} low @property {string} high empty when not said
 *
 * @typedef {object} Annotation
 * @property {number} at epoch ms
 * @property {string} text
 *
 * @typedef {object} Board
 * @property {string} name @property {string} title @property {string} range
 * @property {BoardTile[]} tile
 * @property {Annotation[]} annotation
 *
 * @typedef {object} Shown
 * @property {Board} board
 * @property {string} version of the server's board, of a draft the one that it was made from; empty when there is none
 * @property {boolean} draft it has changes that the server does not have
 * @property {boolean} behind a draft of what is not on the server any more: saving it would undo what somebody else did
 * @property {boolean} fixed it cannot be edited
 * @property {Standing|null} standing what the server has of this name; null when it has none
 *
 * @typedef {object} Standing
 * @property {Record<string, any>} table the board, with all that a newer server says of it
 * @property {string} version
 * @property {boolean} builtIn it is no board of the file
 * @property {boolean} overBuiltIn it is one of the file, in the place of a built-in one
 * @property {string|null} next name of the board of the file behind it
 */

const text = (value) => (typeof value === "string" ? value : "");
const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const records = (value) => (Array.isArray(value) ? value.filter(isRecord) : []);

/** @param {string} kpi @param {Partial<BoardTile>} [rest] @returns {BoardTile} */
export const tileOf = (kpi, rest = {}) => ({ kpi, view: "auto", size: "auto", title: "", range: "", low: "", high: "", ...rest });

/**
 * A board out of JSON that came from the server or out of storage; a newer server may know views that this page does not.
 * @param {unknown} given
 * @returns {Board|null} null when it is none
 */
export function boardOf(given) {
  if (!isRecord(given) || typeof given.name !== "string" || !given.name) return null;
  const tiles = records(given.tile).filter(({ kpi }) => typeof kpi === "string").map((tile) => ({
    kpi: tile.kpi,
    view: VIEWS.includes(tile.view) ? tile.view : "auto",
    size: SIZES.includes(tile.size) ? tile.size : "auto",
    title: text(tile.title),
    range: rangeOf(tile.range) === null ? "" : tile.range,
    low: text(tile.low),
    high: text(tile.high),
  }));
  const notes = records(given.annotation).filter(({ at }) => Number.isFinite(at)).map(({ at, text: said }) => ({ at, text: text(said) }));
  const range = rangeOf(given.range) === null ? "" : given.range;
  return { name: given.name, title: text(given.title), range, tile: tiles, annotation: notes };
}

/**
 * @param {unknown} answer of `/v1/boards`; anything else when the server has none
 * @param {Record<string, any>[]} kpis of `/v1/kpis`
 * @param {import("./drafts.js").Draft[]} drafts of this browser
 * @returns {Shown[]} the board of all KPIs is the last one
 */
export function boardsOf(answer, kpis, drafts) {
  const running = new Set(kpis.map(({ name }) => name));
  const shown = [];
  const given = records(answer?.boards);
  for (const [index, table] of given.entries()) {
    const board = boardOf(table);
    if (!board || board.name === ALL) continue;
    // Made for the built-in KPIs; with others it would be a board of gaps.
    if (table.built_in && !board.tile.every(({ kpi }) => running.has(kpi))) continue;
    const standing = standingOf(table, given[index + 1]);
    shown.push({ board, version: standing.version, draft: false, behind: false, fixed: false, standing });
  }
  for (const draft of drafts) {
    const at = shown.findIndex(({ board }) => board.name === draft.board.name);
    const standing = shown[at]?.standing ?? null;
    const place = { ...draft, draft: true, behind: standing !== null && standing.version !== draft.version, fixed: false, standing };
    if (at < 0) shown.push(place);
    else shown[at] = place;
  }
  const all = { name: ALL, title: "All KPIs", range: "", tile: kpis.map(({ name }) => tileOf(name)), annotation: [] };
  return [...shown, { board: all, version: "", draft: false, behind: false, fixed: true, standing: null }];
}

/** @param {Record<string, any>} said @param {Record<string, any>|undefined} next @returns {Standing} */
function standingOf({ version, built_in: builtIn, over_built_in: overBuiltIn, ...table }, next) {
  const behind = next && !next.built_in ? text(next.name) : null;
  return { table, version: text(version), builtIn: builtIn === true, overBuiltIn: overBuiltIn === true, next: behind };
}

/**
 * The boards of the file, which can be put in order; the others stand behind them.
 * @param {unknown} answer of `/v1/boards`
 * @returns {string[]} their names, as they stand
 */
export const filedNames = (answer) => records(answer?.boards).filter((table) => table.built_in !== true).map(({ name }) => text(name));

/**
 * The board that an address names, or the first one.
 * @param {Shown[]} boards
 * @param {string|null} name
 */
export const chosen = (boards, name) => boards.find(({ board }) => board.name === name) ?? boards[0];
