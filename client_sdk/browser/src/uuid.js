/**
 * UUIDv7 (RFC 9562): 48 bits of epoch milliseconds, then a counter and random bits, so that ids sort by age.
 * Within one generator ids strictly increase, also when several fall into one millisecond or the clock steps back:
 * the 12 bits beside the time start at random below 2,048 and count up.
 */

/**
 * A generator of ids.
 * @param {() => number} clock epoch milliseconds
 * @param {(parts: Uint16Array<ArrayBuffer>) => unknown} [fill] fills the array with random bits
 * @returns {() => string} makes the next id
 */
export function uuidGenerator(clock, fill = (parts) => crypto.getRandomValues(parts)) {
  const parts = new Uint16Array(5);
  let last = -1;
  let counter = 0;
  return () => {
    const now = clock();
    fill(parts);
    if (now > last) {
      last = now;
      counter = parts[0] & 0x7ff;
    } else if (++counter > 0xfff) {
      last += 1;
      counter = 0;
    }
    parts[0] = 0x7000 | counter;
    parts[1] = 0x8000 | (parts[1] & 0x3fff);
    const digits = [hex(last, 12), ...[...parts].map((part) => hex(part, 4))].join("");
    return digits.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };
}

/** @param {number} value @param {number} digits */
const hex = (value, digits) => value.toString(16).padStart(digits, "0");
