/**
 * One person and one session over the sub-domains of a site, by a cookie of the domain that they share; and over other
 * domains of one's own, by a link that is good for two minutes.
 *
 * It works on what the SDK has stored, so it does nothing where nothing is stored: without consent, or cookieless.
 */

import { pathOf } from "./element.js";
import { decode, encode, isAnonymous } from "./handoff.js";
import { belongs } from "./host.js";
import { linkOf } from "./link.js";
import { guarded, watch } from "./watch.js";

/** @typedef {import("./handoff.js").Handoff} Handoff */

/** The imported module itself can stand among the `modules`: only then is it there before the first event. */
export const name = "stitch";

/** The SDK masks the value of a parameter that is called like this. */
const PARAMETER = "tidegate_session";
const GOOD_MS = 120_000;
/** After which a session is over, as in the SDK. */
const IDLE_MS = 30 * 60_000;
/** How stale the cookie may be. */
const GRAIN_MS = 5_000;
const YEAR_S = 31_536_000;
/** Behind so many of a second's events storage and cookie are looked at, and once at its end: a look is as dear as an event. */
const EASE_EVENTS = 8;

/**
 * @param {import("./watch.js").Tidegate} tidegate
 * @param {{domains?: string[]}} [options] `domains` of one's own to hand over to and to take from, with all below them
 */
export function start(tidegate, { domains = [] } = {}) {
  const { on, signal, stop } = watch();
  const { name: space = "tidegate", cookieless } = tidegate.config;
  /** Looked for once something may be stored: looking is storing. @type {string | undefined} */
  let domain;
  const key = (/** @type {string} */ of) => `${space}:${of}`;
  const read = (/** @type {string} */ of) => JSON.parse(localStorage.getItem(key(of)) ?? "{}");

  /** What the SDK has stored; undefined where it stores nothing. @returns {Handoff | undefined} */
  const own = () => {
    const { id } = read("person");
    return id && !cookieless ? [id, read("session"), Date.now()] : undefined;
  };
  /** @param {Handoff | undefined} handed @param {boolean} [knows] whether it knows better who somebody is */
  const take = (handed, knows) => {
    const mine = own();
    if (!handed || !mine) return;
    const [person, session] = handed;
    if (person && (knows || isAnonymous(mine[0]))) localStorage.setItem(key("person"), JSON.stringify({ id: person }));
    // Where the others have no session somebody has signed out: the next event begins a new one.
    const alive = session.id ? Date.now() - /** @type {any} */ (session.last) < IDLE_MS : knows;
    if (alive) localStorage.setItem(key("session"), JSON.stringify(session));
  };

  const cookie = `${space}_stitch`;
  const setCookie = (/** @type {string} */ value, /** @type {number} */ age) => {
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `${cookie}=${value}; domain=${domain}; path=/; max-age=${age}; samesite=lax${secure}`;
  };
  const shared = () => cookieOf(cookie);
  /** Our ids and the cookie, as they were when both were last looked at. @type {string | undefined} */
  let known;
  let seen = "";
  /** Go on as those whom another sub-domain knows. */
  const catchUp = () => {
    take(decode(shared()), true);
    known = idsOf(own());
    seen = shared();
  };
  /** Let the others know, unless one of them has something new to say and we have not. */
  const share = () => {
    if (known === undefined || (shared() !== seen && idsOf(own()) === known)) catchUp();
    const mine = own();
    if (!mine) return;
    domain ??= sharedDomain(`${space}_probe`);
    if (!domain) return;
    const theirs = decode(shared());
    if (idsOf(mine) !== idsOf(theirs) || mine[2] > /** @type {Handoff} */ (theirs)[2] + GRAIN_MS) setCookie(encode(mine), YEAR_S);
    known = idsOf(mine);
    seen = shared();
  };

  /** Until the next second. @type {ReturnType<typeof setTimeout> | undefined} */
  let pause;
  /** Events in this second. */
  let events = 0;
  const rested = guarded(() => {
    const missed = events > EASE_EVENTS;
    clearTimeout(pause);
    pause = undefined;
    events = 0;
    if (missed && !signal.aborted) share();
  });
  /** @param {{event: string}} captured */
  const heard = ({ event }) => {
    pause ??= setTimeout(rested, 1_000);
    events += 1;
    if (events <= EASE_EVENTS || event === "$identify") share();
  };

  catchUp();
  take(handedOver(domains));
  on(document, "visibilitychange", () => (document.hidden ? rested() : catchUp()));
  on(globalThis, "pagehide", rested);
  on(globalThis, "click auxclick", (event) => {
    const link = linkOf(pathOf(event));
    const mine = own();
    if (!link || event.button > 1 || !mine) return;
    const { path, url } = link;
    if (!belongs(url.hostname, domains) || belongs(url.hostname, [domain || location.hostname])) return;
    const [anchor] = path;
    const before = /** @type {string} */ (anchor.getAttribute("href")); // else it were no link
    if (!isAnonymous(mine[0])) mine[0] = "";
    url.search += `${url.search ? "&" : "?"}${PARAMETER}=${encode(mine)}`;
    anchor.setAttribute("href", url.href);
    setTimeout(() => anchor.setAttribute("href", before)); // the browser has read it by then
  });
  const silences = [tidegate.on("capture", heard), tidegate.on("reset", share)];
  return () => {
    stop();
    for (const silence of silences) silence();
    if (tidegate.hasOptedOut() && domain) setCookie("", 0);
  };
}

/** Who, and in which session. @param {Handoff | undefined} handoff */
const idsOf = (handoff) => handoff && handoff[0] + handoff[1].id;

/** @param {string} name */
const cookieOf = (name) =>
  document.cookie
    .split("; ")
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1) ?? "";

/**
 * The shortest domain above this page for which the browser takes a cookie; "" where there is none. It is found by
 * trying: which suffixes are a registry's only the browser knows.
 * @param {string} probe name of the cookie that is tried
 */
function sharedDomain(probe) {
  const labels = location.hostname.split(".");
  for (let from = labels.length - 2; from >= 0; from--) {
    const domain = labels.slice(from).join(".");
    const attributes = `; domain=${domain}; path=/; samesite=lax; max-age=`;
    document.cookie = `${probe}=1${attributes}9`;
    if (cookieOf(probe)) {
      document.cookie = `${probe}=${attributes}0`;
      return domain;
    }
  }
  return "";
}

/**
 * What the link that led here hands over. It is taken out of the address, and believed only when it is fresh and comes
 * from a page of one's own, so that nobody can give their session to others.
 * @param {string[]} domains
 */
function handedOver(domains) {
  const [, text] = RegExp(`[?&]${PARAMETER}=([^&]*)`).exec(location.search) ?? [];
  if (text === undefined) return undefined;
  const rest = location.search.replace(RegExp(`${PARAMETER}=[^&]*&?`), "").replace(/[?&]$/, "");
  history.replaceState(history.state, "", location.pathname + rest + location.hash);
  const handed = decode(text);
  const own = URL.canParse(document.referrer) && belongs(new URL(document.referrer).hostname, domains);
  return own && handed && Math.abs(Date.now() - handed[2]) < GOOD_MS ? handed : undefined;
}
