// Changes of a board, each as another board: what the editor does. Pure.

/** @typedef {import("./boardset.js").Board} Board @typedef {import("./boardset.js").BoardTile} BoardTile */

/** As many as the server takes. */
export const MOST_TILES = 120;
/** Characters of a title that the server takes. */
export const MOST_TITLE = 200;

/** Whether two boards say the same. @param {Board|null|undefined} one @param {Board|null|undefined} other */
export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * @param {Board} board @param {number} from @param {number} to where the tile stands afterwards; held within the board
 * @returns {Board}
 */
export function moved(board, from, to) {
  const tile = [...board.tile];
  const [taken] = tile.splice(from, 1);
  if (!taken) return board;
  tile.splice(Math.max(0, Math.min(tile.length, to)), 0, taken);
  return { ...board, tile };
}

/** @param {Board} board @param {number} at @returns {Board} */
export const without = (board, at) => ({ ...board, tile: board.tile.filter((_, index) => index !== at) });

/** @param {Board} board @param {BoardTile} tile @returns {Board} the same when it is full */
export const added = (board, tile) => (board.tile.length >= MOST_TILES ? board : { ...board, tile: [...board.tile, tile] });

/**
 * @param {Board} board @param {number} at @param {string} title that the tile is shown with
 * @returns {Board} with another such tile behind it, whose title says so; the same when it is full
 */
export function duplicated(board, at, title) {
  if (board.tile.length >= MOST_TILES) return board;
  const stem = [...title.replace(/ \(copy(?: \d+)?\)$/, "")].slice(0, MOST_TITLE - " (copy 120)".length).join("");
  const taken = new Set(board.tile.map((tile) => tile.title));
  let copy = `${stem} (copy)`;
  for (let n = 2; taken.has(copy); n++) copy = `${stem} (copy ${n})`;
  return { ...board, tile: board.tile.flatMap((tile, index) => (index === at ? [tile, { ...tile, title: copy }] : [tile])) };
}

/** @param {Board} board @param {number} at @param {Partial<BoardTile>} changes @returns {Board} */
export const changed = (board, at, changes) => ({
  ...board,
  tile: board.tile.map((tile, index) => (index === at ? { ...tile, ...changes } : tile)),
});

/** @param {Board} board @param {number} at epoch ms @param {string} text @returns {Board} annotations stay in the order of time */
export const annotated = (board, at, text) => ({
  ...board,
  annotation: [...board.annotation, { at, text }].sort((a, b) => a.at - b.at),
});

/** @param {Board} board @param {number} index @returns {Board} */
export const unannotated = (board, index) => ({ ...board, annotation: board.annotation.filter((_, at) => at !== index) });

/**
 * A name for a board with this title that none of the others has.
 * @param {string} title @param {string[]} taken
 */
export function nameFor(title, taken) {
  const plain = title.normalize("NFKD").replace(/[^A-Za-z0-9]+/g, "_").replace(/^_+|_+$/g, "").toLowerCase().slice(0, 80);
  const stem = /^[a-z_]/.test(plain) ? plain : `board${plain && `_${plain}`}`;
  let name = stem;
  for (let n = 2; taken.includes(name) || name === "all"; n++) name = `${stem}_${n}`;
  return name;
}
