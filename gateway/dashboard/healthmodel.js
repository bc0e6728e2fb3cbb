// What `/v1/status` and `/v1/quarantine` mean to a person: rows of text with a tone. Pure.

import { age, clockTime, quantity } from "./format.js";

/** @typedef {Record<string, any>} Status an answer of `/v1/status` */

const LEVELS = [
  ["normal", "Producers send as they like."],
  ["slower", "Producers are asked to gather longer before they send."],
  ["shed", "Producers drop what matters least, and count it."],
  ["hold", "Producers hold still; nothing is lost, they keep what they have."],
];
const STAGES = [
  ["commit", "receipt to disk"],
  ["fold", "disk to counted"],
  ["push", "counted to sent"],
  ["total", "receipt to sent"],
];
/** From here on a share is worth a look, and from there it is trouble. */
const HIGH = 0.7;
const FULL = 0.9;

const number = (value) => (Number.isFinite(value) ? value : 0);
const record = (value) => (typeof value === "object" && value !== null ? value : {});
const words = ({ text, unit }) => (unit ? `${text} ${unit}` : text);
const count = (value, locale) => quantity(number(value), "", locale).text;
export const bytes = (value, locale = undefined) => words(quantity(number(value), "bytes", locale));
const percent = (share, locale) => words(quantity(share, "ratio", locale)).replace(" %", "%");

const rate = (perSecond, locale) => `${new Intl.NumberFormat(locale, { maximumFractionDigits: perSecond < 10 ? 1 : 0 }).format(Math.max(0, perSecond))}/s`;

/** @param {number} used @param {number} most @returns {{share: number, tone: "good"|"late"|"bad"}} */
export function fill(used, most) {
  const share = number(most) > 0 ? Math.min(1, number(used) / most) : 0;
  return { share, tone: share >= FULL ? "bad" : share >= HIGH ? "late" : "good" };
}

/** @param {Status} status @returns {{word: string, text: string, tone: "good"|"late"|"bad"}} */
export function level(status) {
  const at = Math.min(3, Math.max(0, number(status.level)));
  return { word: `${at} ${LEVELS[at][0]}`, text: LEVELS[at][1], tone: at === 0 ? "good" : at === 3 ? "bad" : "late" };
}

/**
 * The account of all events, and what it does a second.
 * @param {Status} status @param {Status|null} before an earlier one of the same server
 * @returns {{rows: {name: string, value: string, share: string, rate: string}[], balanced: boolean}}
 */
export function ledger(status, before, locale = undefined) {
  const now = record(status.ledger);
  const then = before && before.server_epoch === status.server_epoch ? record(before.ledger) : null;
  const seconds = then ? (number(status.now) - number(before.now)) / 1_000 : 0;
  const rows = ["sent", "accepted", "duplicate", "rejected", "warned"].map((name) => ({
    name,
    value: count(now[name], locale),
    share: name === "sent" || !now.sent || !now[name] ? "" : percent(number(now[name]) / now.sent, locale),
    rate: seconds > 0 ? rate((number(now[name]) - number(then[name])) / seconds, locale) : "",
  }));
  return { rows, balanced: number(now.sent) === number(now.accepted) + number(now.duplicate) + number(now.rejected) };
}

/**
 * Events that were not plainly accepted, most first.
 * @param {Status} status @param {Record<string, any>} quarantine an answer of `/v1/quarantine`
 * @returns {{reason: string, value: string, share: string, hint: string}[]}
 */
export function reasons(status, quarantine, locale = undefined) {
  const sent = number(record(status.ledger).sent);
  const hints = record(quarantine.hints);
  return Object.entries(record(status.reasons))
    .sort(([a, n], [b, m]) => number(m) - number(n) || (a < b ? -1 : 1))
    .map(([reason, events]) => ({
      reason,
      value: count(events, locale),
      share: sent ? percent(number(events) / sent, locale) : "",
      hint: typeof hints[reason] === "string" ? hints[reason] : "",
    }));
}

/** @param {Status} status @returns {{name: string, what: string, cells: string[]}[]} p50, p95, p99, max */
export function stages(status, locale = undefined) {
  const found = record(status.stages);
  const ms = (value) => (Number.isFinite(value) ? words(quantity(value, "ms", locale)) : "–");
  return STAGES.map(([name, what]) => ({ name, what, cells: ["p50", "p95", "p99", "max"].map((q) => ms(record(found[name])[q])) }));
}

/** @param {Status} status @returns {{name: string, text: string, connections: string, backlog: string, credit: string}[]} */
export function producers(status, locale = undefined) {
  const texts = { flowing: "credit for more", short: "waiting for credit", held: "told to hold still" };
  const groups = record(status.producer_groups);
  return Object.entries(texts).map(([name, text]) => {
    const group = record(groups[name]);
    return { name, text, connections: count(group.connections, locale), backlog: count(group.backlog, locale), credit: bytes(group.credit, locale) };
  });
}

/** @param {Status} status @returns {{name: string, text: string, value: string}[]} */
export function viewers(status, locale = undefined) {
  const texts = {
    live: "get every change", hidden: "in the background, slowed down", conflated: "slow: merged updates",
    stalled: "take nothing just now", subscriptions: "KPIs and tails watched", tails: "kinds of live events watched",
  };
  const groups = record(status.viewer_groups);
  return Object.entries(texts).map(([name, text]) => ({ name, text, value: count(groups[name], locale) }));
}

