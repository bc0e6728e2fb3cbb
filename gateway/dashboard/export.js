// Rejected events as a file: asked for page by page, and handed to the browser as a download.

import { dated, download } from "./download.js";
import { element, mark, write } from "./element.js";
import { exact } from "./format.js";
import { readPages } from "./paged.js";
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
  const query = new URLSearchParams({ after: "0", ...(reason && { reason }) });
  const whole = await readPages(api, "v1/quarantine/export", query, MOST_PAGES, (text) => {
    parts.push(text);
    events += text.split("\n").length - 1;
    told(events);
  });
  return { parts, events, whole };
}

/** @param {string} reason @param {Date} now */
export const fileName = (reason, now) =>
  dated(reason ? `rejected-${reason.replace(/[^\w.-]+/g, "_").slice(0, 80)}` : "rejected", now, "ndjson");

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
