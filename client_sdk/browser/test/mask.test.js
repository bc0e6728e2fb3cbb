import assert from "node:assert/strict";
import { test } from "node:test";

import { maskUrl } from "../src/mask.js";

test("secret values are masked in query and fragment, others are kept", () => {
  const url = "https://a.example/p?id=7&token=abc&utm_source=x&Email=a%40b.c#access_token=zzz&view=1";
  const masked = "https://a.example/p?id=7&token=***&utm_source=x&Email=***#access_token=***&view=1";
  assert.equal(maskUrl(url), masked);
});

test("with a list, only its parameters keep their values, and secret ones never do", () => {
  const url = "/p?id=7&utm_source=x&password=1&flag&empty=";
  assert.equal(maskUrl(url, ["utm_source", "password"]), "/p?id=***&utm_source=x&password=***&flag&empty=");
});

test("what is no address, or has no parameters, stays as it is", () => {
  for (const url of ["", "/a/b", "#top", "mailto:x", "https://a.example/?"]) assert.equal(maskUrl(url, []), url);
});
