// Rejected events as a file: asked for page by page, and handed to the browser as a download.

import { download } from "./download.js";
import { element, mark, write } from "./element.js";
import { exact } from "./format.js";
import { fill } from "./toolbar.js";

/** Pages of an export; the server keeps no more than they hold unless it is told to. */
const MOST_PAGES = 500;

/**
 * All that is kept, of one reason or of all, as one text.
 * @param {Pick<import("./api.js").Api, "lines">} api
 * @param {string} reason empty: all
 * @param {(events: number) => void} told how many there are so far
 * @returns {Promise<{parts: string[], events: number, whole: boolean}>} `parts` one behind the other are NDJSON
 * @throws {import("./api.js").ApiError}
 */
export async function collected(api, reason, told) {
  const parts = [];
  let events = 0;
  let next = "0";
  for (let page = 0; page < MOST_PAGES && next !== null; page++) {
    const query = new URLSearchParams({ after: next, ...(reason && { reason }) });
    const { text, next: behind } = await api.lines(`v1/quarantine/export?${query}`);
    parts.push(text);
    events += text.split("\n").length - 1;
    next = behind;
    told(events);
  }
  return { parts, events, whole: next === null };
}

/** @param {string} reason @param {Date} now */
export const fileName = (reason, now) =>
  `rejected-${reason ? `${reason.replace(/[^\w.-]+/g, "_").slice(0, 80)}-` : ""}${now.toISOString().slice(0, 19).replaceAll(":", "")}Z.ndjson`;

export class Export {
  #api;
  #reason = element("select", [], { "aria-label": "Which rejected events" });
  #button = element("button.quiet", "Export as NDJSON", { type: "button" });
  #said = element("span.outcome", "", { role: "status" });

  /** @param {HTMLElement} host @param {import("./api.js").Api} api */
  constructor(host, api) {
    this.#api = api;
    this.#button.addEventListener("click", () => void this.#run());
    host.append(this.#reason, this.#button, this.#said);
  }

  /** @param {Record<string, number>} counts rejected events by reason @param {boolean} may whether texts may be seen */
  draw(counts, may) {
    fill(this.#reason, [["", "All reasons"], ...Object.keys(counts).sort().map((reason) => [reason, reason])]);
    this.#reason.disabled = !may;
    if (!may) mark(this.#button, "disabled", "");
    if (!may) write(this.#said, "This server does not show texts of events: only the command exports them.");
  }

  async #run() {
    const reason = this.#reason.value;
    this.#button.disabled = true;
    try {
      const { parts, events, whole } = await collected(this.#api, reason, (so) => write(this.#said, `${exact(so)} events…`));
      download(parts, "application/x-ndjson", fileName(reason, new Date()));
      write(this.#said, `${exact(events)} events in the file${whole ? "" : "; there are more: the command exports all"}`);
    } catch (error) {
      write(this.#said, `Not exported: ${error.message}`);
    } finally {
      this.#button.disabled = false;
    }
  }
}
