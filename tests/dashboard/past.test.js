import assert from "node:assert/strict";
import { test } from "node:test";

import { Past } from "../../gateway/dashboard/past.js";

const HOUR = 3_600_000;
const row = (start) => ({ dims: {}, start, end: start + 60_000, value: 1, kind: "final", rev: 0 });
const wish = { kpi: "a b", where: { c: "DE" }, range: HOUR, size: 60_000, cumulative: false };
const settled = () => new Promise((resolve) => setImmediate(resolve));

function pastOf(answers, more = {}) {
  const asked = [];
  let changes = 0;
  const get = async (path) => {
    asked.push(path);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const past = new Past({ ...wish, ...more }, get, () => { changes += 1; });
  return { past, asked, changes: () => changes };
}

test("the rows of a range earlier are asked for, with the filter, and page by page", async () => {
  const { past, asked, changes } = pastOf([{ rows: [row(0)], next: "7.0" }, { rows: [row(60_000)], next: null }]);
  past.follow(10 * HOUR, 0);
  await settled();
  assert.equal(past.shift, HOUR);
  assert.deepEqual([past.view.size, changes()], [2, 1]);
  const [first, second] = asked.map((path) => new URL(path, "http://x/"));
  assert.equal(first.pathname, "/v1/kpis/a%20b");
  assert.deepEqual(Object.fromEntries(first.searchParams), { from: String(8 * HOUR - 60_000), to: String(9.1 * HOUR), limit: "10000", where: "\"c\" = 'DE'" });
  assert.equal(second.searchParams.get("after"), "7.0");
});

test("it is asked for again once the present has moved on, and not before", async () => {
  const { past, asked } = pastOf([{ rows: [], next: null }, { rows: [], next: null }]);
  for (const end of [10 * HOUR, 10 * HOUR, 10.05 * HOUR, 10.1 * HOUR, 10.2 * HOUR]) {
    past.follow(end, 0);
    past.follow(end, 0);
    await settled();
  }
  assert.equal(asked.length, 2);
});

test("pages are bounded", async () => {
  const { past, asked } = pastOf(Array.from({ length: 20 }, (_, i) => ({ rows: [row(i)], next: `${i}.0` })));
  past.follow(10 * HOUR, 0);
  await settled();
  assert.equal(asked.length, 5);
});

test("a failure is tried again after a while; once closed nothing comes any more", async () => {
  const { past, asked, changes } = pastOf([new Error("down"), { rows: [], next: null }]);
  past.follow(10 * HOUR, 1_000);
  await settled();
  past.follow(10 * HOUR, 5_000);
  await settled();
  assert.deepEqual([asked.length, past.view], [1, null]);
  past.follow(10 * HOUR, 11_000);
  past.close();
  await settled();
  assert.deepEqual([asked.length, past.view, changes()], [2, null, 0]);
});
