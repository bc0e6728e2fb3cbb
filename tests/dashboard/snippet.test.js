import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

import { snippet } from "../../gateway/dashboard/snippet.js";

const ORIGIN = "https://gate.example";
const ODD = `a'b"c\\d</script><!--$(x)\`y\``;

test("without a key there is a placeholder, with one the key", () => {
  for (const kind of ["page", "python", "curl", "nonsense"]) {
    assert.match(snippet(kind, ORIGIN, ""), /YOUR_WRITE_KEY/);
    assert.match(snippet(kind, ORIGIN, "wk_1"), /wk_1/);
    assert.match(snippet(kind, ORIGIN, "wk_1"), /gate\.example/);
  }
});

test("a key with quotes does not break out of a page's script", () => {
  const text = snippet("page", ORIGIN, ODD);
  assert.equal(text.match(/<\/script>/g).length, 1);
  assert.equal(text.includes("<!--"), false);
  const [, literal] = text.match(/init\((.*)\);/);
  assert.equal(JSON.parse(literal), ODD);
});

test("a shell takes the command as it is meant", () => {
  const command = snippet("curl", ORIGIN, ODD).replace(/^curl/, "printf '%s\\n'");
  const { stdout } = spawnSync("sh", ["-c", command], { encoding: "utf8" });
  const lines = stdout.trimEnd().split("\n");
  assert.equal(lines[0], `${ORIGIN}/v1/events`);
  assert.equal(JSON.parse(lines.at(-1)).token, ODD);
});
