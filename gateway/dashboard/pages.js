// The pages of the dashboard: one is shown, by the address; the others are hidden and told so.

import { mark } from "./element.js";
import { parseRoute } from "./route.js";

const TITLE = "Tidegate";

/**
 * @typedef {object} Page
 * @property {(route: import("./route.js").Route) => void} [enter] it is shown, or its name or query changed
 * @property {() => void} [leave] another page is shown
 * @property {string} [title] what it shows, instead of what its link says; with `retitle` it may change
 */

export class Pages {
  /** @type {Map<string, {section: HTMLElement, link: HTMLAnchorElement|null, page: Page}>} in the order of `add` */
  #pages = new Map();
  #nav;
  /** @type {import("./route.js").Route|null} */
  #route = null;

  /** @param {HTMLElement} nav links to the pages, each with `data-page` */
  constructor(nav) {
    this.#nav = nav;
  }

  /** What is shown; null before `start`. */
  get route() {
    return this.#route;
  }

  /**
   * The first one added is the default.
   * @param {string} name
   * @param {HTMLElement} section shown with the page; takes the focus when someone comes to it
   * @param {Page} [page]
   */
  add(name, section, page = {}) {
    this.#pages.set(name, { section, link: this.#nav.querySelector(`a[data-page=${name}]`), page });
  }

  /** Show the page of the address, now and whenever that changes. */
  start() {
    addEventListener("hashchange", () => this.#show());
    this.#show();
  }

  /** Past the links and the controls: to what the page is about, from where keys go on. */
  skip() {
    const { section } = this.#pages.get(this.#route.page);
    section.focus({ preventScroll: true }); // What has nothing in it yet may not be there to take the focus.
    section.querySelector("[data-content]")?.focus();
  }

  /** What the page that is shown is called, in the window's title and so in the list of tabs. */
  retitle() {
    if (!this.#route) return;
    const { link, page } = this.#pages.get(this.#route.page);
    const title = page.title ?? link?.textContent;
    document.title = title ? `${title} – ${TITLE}` : TITLE;
  }

  #show() {
    const before = this.#route;
    const route = parseRoute(location.hash, [...this.#pages.keys()]);
    const moved = before?.page !== route.page;
    this.#route = route;
    if (moved && before) this.#pages.get(before.page).page.leave?.();
    for (const [name, { section, link }] of this.#pages) {
      section.hidden = name !== route.page;
      if (link) mark(link, "aria-current", name === route.page ? "page" : null);
    }
    const { section, page } = this.#pages.get(route.page);
    page.enter?.(route);
    if (!moved) return;
    this.retitle();
    if (before) {
      scrollTo(0, 0);
      section.focus({ preventScroll: true });
    }
  }
}
