// The page of the gateway's health: asked for every two seconds while somebody looks.

import { element, mark, write } from "./element.js";
import { Export } from "./export.js";
import { clockTime } from "./format.js";
import * as model from "./healthmodel.js";
import { routeTo } from "./route.js";

const EVERY_MS = 2_000;

export class Health {
  #section;
  #api;
  #mayAsk;
  #export;
  #timer = null;
  /** Rises with each entering and leaving: an answer to an earlier one is stale. */
  #visit = 0;
  #before = null;
  #shownSamples = "";

  /**
   * @param {HTMLElement} section
   * @param {import("./api.js").Api} api
   * @param {() => boolean} mayAsk whether there is a key, and somebody who looks
   */
  constructor(section, api, mayAsk) {
    this.#section = section;
    this.#api = api;
    this.#mayAsk = mayAsk;
    this.#export = new Export(this.#part("export"), api);
  }

  enter() {
    this.leave();
    this.#poll(this.#visit);
  }

  leave() {
    this.#visit += 1;
    clearTimeout(this.#timer);
  }

  /** Nothing that was seen with a former key stays; a new one is used at once. */
  forget() {
    this.#before = null;
    this.#shownSamples = "";
    mark(this.#section, "data-known", null);
    for (const part of this.#section.querySelectorAll("tbody, ol, [data-part=refusals]")) part.replaceChildren();
    this.#part("refused").hidden = true;
  }

  async #poll(visit) {
    if (this.#mayAsk()) await this.#ask(visit);
    if (visit === this.#visit) this.#timer = setTimeout(() => this.#poll(visit), EVERY_MS);
  }

  async #ask(visit) {
    try {
      const [status, quarantine] = await Promise.all([this.#api.get("v1/status"), this.#api.get("v1/quarantine?limit=20")]);
      if (visit !== this.#visit) return;
      this.#draw(status, quarantine);
      write(this.#part("trouble"), "");
    } catch (failure) {
      const old = this.#before ? " What stands here is old." : "";
      if (visit === this.#visit) write(this.#part("trouble"), `The state cannot be read: ${failure.message}.${old}`);
    }
  }

  #draw(status, quarantine) {
    const { word, text, tone } = model.level(status);
    const { rows, balanced } = model.ledger(status, this.#before);
    this.#before = status;
    write(this.#part("level"), word);
    mark(this.#part("level"), "data-tone", tone);
    write(this.#part("advice"), text);
    this.#refusals(model.refusals(status));
    write(this.#part("full"), model.full(status));
    const foreign = model.foreign(status);
    this.#part("turned-away").hidden = foreign.length === 0;
    this.#table("foreign", foreign.map(({ origin, value, last }) => [origin, value, last]));
    this.#table("ledger", rows.map(({ name, value, rate, share }) => [name, value, rate, share]));
    write(this.#part("balance"), balanced ? "sent = accepted + duplicate + rejected" : "The account does not add up!");
    mark(this.#part("balance"), "data-tone", balanced ? "good" : "bad");
    this.#table("stages", model.stages(status).map(({ name, what, cells }) => [`${name} – ${what}`, ...cells]));
    const reasons = model.reasons(status, quarantine);
    this.#table("reasons", reasons.map(({ reason, value, share, hint }) => [reason, value, share, hint]));
    this.#part("no-reasons").hidden = reasons.length > 0;
    this.#part("some-reasons").hidden = reasons.length === 0;
    this.#table("producers", model.producers(status).map(({ name, text: what, connections, backlog, credit }) => [`${name} – ${what}`, connections, backlog, credit]));
    this.#table("viewers", model.viewers(status).map(({ name, text: what, value }) => [`${name} – ${what}`, value]));
    this.#table("log", model.log(status).map(({ name, value, tone: how }) => [name, { text: value, tone: how }]));
    this.#meters(model.budgets(status));
    this.#table("kpis", model.kpis(status).map(({ name, own, shared, keys, tone: how }) => [name, own, shared, { text: keys, tone: how === "good" ? "" : how }]));
    this.#export.draw(quarantine.counts ?? {}, quarantine.texts !== false);
    this.#samples(model.samples(quarantine), quarantine.texts !== false);
    mark(this.#section, "data-known", "");
  }

  #part(name) {
    return this.#section.querySelector(`[data-part=${name}]`);
  }

  /** Rows are reused: text that is selected, and where the page is scrolled to, stay. */
  #table(name, rows) {
    const body = this.#part(name);
    while (body.rows.length > rows.length) body.deleteRow(-1);
    rows.forEach((cells, at) => {
      const row = body.rows[at] ?? body.insertRow();
      cells.forEach((cell, column) => {
        const target = row.cells[column] ?? row.appendChild(column ? element("td") : element("th", "", { scope: "row" }));
        const { text, tone } = typeof cell === "string" ? { text: cell, tone: "" } : cell;
        write(target, text);
        mark(target, "data-tone", tone || null);
      });
    });
  }

  /** Written anew only when something has changed: it is an alert, which is read out. */
  #refusals(refusals) {
    const host = this.#part("refusals");
    this.#part("refused").hidden = refusals.length === 0;
    while (host.children.length > refusals.length) host.lastElementChild.remove();
    refusals.forEach(({ what, since, reason }, at) => {
      const there = host.children[at] ?? host.appendChild(element("div", [element("dt"), element("dd"), element("dd.since")]));
      const [name, why, when] = there.children;
      write(name, what);
      write(why, reason);
      write(when, since);
    });
  }

  #meters(rows) {
    const host = this.#part("budgets");
    rows.forEach(({ name, value, share, tone }, at) => {
      const there = host.children[at] ?? host.appendChild(meterOf(name));
      const bar = there.lastElementChild.firstElementChild;
      write(there.querySelector("dd"), value);
      bar.setAttribute("aria-valuenow", String(Math.round(share * 100)));
      mark(bar, "data-tone", tone);
      bar.firstElementChild.style.transform = `scaleX(${share})`;
    });
  }

  #samples(samples, withTexts) {
    this.#part("quarantine").hidden = samples.length === 0;
    const shown = samples.map(({ id }) => id).join();
    if (shown === this.#shownSamples) return;
    this.#shownSamples = shown;
    const open = new Set([...this.#part("samples").querySelectorAll("li:has(details[open])")].map((item) => item.dataset.id));
    this.#part("samples").replaceChildren(...samples.map((sample) => sampleItem(sample, withTexts, open.has(sample.id))));
  }
}

function meterOf(name) {
  const bar = element("div.meter", [element("i")], { role: "meter", "aria-valuemin": "0", "aria-valuemax": "100", "aria-label": name });
  return element("div", [element("dt", name), element("dd"), element("dd.gauge", [bar])]);
}

function sampleItem({ id, reason, hint, received, producer, size, text, cut }, withTexts, open) {
  const withheld = withTexts ? "(withheld: it may hold redacted values)" : "(texts are not shown by this server)";
  const line = element("summary", [
    element("time", clockTime(received), { datetime: new Date(received).toISOString() }),
    element("b", reason),
    element("span", text ?? withheld),
  ]);
  const details = element("details", [
    line,
    element("p", hint),
    element("p.whose", [`${model.bytes(size)} from ${producer || "a post without a producer"} · `, element("a", "watch such events", { href: routeTo("live", null, { verdict: "drop" }) })]),
    element("pre", text === null ? withheld : cut ? `${text}…` : text),
  ]);
  details.open = open;
  return element("li", [details], { "data-id": id });
}