/**
 * Memory against its bounds: of the process, of the KPI set, of credit.
 * @param {Status} status
 * @returns {{name: string, value: string, share: number, tone: string}[]}
 */
export function budgets(status, locale = undefined) {
  const memory = record(status.memory);
  const credit = record(status.credit);
  const row = (name, used, most) => ({ name, value: `${bytes(used, locale)} of ${bytes(most, locale)}`, ...fill(used, most) });
  return [
    row("Process", memory.rss, memory.cap),
    // What the set may need at worst was checked at load: a full budget is no trouble, one more KPI may be refused.
    { ...row("KPIs at worst", memory.kpis, memory.budget), tone: "good" },
    row("Credit out", credit.outstanding, credit.pool),
  ];
}

/**
 * Of each KPI what it may need, and how many of its keys are in use; the largest first.
 * @param {Status} status
 * @returns {{name: string, own: string, shared: string, keys: string, share: number, tone: string}[]}
 */
export function kpis(status, locale = undefined) {
  const engine = record(status.engine);
  const keys = record(engine.keys);
  const overflow = record(engine.overflow);
  const split = Object.entries(record(record(status.memory).by_kpi));
  const size = ([, { own, shared }]) => number(own) + number(shared);
  return split
    .filter(([, budget]) => typeof budget === "object" && budget !== null)
    .sort((a, b) => size(b) - size(a) || (a[0] < b[0] ? -1 : 1))
    .map(([name, { own, shared, max_keys: most }]) => ({
      name,
      own: bytes(own, locale),
      shared: shared ? bytes(shared, locale) : "–",
      keys: most > 1 ? `${count(keys[name], locale)} of ${count(most, locale)}` : "–",
      ...fill(most > 1 ? keys[name] : 0, most),
      ...(overflow[name] ? { tone: "bad" } : {}),
    }));
}

/**
 * Files that were changed and whose content does not run.
 * @param {Status} status
 * @returns {{what: string, since: string, reason: string}[]}
 */
export function refusals(status) {
  const titles = { kpis: "KPIs", boards: "Boards" };
  return Object.entries(record(status.refused))
    .filter(([, one]) => typeof one === "object" && one !== null)
    .map(([setting, { file, slug, at, line, column, reason }]) => ({
      what: [titles[setting] ?? setting, file, Number.isFinite(line) ? `line ${line}, column ${number(column)}` : ""].filter(Boolean).join(" · "),
      since: `${slug}, refused at ${clockTime(number(at))}`,
      reason: String(reason),
    }));
}

/** What keeps events from being taken, in words; empty when nothing does. @param {Status} status */
export function full(status, locale = undefined) {
  const disk = record(status.disk);
  if (disk.full !== true) return "";
  return `The disk of the data folder is full: ${bytes(disk.free, locale)} are free, and ${bytes(disk.keep, locale)} are kept so. No events are taken; senders keep them. Make room, and it goes on by itself: nothing that was acked is lost.`;
}

/**
 * Pages that were turned away because their origin is not allowed.
 * @param {Status} status
 * @returns {{origin: string, value: string, last: string}[]} the last one first
 */
export function foreign(status, locale = undefined) {
  const list = Array.isArray(status.foreign_origins) ? status.foreign_origins : [];
  return list.filter((one) => typeof one === "object" && one !== null)
    .map(({ origin, times, at }) => ({ origin: String(origin), value: count(times, locale), last: clockTime(number(at)) }));
}

/** @param {Status} status @returns {{name: string, value: string, tone: string}[]} */
export function log(status, locale = undefined) {
  const found = record(status.log);
  const damaged = Array.isArray(found.damaged) ? found.damaged.length : 0;
  const lag = record(status.lag);
  const disk = record(status.disk);
  const free = disk.total > 0 ? `${bytes(disk.free, locale)} of ${bytes(disk.total, locale)}` : "–";
  return [
    { name: "Watermark", value: `${age(lag.watermark_ms ?? null)} behind`, tone: "" },
    { name: "Not on disk yet", value: bytes(lag.pending_bytes, locale), tone: "" },
    { name: "Free on the disk", value: free, tone: disk.full === true ? "bad" : "" },
    { name: "Event log", value: `${bytes(found.bytes, locale)}, position ${count(found.position, locale)}`, tone: "" },
    { name: "Damaged ranges", value: count(damaged, locale), tone: damaged ? "bad" : "good" },
    { name: "Unreadable records", value: count(found.unreadable, locale), tone: found.unreadable ? "bad" : "good" },
    { name: "Late for every KPI", value: count(record(status.engine).late, locale), tone: "" },
  ];
}

/** @param {Record<string, any>} quarantine @returns {Record<string, any>[]} its samples, with fields that can be relied on */
export function samples(quarantine) {
  const list = Array.isArray(quarantine.samples) ? quarantine.samples : [];
  return list.filter((one) => typeof one === "object" && one !== null).map((one) => ({
    id: String(one.id),
    reason: String(one.reason),
    hint: String(one.hint ?? ""),
    received: number(one.received),
    producer: String(one.producer ?? ""),
    size: number(one.size),
    text: typeof one.text === "string" ? one.text : null,
    cut: one.cut === true,
  }));
}
