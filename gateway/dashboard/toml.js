// A board as its part of `boards.toml`, to be copied into the file. Pure.

/**
 * @param {import("./boardset.js").Board} board
 * @returns {string} what is as it would be anyway is left out
 */
export function tomlOf(board) {
  return [
    block("board", { name: board.name, title: board.title, range: board.range }),
    ...board.tile.map(({ kpi, view, size, ...rest }) => block("board.tile", {
      kpi,
      view: view === "auto" ? "" : view,
      size: size === "auto" ? "" : size,
      ...rest,
    })),
    ...board.annotation.map(({ at, text }) => `[[board.annotation]]\nat = ${new Date(at).toISOString()}\ntext = ${literal(text)}\n`),
  ].join("\n");
}

function block(header, values) {
  const lines = Object.entries(values).filter(([, value]) => value !== "").map(([key, value]) => `${key} = ${literal(value)}\n`);
  return `[[${header}]]\n${lines.join("")}`;
}

/** JSON escapes what a basic string of TOML must escape, but for the one control character behind ASCII. */
const literal = (value) => JSON.stringify(value).replaceAll("\x7f", "\\u007f");
