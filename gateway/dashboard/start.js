// The first-run page: a write key, a test event that is followed on its way, and the lines for a product of one's own.

import { element, mark, write } from "./element.js";
import { keepWriteKey, writeKey } from "./key.js";
import { termOf } from "./livefilter.js";
import { routeTo } from "./route.js";
import { snippet } from "./snippet.js";
import { Trial } from "./trial.js";
import * as wire from "./wire.js";

const EVENT = "test_event";
const MARK = "tidegate_test";
const TICK_MS = 500;
const RATE = 10;
const MAX_HZ = 10;
/** Nothing of it is stored: it is a test, in the dashboard's own tab. It was asked for, so no signal forbids it. */
const QUIET = { pageview: false, cookieless: true, gpc: false, name: "tidegate-start" };

export class Start {
  #section;
  #feed;
  #origin;
  #sdk;
  #now;
  #key;
  #send;
  #steps;
  #after;
  /** @type {Trial|null} */
  #trial = null;
  /** Ends what a trial has begun. */
  #end = () => {};

  /**
   * @param {HTMLElement} section
   * @param {import("./feed.js").Feed} feed
   * @param {{origin: string, sdk: () => Promise<any>, now: () => number}} env `sdk` loads the browser SDK
   */
  constructor(section, feed, { origin, sdk, now }) {
    const part = (name) => section.querySelector(`[data-part=${name}]`);
    this.#section = section;
    this.#feed = feed;
    this.#origin = origin;
    this.#sdk = sdk;
    this.#now = now;
    this.#key = section.querySelector("input[name=write-key]");
    this.#send = part("send");
    this.#steps = part("steps");
    this.#after = part("after");
    this.#key.addEventListener("input", () => this.#fill());
    section.querySelector("[name=kind]").addEventListener("change", () => this.#fill());
    section.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#begin();
    });
    const said = part("copied");
    part("copy").addEventListener("click", async () => write(said, (await copied(part("snippet"))) ? "Copied" : "Select the text and copy it"));
  }

  enter() {
    if (!this.#key.value) this.#key.value = writeKey() ?? "";
    this.#fill();
  }

  /** Nothing of a former key stays. */
  forget() {
    this.#end();
    this.#key.value = "";
    this.#steps.replaceChildren();
    this.#after.hidden = true;
    this.#fill();
  }

  #fill() {
    const kind = this.#section.querySelector("[name=kind]").value;
    write(this.#section.querySelector("[data-part=snippet]"), snippet(kind, this.#origin, this.#key.value.trim()));
    write(this.#section.querySelector("[data-part=copied]"), "");
  }

  async #begin() {
    const key = this.#key.value.trim();
    write(this.#section.querySelector("[data-part=no-key]"), key ? "" : "Paste a write key first.");
    mark(this.#key, "aria-invalid", key ? null : "true");
    if (!key) return this.#key.focus();
    keepWriteKey(key);
    this.#end();
    const trial = new Trial(this.#now());
    this.#trial = trial;
    const token = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const undo = [this.#watch(trial, token)];
    const timer = setInterval(() => this.#told(trial, () => trial.tick(this.#now())), TICK_MS);
    // The same wish at the same rate: what the gateway still has of it is shown there at once.
    const wish = { event: EVENT, where: termOf(MARK, token), rate: String(RATE) };
    this.#after.querySelector("[data-part=watch]").href = routeTo("live", null, wish);
    this.#end = () => {
      clearInterval(timer);
      for (const end of undo.splice(0)) end();
      this.#end = () => {};
      this.#send.disabled = false;
    };
    this.#send.disabled = true;
    this.#draw();
    try {
      const sdk = await this.#sdk();
      if (this.#trial !== trial) return;
      undo.push(sdk.on("state", (change) => this.#told(trial, () => trial.sdk(change, this.#now()))));
      undo.push(sdk.on("verdict", (verdict) => this.#told(trial, () => trial.verdict(verdict))));
      undo.push(() => void sdk.shutdown());
      sdk.init(key, { ...QUIET, url: this.#origin });
      sdk.capture(EVENT, { [MARK]: token, source: "first-run page" });
      if (await sdk.flush()) this.#told(trial, () => trial.acked(this.#now()));
    } catch (failure) {
      this.#told(trial, () => trial.broken(`The browser SDK cannot be used: ${failure.message}`));
    }
  }

  /** Wait for the event where everybody can see it. */
  #watch(trial, token) {
    let from = null;
    const view = {
      get from() {
        return from;
      },
      disconnected() {},
      apply: (message) => {
        from = { epoch: message.epoch, offset: message.offset };
        for (const event of message.events) {
          if (event.properties[MARK] === token) this.#told(trial, () => trial.seen(event, this.#now()));
        }
        return "waiting";
      },
    };
    return this.#feed.add({
      ask: (id) => wire.tail(id, { event: EVENT, properties: { [MARK]: token } }, RATE, MAX_HZ, from),
      view,
      onChange: () => {},
      onError: (code) => this.#told(trial, () => trial.unseen(code)),
    });
  }

  /** Something has become known; a former trial has no say. */
  #told(trial, act) {
    if (this.#trial !== trial || trial.outcome !== "running") return;
    act();
    if (trial.outcome !== "running") this.#end();
    this.#draw();
  }

  #draw() {
    const { steps, outcome } = this.#trial;
    if (this.#steps.children.length !== steps.length) {
      this.#steps.replaceChildren(...steps.map(({ title }) => element("li", [element("b", title), element("span")])));
    }
    steps.forEach(({ state, text }, at) => {
      const item = this.#steps.children[at];
      mark(item, "data-state", state);
      write(item.lastElementChild, state === "waiting" && !text && outcome === "running" ? "…" : text);
    });
    mark(this.#section, "data-outcome", outcome);
    this.#after.hidden = outcome !== "done";
  }
}

/** @param {HTMLElement} source @returns {Promise<boolean>} */
async function copied(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    // No clipboard on plain http or without permission: leave the text selected for the keyboard.
    getSelection().selectAllChildren(source);
    return false;
  }
}
