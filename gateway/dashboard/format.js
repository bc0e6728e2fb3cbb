// Numbers, changes, ages and times as people read them. Pure; `locale` is an argument and undefined means the browser's.

const formats = new Map();

function numbers(locale, options) {
  const key = `${locale} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(locale, options));
  return formats.get(key);
}

/** Up to here a whole number is written out; the exact value is always in the tooltip. */
const WRITTEN_OUT = 10_000_000;
/** From here on, and below there, zeros would be all that is seen. */
const BEYOND_WORDS = 1e15;
const TINY = 1e-6;
const NONE = "–";

/**
 * @param {number|null} value
 * @param {string} [unit] `ratio`, `ms`, `s`, `bytes`, a currency code, or any word to stand behind the number
 * @param {string} [locale]
 * @returns {{text: string, unit: string}} the number and what follows it in smaller type
 */
export function quantity(value, unit = "", locale = undefined) {
  if (value === null || !Number.isFinite(value)) return { text: NONE, unit: "" };
  if (unit === "ratio") {
    const percent = value * 100;
    // The largest doubles have no hundredfold.
    if (Math.abs(value) >= BEYOND_WORDS) return { text: scientific(value, 2, locale), unit: "%" };
    if (Math.abs(percent) >= WRITTEN_OUT) return { text: plain(percent, locale), unit: "%" };
    return { text: fixed(percent, Math.abs(percent) < 10 ? 2 : 1, locale), unit: "%" };
  }
  if (unit === "ms" || unit === "s") {
    const ms = unit === "ms" ? value : value * 1_000;
    if (Math.abs(ms) < 1_000) return { text: plain(ms, locale), unit: "ms" };
    if (Math.abs(ms) < 120_000) return { text: fixed(ms / 1_000, 2, locale), unit: "s" };
    const minutes = ms / 60_000;
    return { text: Math.abs(minutes) < WRITTEN_OUT ? fixed(minutes, 1, locale) : plain(minutes, locale), unit: "min" };
  }
  if (unit === "bytes") {
    const power = Math.min(4, Math.max(0, Math.floor(Math.log2(Math.abs(value) || 1) / 10)));
    return { text: plain(value / 1_024 ** power, locale), unit: ["B", "KiB", "MiB", "GiB", "TiB"][power] };
  }
  return { text: plain(value, locale), unit: unit.startsWith("1/") ? unit.slice(1) : unit };
}

function fixed(value, digits, locale) {
  return numbers(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

/** `1.5E20`, `zeros` powers of ten higher. */
function scientific(value, zeros, locale) {
  const [digits, power] = value.toExponential(2).split("e");
  return `${numbers(locale, { maximumFractionDigits: 2 }).format(digits)}E${Number(power) + zeros}`;
}

function plain(value, locale) {
  const size = Math.abs(value);
  if (size >= BEYOND_WORDS || (size > 0 && size < TINY)) return scientific(value, 0, locale);
  if (size >= WRITTEN_OUT) return numbers(locale, { notation: "compact", maximumFractionDigits: 2 }).format(value);
  if (Number.isInteger(value)) return numbers(locale, { maximumFractionDigits: 0 }).format(value);
  if (size < 1) return numbers(locale, { maximumSignificantDigits: 3 }).format(value);
  return fixed(value, size >= 1_000 ? 0 : size >= 100 ? 1 : 2, locale);
}

/**
 * @param {number|null} value
 * @returns {string} every digit, for tooltips and machines
 */
export function exact(value) {
  return value === null || !Number.isFinite(value) ? "" : String(value);
}

/**
 * The change from one window to the next.
 * @param {number} now @param {number} before
 * @param {string} unit @param {string} good `up`, `down` or empty
 * @param {string} [locale]
 * @returns {{text: string, tone: "good"|"bad"|"flat"}} ratios change by points, all else in percent
 */
export function change(now, before, unit, good, locale = undefined) {
  const points = unit === "ratio";
  if (!points && before === 0) return { text: now === 0 ? "± 0%" : "new", tone: "flat" };
  const percent = points ? (now - before) * 100 : ((now - before) / Math.abs(before)) * 100;
  const digits = Math.abs(percent) >= 100 ? 0 : 1;
  if (Math.abs(percent) < 0.05) return { text: points ? "± 0 pp" : "± 0%", tone: "flat" };
  const size = fixed(Math.min(Math.abs(percent), 9_999), digits, locale);
  const tone = good !== "up" && good !== "down" ? "flat" : (percent > 0) === (good === "up") ? "good" : "bad";
  return { text: `${percent > 0 ? "▲" : "▼"} ${size}${points ? " pp" : "%"}`, tone };
}

/**
 * @param {number|null} ms
 * @returns {string} `0.4 s`, `12 s`, `3 min`, `2 h`, `5 d`
 */
export function age(ms, locale = undefined) {
  if (ms === null || !Number.isFinite(ms)) return NONE;
  const s = Math.max(0, ms) / 1_000;
  if (s < 9.95) return `${fixed(s, 1, locale)} s`;
  if (s < 120) return `${fixed(s, 0, locale)} s`;
  if (s < 7_200) return `${fixed(s / 60, 0, locale)} min`;
  if (s < 172_800) return `${fixed(s / 3_600, 0, locale)} h`;
  return `${fixed(s / 86_400, 0, locale)} d`;
}

/**
 * @param {number} relative such as 0.016
 * @returns {string} `± 1.6%`; an error of all of it says that there was no room for more
 */
export function bound(relative, locale = undefined) {
  if (relative >= 1) return "at least";
  return `± ${numbers(locale, { maximumSignificantDigits: 2 }).format(relative * 100)}%`;
}

/**
 * @param {[number, number]} bounds
 * @returns {string} `between 12 and 15`
 */
export const within = ([least, most], locale = undefined) => `between ${plain(least, locale)} and ${plain(most, locale)}`;

/**
 * @param {number} part @param {number} whole
 * @returns {string} `42%`; empty for a part of nothing
 */
export function share(part, whole, locale = undefined) {
  if (!whole) return "";
  const percent = (part / whole) * 100;
  return `${fixed(percent, percent > 0 && percent < 10 ? 1 : 0, locale)}%`;
}

/**
 * @param {number} ms epoch
 * @param {boolean} days without the time of day
 * @param {string} [locale] @param {string} [timeZone]
 * @returns {string} `Nov 29` or `Nov 29, 15:00`
 */
export function dayTime(ms, days, locale = undefined, timeZone = undefined) {
  const key = `day ${locale} ${timeZone} ${days}`;
  if (!formats.has(key)) {
    const clock = days ? {} : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    formats.set(key, new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", timeZone, ...clock }));
  }
  return formats.get(key).format(ms);
}

/**
 * @param {number} ms epoch
 * @param {boolean} [seconds]
 * @param {string} [locale] @param {string} [timeZone]
 */
export function clockTime(ms, seconds = true, locale = undefined, timeZone = undefined) {
  const key = `time ${locale} ${timeZone} ${seconds}`;
  if (!formats.has(key)) {
    const options = { hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined, hourCycle: "h23", timeZone };
    formats.set(key, new Intl.DateTimeFormat(locale, options));
  }
  return formats.get(key).format(ms);
}

/**
 * @param {unknown} dim a dimension's value or an item's key
 * @returns {string}
 */
export function dimension(dim) {
  if (dim === null || dim === undefined) return "(none)";
  if (dim === "") return "(empty)";
  if (dim === "__other__") return "Other";
  return typeof dim === "string" ? aside(telling(dim)) : String(dim);
}

/** Characters that turn the direction of all that follows, and letters that are written from right to left. */
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const LEFTWARDS = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * A text that leaves the order of what stands beside it alone; what is only there to turn it is seen.
 * @param {string} text
 */
export function aside(text) {
  const shown = text.replace(TURNS, (turn) => `\\u${turn.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return LEFTWARDS.test(shown) ? `\u2068${shown}\u2069` : shown;
}

/** Texts that stand for something else where dimensions are shown. */
const MEANT = new Set(["(none)", "(empty)", "Other", "true", "false"]);

/**
 * A text with quotes where without them it would be taken for a number, a truth, or no value: `1` beside `"1"`.
 * @param {string} text
 * @returns {string}
 */
export function telling(text) {
  const number = Number(text);
  return (Number.isFinite(number) && String(number) === text) || MEANT.has(text) ? `"${text}"` : text;
}

/** @param {unknown[]} label */
export const labelText = (label) => label.map(dimension).join(" · ");
