// The rows of one subscription: upserted by identity, kept continuous by offsets. Pure.
//
// Law: after every message the view equals what the server's topic held at `offset` of `epoch`, within `last` seconds.
// A delta counts only when its `prev` is our offset; anything else is a hole, and a hole is answered with a resync.

/** @typedef {import("./wire.js").Row} Row */

/** Rows of one window, one per dimension tuple. */
export class Frame {
  /** @param {number} start @param {number} end */
  constructor(start, end) {
    this.start = start;
    this.end = end;
    /** @type {Map<string, Row>} by dimKey */
    this.rows = new Map();
  }
}

/**
 * A text that is equal exactly for equal dimensions, whatever the order of their names.
 * @param {Record<string, unknown>} dims
 */
export function dimKey(dims) {
  return JSON.stringify(Object.keys(dims).sort().map((name) => [name, dims[name]]));
}

/**
 * Rows that a view holds at most; the oldest go. A board left open for weeks does not grow, whatever its KPIs do.
 */
const MOST_ROWS = 100_000;
/** Windows beyond which a view is worth asking for anew, since the server keeps older ones in coarser steps. */
const MANY_FRAMES = 3_000;

export class View {
  /** Where we stand in the topic; null before the first snapshot. */
  #epoch = null;
  #offset = -1;
  /** True from the moment a hole was seen until a snapshot closes it. */
  #waiting = false;
  /** Parts of a snapshot under way, and the deltas that arrived between them. */
  #parts = null;
  /** @type {Map<string, Row>} by identity */
  #rows = new Map();
  /** @type {Map<string, Frame>} by window */
  #frames = new Map();
  /** Frames by end; null when a frame came or went since it was last asked for. */
  #sorted = null;
  /** Windows that the last snapshot brought. */
  #begun = 0;

  /** Epoch ms up to which events are complete; null before the first event. */
  watermark = null;
  /** The KPI's description as the server last sent it. */
  meta = {};

  /**
   * @param {number} lastMs how much history is kept behind the watermark
   * @param {boolean} [endIsIdentity] true for cumulative windows, whose rows share their start
   */
  constructor(lastMs, endIsIdentity = false) {
    this.lastMs = lastMs;
    this.endIsIdentity = endIsIdentity;
  }

  /** `from` of a subscribe, or null when a fresh snapshot is needed. */
  get from() {
    return this.#epoch === null || this.#waiting || this.#parts ? null : { epoch: this.#epoch, offset: this.#offset };
  }

  /** Whether the server has told what there is. */
  get known() {
    return this.#epoch !== null;
  }

  get size() {
    return this.#rows.size;
  }

  /** Whether it holds much more windows than the server would send: fine ones pile up where the server has coarse ones. */
  get crowded() {
    return this.#frames.size > Math.max(MANY_FRAMES, 2 * this.#begun);
  }

  /** @returns {Frame[]} oldest end first. Sorts only when windows came or went. */
  get frames() {
    this.#sorted ??= [...this.#frames.values()].sort((a, b) => a.end - b.end || a.start - b.start);
    return this.#sorted;
  }

  /** Half a snapshot or an unanswered resync of a lost socket will never be completed. */
  disconnected() {
    if (this.#parts || this.#waiting) this.#epoch = null;
    this.#parts = null;
    this.#waiting = false;
  }

  /**
   * Take a snapshot or delta of this subscription.
   * @param {object} message as `wire.decode` returns it
   * @returns {"changed"|"resync"|"waiting"} `resync`: the caller must send one; `waiting`: nothing to draw yet
   */
  apply(message) {
    return message.type === "snapshot" ? this.#snapshot(message) : this.#delta(message);
  }

  #snapshot(message) {
    let batch = { seen: new Map([[1, message.rows]]), deltas: [] };
    if (message.parts > 1) {
      const begun = this.#parts;
      const same = begun?.epoch === message.epoch && begun.offset === message.offset;
      batch = same ? begun : { epoch: message.epoch, offset: message.offset, seen: new Map(), deltas: [] };
      batch.seen.set(message.part, message.rows);
      this.#parts = batch;
      if (batch.seen.size < message.parts) return "waiting";
    }
    this.#parts = null;
    this.#waiting = false;
    this.#epoch = message.epoch;
    this.#offset = message.offset;
    this.watermark = message.watermark;
    this.meta = message.meta;
    this.#rows.clear();
    this.#frames.clear();
    this.#sorted = null;
    for (const rows of batch.seen.values()) rows.forEach((row) => this.#set(row));
    this.#trim();
    this.#begun = this.#frames.size;
    return batch.deltas.some((delta) => this.#delta(delta) === "resync") ? "resync" : "changed";
  }

  #delta(message) {
    if (this.#parts) {
      this.#parts.deltas.push(message);
      return "waiting";
    }
    if (this.#epoch === null || message.prev !== this.#offset) {
      if (this.#waiting) return "waiting";
      this.#waiting = true;
      return "resync";
    }
    this.#waiting = false;
    this.#offset = message.offset;
    this.watermark = message.watermark ?? this.watermark;
    message.set.forEach((row) => this.#set(row));
    message.del.forEach(([dims, start, end]) => this.#delete(dims, start, end));
    this.#trim();
    return "changed";
  }

  #identity(dims, start, end) {
    return this.endIsIdentity ? `${start}:${end}:${dimKey(dims)}` : `${start}:${dimKey(dims)}`;
  }

  #set(row) {
    const identity = this.#identity(row.dims, row.start, row.end);
    this.#remove(identity);
    if (row.kind === "retract") return;
    this.#rows.set(identity, row);
    const window = `${row.start}:${row.end}`;
    let frame = this.#frames.get(window);
    if (!frame) {
      frame = new Frame(row.start, row.end);
      this.#frames.set(window, frame);
      this.#sorted = null;
    }
    frame.rows.set(dimKey(row.dims), row);
  }

  #remove(identity) {
    const row = this.#rows.get(identity);
    if (!row) return;
    this.#rows.delete(identity);
    const window = `${row.start}:${row.end}`;
    const frame = this.#frames.get(window);
    frame.rows.delete(dimKey(row.dims));
    if (frame.rows.size === 0) {
      this.#frames.delete(window);
      this.#sorted = null;
    }
  }

  #delete(dims, start, end) {
    if (typeof dims !== "object" || dims === null) return;
    if (!this.endIsIdentity || end !== undefined) return this.#remove(this.#identity(dims, start, end));
    // A delete without an end takes back every step of that cumulative window.
    const key = dimKey(dims);
    const steps = [...this.#rows].filter(([, row]) => row.start === start && dimKey(row.dims) === key);
    steps.forEach(([identity]) => this.#remove(identity));
  }

  /** Forget what is older than the tile shows, and of what is too much the oldest. */
  #trim() {
    const horizon = this.watermark === null ? -Infinity : this.watermark - this.lastMs;
    for (const frame of this.frames) {
      if (frame.end >= horizon && this.#rows.size <= MOST_ROWS) break;
      for (const row of frame.rows.values()) this.#rows.delete(this.#identity(row.dims, row.start, row.end));
      this.#frames.delete(`${frame.start}:${frame.end}`);
      this.#sorted = null;
    }
  }
}
