// A test event on its way, step by step: what is known of it, and when it was known. Pure; times are steady ms.

/** After so long without an end something is wrong, and it is said what has not happened. */
export const PATIENCE_MS = 20_000;

const STEPS = ["connected", "accepted", "disk", "counted", "shown"];
const NAMES = {
  connected: "Connected with the write key",
  accepted: "Accepted",
  disk: "On disk",
  counted: "Counted",
  shown: "Shown here",
};
const STOPPED = {
  4001: "The server does not accept this write key.",
  4003: "This key may not send: it is a view key, or this page's address is not in allowed_origins.",
  4009: "Another tab is sending with the same identity.",
};
/** Where to look when a step does not come. */
const LATE = {
  connected: "Is this page's address in allowed_origins? The Health page lists those that were turned away.",
  accepted: "The server may take nothing just now: the Health page says whether it holds, and when its disk is full.",
};
const REFUSED = { disabled: "This server does not show single events (live_events is off)." };

/** @typedef {{name: string, title: string, state: "waiting"|"done"|"failed"|"skipped", text: string}} Step */

export class Trial {
  /** @type {Map<string, {state: Step["state"], text: string}>} */
  #steps = new Map(STEPS.map((name) => [name, { state: "waiting", text: "" }]));
  #began;

  /** @param {number} now */
  constructor(now) {
    this.#began = now;
  }

  /** @returns {Step[]} */
  get steps() {
    return STEPS.map((name) => ({ name, title: NAMES[name], ...this.#steps.get(name) }));
  }

  /** @returns {"running"|"done"|"failed"} */
  get outcome() {
    const states = [...this.#steps.values()].map(({ state }) => state);
    if (states.includes("failed")) return "failed";
    return states.includes("waiting") ? "running" : "done";
  }

  /** The SDK has another state. @param {{state: string, code?: number}} change @param {number} now */
  sdk({ state, code = 0 }, now) {
    if (state === "open") this.#done("connected", now);
    else if (state === "stopped") this.#fail("connected", STOPPED[code] ?? `The server closed the connection for good (${code}).`);
    else if (state === "waiting" && code) this.#note("connected", "The connection was lost; it is tried again…");
  }

  /** The server said what became of the event, when it was not plainly accepted. */
  verdict({ outcome, reason }) {
    if (outcome === "warn") return;
    this.#fail("accepted", outcome === "duplicate" ? `It was counted before (${reason}).` : `It was rejected: ${reason}.`);
  }

  /** All that was sent is acked, which means: on disk. @param {number} now */
  acked(now) {
    for (const name of ["connected", "accepted", "disk"]) this.#done(name, now);
  }

  /** It came by the live topic. @param {{kpis: string[], verdict: string, reason: string}} event @param {number} now */
  seen({ kpis, verdict, reason }, now) {
    if (verdict === "drop" || verdict === "duplicate") return this.verdict({ outcome: verdict, reason });
    // Who sees it knows that it was acked, though the ack may still be on its way to the SDK.
    this.acked(now);
    if (kpis.length) this.#done("counted", now, `in ${kpis.join(", ")}`);
    else this.#set("counted", "skipped", "No KPI takes an event like this one.");
    this.#done("shown", now);
  }

  /** The live topic cannot be watched. @param {string} code */
  unseen(code) {
    for (const name of ["counted", "shown"]) this.#set(name, "skipped", REFUSED[code] ?? `The server answered ${code}.`);
  }

  /** The SDK could not be loaded, or threw. @param {string} text */
  broken(text) {
    this.#fail("connected", text);
  }

  /** Time has passed. @param {number} now */
  tick(now) {
    if (this.outcome !== "running" || now - this.#began < PATIENCE_MS) return;
    for (const [name, { state, text }] of this.#steps) {
      if (state === "waiting") return this.#fail(name, `${text} Nothing was heard for ${PATIENCE_MS / 1_000} s. ${LATE[name] ?? ""}`.trim());
    }
  }

  #done(name, now, text = "") {
    this.#set(name, "done", `${text}${text ? ", " : ""}after ${Math.max(0, Math.round(now - this.#began))} ms`);
  }

  #fail(name, text) {
    this.#set(name, "failed", text);
  }

  #note(name, text) {
    const step = this.#steps.get(name);
    if (step.state === "waiting") step.text = text;
  }

  /** What is settled stays: a later word about it is an echo. */
  #set(name, state, text) {
    if (this.#steps.get(name).state === "waiting") this.#steps.set(name, { state, text });
  }
}
