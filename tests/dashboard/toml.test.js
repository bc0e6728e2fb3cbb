import assert from "node:assert/strict";
import { test } from "node:test";

import { boardOf, tileOf } from "../../gateway/dashboard/boardset.js";
import { tomlOf } from "../../gateway/dashboard/toml.js";

test("a board is written as its file has it, without what goes without saying", () => {
  const board = boardOf({
    name: "main",
    title: 'Ü "x" \\ \n\u007f',
    range: "1h",
    tile: [tileOf("a"), tileOf("b", { view: "band", size: "wide", title: "T", range: "5m", low: "c", high: "d" })],
    annotation: [{ at: 1_767_268_800_000, text: "Release" }],
  });
  assert.equal(tomlOf(board), `[[board]]
name = "main"
title = "Ü \\"x\\" \\\\ \\n\\u007f"
range = "1h"

[[board.tile]]
kpi = "a"

[[board.tile]]
kpi = "b"
view = "band"
size = "wide"
title = "T"
range = "5m"
low = "c"
high = "d"

[[board.annotation]]
at = 2026-01-01T12:00:00.000Z
text = "Release"
`);
});
