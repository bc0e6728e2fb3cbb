// The live page: events as they come, narrowed by its form, each a line that opens.

import { element, mark, write } from "./element.js";
import { fieldsOf, queryOf, termOf, wishOf } from "./livefilter.js";
import { LiveLog, sampleText } from "./livelog.js";
import { liveRow } from "./liverow.js";
import { routeTo } from "./route.js";
import * as wire from "./wire.js";

const MAX_HZ = 4;
const REFUSED = {
  disabled: "This server does not show single events (live_events is off).",
  redacted: "This server shows nobody the value that the filter asks for (live_redact).",
  too_many_subscriptions: "Too many different tails are being watched. Use the same filter as another, or wait half a minute.",
};

export class Live {
  #feed;
  #painter;
  #form;
  #list;
  #said;
  #note;
  #pause;
  #empty;
  #log = new LiveLog();
  /** Undoes the subscription; null while the page is not shown. */
  #leave = null;
  #asked = "";
  /** The address that the form has, or had when it was last applied. */
  #applied = "";
  #refusal = "";
  #paused = false;
  /** How many had been shown when it was paused. */
  #heldAt = 0;
  /** While a button is down on a line nothing moves: what goes up on another line would be no click. */
  #pressed = false;
  #draw = () => this.#paint();

  /**
   * @param {HTMLElement} section
   * @param {import("./feed.js").Feed} feed
   * @param {import("./painter.js").Painter} painter
   */
  constructor(section, feed, painter) {
    const part = (name) => section.querySelector(`[data-part=${name}]`);
    this.#feed = feed;
    this.#painter = painter;
    this.#form = section.querySelector("form");
    this.#list = part("events");
    this.#said = part("sample");
    this.#note = part("wrong");
    this.#pause = part("pause");
    this.#empty = part("empty");
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#narrow();
    });
    this.#form.addEventListener("change", () => this.#narrow());
    this.#pause.addEventListener("click", () => this.#hold(!this.#paused));
    this.#list.addEventListener("pointerdown", () => void (this.#pressed = true));
    for (const end of ["pointerup", "pointercancel"]) {
      addEventListener(end, () => {
        if (this.#pressed) this.#painter.ask(this.#draw);
        this.#pressed = false;
      });
    }
    part("clear").addEventListener("click", () => {
      this.#log.clear();
      this.#list.replaceChildren();
      this.#paint();
    });
  }

  /** @param {import("./route.js").Route} route the address says what is asked for */
  enter({ query }) {
    const fields = fieldsOf(query);
    // An address that is the form's own comes a moment later, when the next field may have been begun.
    if (this.#applied !== JSON.stringify(fields)) {
      this.#applied = JSON.stringify(fields);
      for (const [name, value] of Object.entries(fields)) this.#form.elements[name].value = value;
    }
    const wish = wishOf(fields);
    write(this.#note, wish.wrong ?? "");
    mark(this.#form.elements.where, "aria-invalid", wish.wrong ? "true" : null);
    if (wish.wrong) return;
    const asked = JSON.stringify(wish);
    if (this.#leave && asked === this.#asked) return;
    this.leave();
    if (asked !== this.#asked) {
      this.#log = new LiveLog();
      this.#list.replaceChildren();
    }
    this.#asked = asked;
    this.#refusal = "";
    const view = this.#log;
    this.#leave = this.#feed.add({
      ask: (id) => wire.tail(id, wish.match, wish.rate, MAX_HZ, view.from),
      view,
      onChange: () => this.#painter.ask(this.#draw),
      onError: (code) => {
        this.#refusal = REFUSED[code] ?? `The server answered: ${code}`;
        this.#painter.ask(this.#draw);
      },
    });
    this.#hold(false);
  }

  /** Another page is shown: nothing is watched for nobody. */
  leave() {
    this.#leave?.();
    this.#leave = null;
  }

  /** Nothing that was seen with a former key stays. */
  forget() {
    this.#log.forget();
    this.#list.replaceChildren();
    this.#paint();
  }

  #narrow() {
    const query = queryOf(Object.fromEntries(new FormData(this.#form)));
    this.#applied = JSON.stringify(fieldsOf(new URLSearchParams(query)));
    location.hash = routeTo("live", null, query);
  }

  #narrowed(name, value) {
    const fields = Object.fromEntries(new FormData(this.#form));
    if (name.startsWith("where:")) fields.where = [fields.where, termOf(name.slice(6), value)].filter(Boolean).join(" ");
    else fields[name] = String(value);
    return routeTo("live", null, queryOf(fields));
  }

  #hold(paused) {
    this.#paused = paused;
    this.#heldAt = this.#log.counts.shown;
    write(this.#pause, paused ? "Go on" : "Pause");
    this.#pause.setAttribute("aria-pressed", String(paused));
    this.#paint();
  }

  #paint() {
    const { seen, shown } = this.#log.counts;
    const { text, sampled } = sampleText(this.#log.counts);
    const held = this.#paused ? `Paused; ${shown - this.#heldAt} more since` : text;
    write(this.#said, this.#refusal || (seen || this.#log.begun ? held : "Waiting for the server…"));
    mark(this.#said, "data-tone", this.#refusal ? "bad" : sampled ? "late" : null);
    if (this.#paused || this.#pressed) return;
    const entries = this.#log.entries;
    const there = new Map([...this.#list.children].map((child) => [child.dataset.id, child]));
    const fresh = entries.filter(({ id }) => !there.has(String(id)));
    const kept = new Set(entries.map(({ id }) => String(id)));
    // Whoever reads a line keeps it, however many come in above it.
    for (const [id, child] of there) if (!kept.has(id) && !isRead(child)) child.remove();
    // A page that is scrolled is held in its place by the browser; one at its top is not.
    const read = scrollY === 0 && fresh.length > 0 ? [...this.#list.children].find((child) => isRead(child) && isSeen(child)) : undefined;
    const before = read?.getBoundingClientRect().top;
    this.#list.prepend(...fresh.map((entry) => liveRow(entry, (name, value) => this.#narrowed(name, value))));
    if (read) scrollBy({ top: read.getBoundingClientRect().top - before, behavior: "instant" });
    this.#empty.hidden = entries.length > 0 || Boolean(this.#refusal) || !this.#log.begun;
    mark(this.#empty, "data-missing", seen ? "match" : "events");
  }
}

/** Whether somebody is at this line: it is open, or keys have brought the focus to it. */
const isRead = (line) => line.querySelector("details[open], :focus-visible") !== null;

function isSeen(line) {
  const { top, bottom } = line.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}
