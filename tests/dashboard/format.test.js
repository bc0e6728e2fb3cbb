import assert from "node:assert/strict";
import { test } from "node:test";

import { age, bound, change, clockTime, dayTime, dimension, exact, labelText, quantity, share, telling, within } from "../../gateway/dashboard/format.js";

const say = (value, unit) => Object.values(quantity(value, unit, "en-US")).join(" ").trim();

test("whole numbers are written out up to ten million", () => {
  assert.deepEqual([0, 7, 1284, 9_999_999, -1284].map((n) => say(n)), ["0", "7", "1,284", "9,999,999", "-1,284"]);
  assert.equal(say(12_345_678), "12.35M");
});

test("fractions keep a steady number of digits for their size", () => {
  assert.deepEqual([0.01234, 1.5, 12.345, 123.45, 1234.5].map((n) => say(n)), ["0.0123", "1.50", "12.35", "123.5", "1,235"]);
});

test("a number too large or too small to be read is written by its power of ten", () => {
  assert.deepEqual([1e300, -2.5e15, 1.23456e-7, 5e-324].map((n) => say(n)), ["1E300", "-2.5E15", "1.23E-7", "4.94E-324"]);
  assert.equal(say(999_000_000_000_000), "999T");
  assert.equal(say(-2.02e298, "ratio"), "-2.02E300 %");
  assert.equal(say(1e306, "ratio"), "1E308 %");
  assert.equal(say(1e300, "ms"), "1.67E295 min");
  assert.equal(say(1e300, "bytes"), "9.09E287 TiB");
  assert.equal(say(123_456_789, "ratio"), "12.35B %");
});

test("units change how a number is written", () => {
  assert.equal(say(0.0425, "ratio"), "4.25 %");
  assert.equal(say(0.3716, "ratio"), "37.2 %");
  assert.equal(say(231, "ms"), "231 ms");
  assert.equal(say(2_310, "ms"), "2.31 s");
  assert.equal(say(231, "s"), "3.9 min");
  assert.equal(say(1_536, "bytes"), "1.50 KiB");
  assert.equal(say(0, "bytes"), "0 B");
  assert.equal(say(12, "events/s"), "12 events/s");
  assert.equal(say(12, "1/s"), "12 /s");
});

test("what is no number is a dash without a unit", () => {
  for (const value of [null, NaN, Infinity]) assert.equal(say(value, "ms"), "–");
});

test("every digit is kept for tooltips", () => {
  assert.equal(exact(12345678.25), "12345678.25");
  assert.equal(exact(null), "");
});

const changed = (...args) => change(...args, "en-US");

test("a change has a sign, a size and a tone by what is good", () => {
  assert.deepEqual(changed(110, 100, "", "up"), { text: "▲ 10.0%", tone: "good" });
  assert.deepEqual(changed(110, 100, "", "down"), { text: "▲ 10.0%", tone: "bad" });
  assert.deepEqual(changed(90, 100, "", "down"), { text: "▼ 10.0%", tone: "good" });
  assert.deepEqual(changed(90, 100, "", ""), { text: "▼ 10.0%", tone: "flat" });
  assert.deepEqual(changed(300, 100, "", "up"), { text: "▲ 200%", tone: "good" });
});

test("ratios change by percentage points", () => {
  assert.deepEqual(changed(0.062, 0.05, "ratio", "up"), { text: "▲ 1.2 pp", tone: "good" });
  assert.deepEqual(changed(0.05, 0.05, "ratio", "up"), { text: "± 0 pp", tone: "flat" });
  assert.equal(changed(0.02, 0, "ratio", "up").text, "▲ 2.0 pp");
});

test("nothing is divided by zero, and negative bases keep the sign of the change", () => {
  assert.deepEqual(changed(5, 0, "", "up"), { text: "new", tone: "flat" });
  assert.deepEqual(changed(0, 0, "", "up"), { text: "± 0%", tone: "flat" });
  assert.equal(changed(-50, -100, "", "up").text, "▲ 50.0%");
});

test("ages are short at every size", () => {
  assert.deepEqual([-5, 400, 9_940, 9_960, 119_000, 120_000, 7_300_000, 2e8, null].map((ms) => age(ms)), [
    "0.0 s", "0.4 s", "9.9 s", "10 s", "119 s", "2 min", "2 h", "2 d", "–",
  ]);
});

test("errors and times are short too", () => {
  assert.equal(bound(0.016, "en-US"), "± 1.6%");
  assert.equal(bound(1, "en-US"), "at least");
  assert.equal(clockTime(1795334400123, true, "en-US", "UTC"), "08:00:00");
  assert.equal(clockTime(1795334400123, false, "en-US", "UTC"), "08:00");
});

test("dimensions of every type are texts", () => {
  assert.deepEqual([null, "", "DE", 0, false, "__other__"].map(dimension), ["(none)", "(empty)", "DE", "0", "false", "Other"]);
  assert.equal(labelText(["DE", null]), "DE · (none)");
});

test("a text that looks like another kind of value has quotes", () => {
  const pairs = [[1, "1"], [-2.5, "-2.5"], [true, "true"], [false, "false"], [null, "(none)"], ["", "(empty)"], ["__other__", "Other"]];
  for (const [value, text] of pairs) assert.deepEqual([dimension(value), dimension(text)], [text, `"${text}"`]);
  for (const text of ["01234", "1.0", "+1", " 1", "1e5", "NaN", "Infinity", "null", "DE", "49.9 EUR"]) assert.equal(dimension(text), text);
  assert.equal(labelText([1, "1"]), '1 · "1"');
  assert.deepEqual(["", "7", "Seven"].map(telling), ["", '"7"', "Seven"]);
});

test("shares of a whole, bounds and days", () => {
  assert.deepEqual([[1, 2], [1, 30], [0, 5], [5, 5], [3, 0], [1, 1_000]].map(([part, whole]) => share(part, whole, "en-US")), ["50%", "3.3%", "0%", "100%", "", "0.1%"]);
  assert.equal(within([12, 1_500], "en-US"), "between 12 and 1,500");
  assert.equal(dayTime(1_767_268_800_000, true, "en-US", "UTC"), "Jan 1");
  assert.equal(dayTime(1_767_268_800_000, false, "en-US", "UTC"), "Jan 1, 12:00");
});

test("an age is written as numbers are where it is read", () => {
  assert.deepEqual([400, 12_000].map((ms) => age(ms, "de")), ["0,4 s", "12 s"]);
  assert.equal(age(400, "ar-EG"), "\u0660\u066b\u0664 s");
});

test("a text from right to left turns nothing beside it, and what is only there to turn texts is seen", () => {
  assert.equal(labelText(["\u05e9", 10, "p"]), "\u2068\u05e9\u2069 · 10 · p");
  assert.equal(dimension("\u0645\u0631\u062d\u0628\u0627"), "\u2068\u0645\u0631\u062d\u0628\u0627\u2069");
  assert.equal(dimension("\u202eevil\u2069"), "\\u202eevil\\u2069");
  for (const plain of ["Zürich", "日本", "👩‍👩‍👧", "/a b"]) assert.equal(dimension(plain), plain);
});
