import assert from "node:assert/strict";
import { test } from "node:test";

import * as model from "../../gateway/dashboard/healthmodel.js";

const LOCALE = "en-US";
const STATUS = {
  server_epoch: "e1", now: 10_000, level: 0,
  ledger: { sent: 1000, accepted: 980, duplicate: 15, rejected: 5, warned: 2 },
  reasons: { uuid: 15, late: 4, bad_json: 1, clamped: 2 },
  stages: { commit: { n: 9, p50: 0.42, p95: 12, p99: 1500, max: 130_000 }, push: { n: 0, p50: null, p95: null, p99: null, max: null } },
  credit: { pool: 100, outstanding: 95 },
  memory: {
    rss: 750, cap: 1000, kpis: 512 << 20, budget: 512 << 20,
    by_kpi: { small: { own: 1024, shared: 0, max_keys: 1 }, large: { own: 2048, shared: 1024, max_keys: 10 } },
  },
  producer_groups: { flowing: { connections: 8, backlog: 3, credit: 2048 }, short: { connections: 1, backlog: 9, credit: 0 } },
  viewer_groups: { live: 2, tails: 1 },
  lag: { pending_bytes: 10, watermark_ms: 4200 },
  log: { position: 76, bytes: 2048, damaged: [{}], unreadable: 0 },
  engine: { keys: { large: 8 }, overflow: { large: true }, late: 4 },
};

test("the ledger has shares, rates, and adds up", () => {
  const before = { ...STATUS, now: 8_000, ledger: { ...STATUS.ledger, sent: 900, accepted: 885 } };
  const { rows, balanced } = model.ledger(STATUS, before, LOCALE);
  assert.equal(balanced, true);
  assert.deepEqual(rows[0], { name: "sent", value: "1,000", share: "", rate: "50/s" });
  assert.deepEqual(rows[1], { name: "accepted", value: "980", share: "98.0%", rate: "48/s" });
  assert.deepEqual(rows.map(({ rate }) => rate).slice(2), ["0/s", "0/s", "0/s"]);
  assert.equal(model.ledger({ ...STATUS, ledger: { ...STATUS.ledger, sent: 1001 } }, null).balanced, false);
});

test("rates are of one server's life, and never below nothing", () => {
  const rates = (before) => model.ledger(STATUS, before, LOCALE).rows.map(({ rate }) => rate);
  assert.deepEqual(new Set(rates({ ...STATUS, server_epoch: "e0", now: 0 })), new Set([""]));
  assert.deepEqual(new Set(rates(null)), new Set([""]));
  assert.deepEqual(new Set(rates(STATUS)), new Set([""]));
  assert.equal(rates({ ...STATUS, now: 0, ledger: { ...STATUS.ledger, sent: 2000 } })[0], "0/s");
  assert.equal(rates({ ...STATUS, now: 8_000, ledger: { ...STATUS.ledger, sent: 997 } })[0], "1.5/s");
});

test("reasons come most first with their hint", () => {
  const rows = model.reasons(STATUS, { hints: { uuid: "Look at ids.", late: 7 } }, LOCALE);
  assert.deepEqual(rows.map(({ reason }) => reason), ["uuid", "late", "clamped", "bad_json"]);
  assert.deepEqual(rows[0], { reason: "uuid", value: "15", share: "1.50%", hint: "Look at ids." });
  assert.equal(rows[1].hint, "");
});

test("stages have quantiles with units, and a dash where nothing passed", () => {
  const [commit, fold, push] = model.stages(STATUS, LOCALE);
  assert.deepEqual(commit.cells, ["0.42 ms", "12 ms", "1.50 s", "2.2 min"]);
  assert.deepEqual([fold.cells, push.cells], [["–", "–", "–", "–"], ["–", "–", "–", "–"]]);
});

test("levels are words, with a tone", () => {
  assert.deepEqual([0, 1, 2, 3].map((level) => model.level({ level }).tone), ["good", "late", "late", "bad"]);
  assert.equal(model.level({ level: 3 }).word, "3 hold");
  assert.equal(model.level({ level: 99 }).word, "3 hold");
});

