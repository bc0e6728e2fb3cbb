// A banner over every page for what lasts on the server and what its numbers alone do not tell: a disk that is full.

import { element } from "./element.js";

const TEXT = "The disk of the gateway is full. Until there is room it takes no events, and the numbers stand still; browsers keep what they could not send.";

/** Codes of notices that are about it. */
export const DISK_FULL = "disk_full";
export const DISK_HAS_ROOM = "disk_has_room";

export class Banner {
  #host;

  /** @param {HTMLElement} host a live region, so that it is read out as it comes */
  constructor(host) {
    this.#host = host;
  }

  /** The server says that it is so; it does behind each welcome, as long as it lasts. */
  show() {
    if (this.#host.hasChildNodes()) return;
    this.#host.append(element("p", TEXT), element("a", "Health", { href: "#/health" }));
  }

  /** It is over, or nobody knows: a connection begins. @returns {boolean} whether there was any */
  hide() {
    const shown = this.#host.hasChildNodes();
    this.#host.replaceChildren();
    return shown;
  }
}
