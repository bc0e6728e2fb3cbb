/**
 * UUIDv7 (RFC 9562): 48 bits of epoch milliseconds, then a counter and random bits, so that ids sort by age.
 * Within one generator ids strictly increase, also when several fall into one millisecond or the clock steps back:
 * the 12 bits beside the time start at random below 2,048 and count up.
 */

/**
 * A generator of ids.
 * @param {() => number} clock epoch milliseconds
 * @param {(bytes: Uint8Array<ArrayBuffer>) => unknown} [fill] fills the array with random bytes
 * @returns {() => string} makes the next id
 */
export function uuidGenerator(clock, fill = (bytes) => crypto.getRandomValues(bytes)) {
  const bytes = new Uint8Array(10);
  let last = -1;
  let counter = 0;
  return () => {
    const now = clock();
    fill(bytes);
    if (now > last) {
      last = now;
      counter = ((bytes[0] & 7) << 8) | bytes[1];
    } else if (++counter > 0xfff) {
      last += 1;
      counter = 0;
    }
    bytes[2] = 0x80 | (bytes[2] & 0x3f);
    const digits = hex(last, 12) + hex(0x7000 | counter, 4) + [...bytes.subarray(2)].map((byte) => hex(byte, 2)).join("");
    return digits.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };
}

/** @param {number} value @param {number} digits */
const hex = (value, digits) => value.toString(16).padStart(digits, "0");