test("groups that nobody is in are there", () => {
  const [flowing, short, held] = model.producers(STATUS, LOCALE);
  assert.deepEqual([flowing.connections, flowing.backlog, flowing.credit], ["8", "3", "2 KiB"]);
  assert.deepEqual([short.backlog, held.connections], ["9", "0"]);
  assert.deepEqual(model.viewers(STATUS, LOCALE).map(({ value }) => value), ["2", "0", "0", "0", "0", "1"]);
});

test("budgets show how full they are", () => {
  const [process, kpis, credit] = model.budgets(STATUS, LOCALE);
  assert.deepEqual([process.value, process.share, process.tone], ["750 B of 1,000 B", 0.75, "late"]);
  assert.deepEqual([kpis.share, kpis.tone], [1, "good"]);
  assert.deepEqual([credit.share, credit.tone], [0.95, "bad"]);
  assert.deepEqual(model.fill(5, 0), { share: 0, tone: "good" });
});

test("KPIs are largest first, with the keys they use of those they may", () => {
  const [large, small] = model.kpis(STATUS, LOCALE);
  assert.deepEqual(large, { name: "large", own: "2 KiB", shared: "1 KiB", keys: "8 of 10", share: 0.8, tone: "bad" });
  assert.deepEqual([small.keys, small.shared, small.tone], ["–", "–", "good"]);
});

test("damage is bad", () => {
  const tones = Object.fromEntries(model.log(STATUS, LOCALE).map(({ name, tone }) => [name, tone]));
  assert.deepEqual([tones["Damaged ranges"], tones["Unreadable records"]], ["bad", "good"]);
});

test("a full disk is told in words, one with room is a figure", () => {
  const disk = { free: 3 << 20, total: 1 << 30, keep: 4 << 20, full: true };
  assert.match(model.full({ disk }, LOCALE), /3 MiB are free, and 4 MiB are kept so/);
  assert.equal(model.full({ disk: { ...disk, full: false } }, LOCALE), "");
  const free = (status) => model.log(status, LOCALE).find(({ name }) => name === "Free on the disk");
  assert.deepEqual([free({ disk }).value, free({ disk }).tone], ["3 MiB of 1 GiB", "bad"]);
  assert.equal(free({ disk: { free: 0, total: 0, keep: 0, full: false } }).value, "–");
});

test("pages that were turned away are texts and figures, whatever comes", () => {
  const [one, ...rest] = model.foreign({ foreign_origins: [{ origin: "https://a.example", times: 1_200, at: 0 }, null, 7] }, LOCALE);
  assert.deepEqual([one.origin, one.value, rest], ["https://a.example", "1,200", []]);
});

test("samples have fields that can be relied on", () => {
  assert.deepEqual(model.samples({ samples: [7, null, { id: 3, reason: 5, text: 9 }] }), [
    { id: "3", reason: "5", hint: "", received: 0, producer: "", size: 0, text: null, cut: false },
  ]);
});

test("an answer that says nothing breaks nothing", () => {
  for (const status of [{}, { ledger: 7, reasons: null, memory: { by_kpi: { a: null } }, stages: [], log: "x" }]) {
    for (const of of [model.stages, model.producers, model.viewers, model.budgets, model.kpis, model.log, model.level, model.full, model.foreign]) of(status);
    assert.equal(model.ledger(status, null).rows.length, 5);
    assert.deepEqual(model.reasons(status, {}), []);
  }
  assert.deepEqual(model.samples({}), []);
});

test("a file that does not run is told with its place, whatever is missing", () => {
  const refused = {
    kpis: { at: 0, file: "kpis.toml", slug: "definition", name: "a", line: 4, column: 21, reason: "KPI 'a': why" },
    boards: { at: 0, file: "boards.toml", slug: "unreadable", name: "", line: null, column: null, reason: "no" },
    other: null,
  };
  const [kpis, boards, ...others] = model.refusals({ ...STATUS, refused });
  assert.equal(kpis.what, "KPIs · kpis.toml · line 4, column 21");
  assert.equal(kpis.reason, "KPI 'a': why");
  assert.match(kpis.since, /^definition, refused at \d+:\d\d:\d\d/);
  assert.equal(boards.what, "Boards · boards.toml");
  assert.deepEqual(others, []);
  assert.deepEqual(model.refusals(STATUS), []);
});
