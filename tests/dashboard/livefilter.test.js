import assert from "node:assert/strict";
import { test } from "node:test";

import { RATES, fieldsOf, queryOf, termOf, wishOf } from "../../gateway/dashboard/livefilter.js";

const NONE = { event: "", distinct_id: "", verdict: "", where: "", rate: "50" };
const wish = (fields) => wishOf({ ...NONE, ...fields });

test("nothing asked for is everything", () => {
  assert.deepEqual(wish({}), { match: {}, rate: 50 });
  assert.deepEqual(wish({ event: "  ", where: " " }), { match: {}, rate: 50 });
});

test("fields become a match", () => {
  assert.deepEqual(wish({ event: " buy ", distinct_id: "u1", verdict: "drop", where: "plan=pro", rate: "10" }), {
    match: { event: "buy", distinct_id: "u1", verdict: "drop", properties: { plan: "pro" } },
    rate: 10,
  });
});

test("values are JSON scalars or texts, and quotes hold spaces", () => {
  const where = String.raw`n=7 x=9.5 on=true gone=null zip="012" t="two words" "a name"=b $p=/a?b=c e= q="say \"hi\"" o={} __proto__=1`;
  assert.deepEqual(wish({ where }).match.properties, Object.fromEntries([
    ["n", 7], ["x", 9.5], ["on", true], ["gone", null], ["zip", "012"], ["t", "two words"], ["a name", "b"],
    ["$p", "/a?b=c"], ["e", ""], ["q", 'say "hi"'], ["o", "{}"], ["__proto__", 1],
  ]));
});

test("what is no condition is named", () => {
  for (const [where, word] of [["plan", "plan"], ["a=1 =2", "=2"], ['a="open', 'a="open'], ['a="x"y', 'a="x"y']]) {
    assert.match(wish({ where }).wrong ?? "", new RegExp(word.replace(/[="]/g, ".")), where);
  }
  assert.match(wish({ where: Array.from({ length: 17 }, (_, i) => `p${i}=1`).join(" ") }).wrong, /16/);
  assert.match(wish({ event: "x".repeat(201) }).wrong, /200/);
});

test("a condition that was made is read back, whatever is in it", () => {
  for (const name of ["plan", "a name", 'q"', "a=b", "__proto__", "ü"]) {
    for (const value of ["pro", "", "7", "true", "null", "two words", 'q"', "a=b", "\\", "\n", 7, 0.5, true, null]) {
      const term = termOf(name, value);
      assert.deepEqual(wish({ where: `first=1 ${term}` }).match?.properties, Object.fromEntries([["first", 1], [name, value]]), term);
    }
  }
});

test("fields travel in the address and come back", () => {
  const fields = { event: "buy", distinct_id: "ü&=", verdict: "warn", where: 'a="b c"', rate: "10" };
  assert.deepEqual(fieldsOf(new URLSearchParams(queryOf(fields))), fields);
  assert.deepEqual(queryOf(NONE), {});
});

test("an address may say anything", () => {
  const query = new URLSearchParams({ verdict: "maybe", rate: "1e9", event: "x".repeat(5_000), other: "1" });
  const fields = fieldsOf(query);
  assert.deepEqual([fields.verdict, fields.rate, fields.event.length], ["", RATES[0], 2_000]);
});
