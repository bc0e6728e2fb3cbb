import assert from "node:assert/strict";
import { test } from "node:test";

import { belongs } from "../../src/modules/host.js";

test("a host belongs to a domain that it is or that it is below", () => {
  assert.ok(belongs("shop.example", ["shop.example"]));
  assert.ok(belongs("help.shop.example", ["x.example", "shop.example"]));
});

test("a name that merely ends alike does not", () => {
  assert.ok(!belongs("myshop.example", ["shop.example"]));
  assert.ok(!belongs("shop.example.evil.example", ["shop.example"]));
  assert.ok(!belongs("shop.example", []));
});
