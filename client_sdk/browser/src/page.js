/** What an event says about its page and browser, under PostHog's reserved names. */

import { VERSION } from "./version.js";

/** Longest address that is sent: some pages keep their state in the URL. */
const MAX_URL = 2_048;

/** @param {string} text */
const short = (text) => text.slice(0, MAX_URL);

/**
 * Of every event.
 * @param {{href: string, pathname: string}} location
 * @param {(url: string) => string} mask
 */
export const pageProperties = (location, mask) => ({
  $current_url: short(mask(location.href)),
  $pathname: short(location.pathname),
});

/**
 * Of page views besides.
 * @param {{referrer: string, title: string}} document
 * @param {(url: string) => string} mask
 */
export const viewProperties = (document, mask) => ({
  $referrer: short(mask(document.referrer)),
  title: document.title.slice(0, 200),
});

/**
 * Of all events of this browser alike: sent once for each connection.
 * @param {{userAgent: string, maxTouchPoints?: number}} navigator
 * @param {{host: string}} location
 */
export function browserProperties({ userAgent, maxTouchPoints }, { host }) {
  // iPadOS says it is a Mac
  const agent = userAgent.includes("Macintosh") && /** @type {number} */ (maxTouchPoints) > 1 ? `iPad ${userAgent}` : userAgent;
  return {
    $host: host,
    $browser: first(BROWSERS, agent),
    $os: first(SYSTEMS, agent),
    $device_type: first(DEVICES, agent),
    $lib: "browser",
    $lib_version: VERSION,
  };
}

/** `name=pattern` by first match, where each browser also claims to be the ones below it; a name alone is its own. */
const BROWSERS =
  "Microsoft Edge=Edg;Opera=OPR/|Opera;Samsung Internet=SamsungBrowser;Firefox=Firefox/|FxiOS;" +
  "Chrome=Chrome/|CriOS|Chromium;Safari";
const SYSTEMS = "Windows;Android;iOS=iP(hone|ad|od);Mac OS X=Mac(intosh| OS X);Chrome OS=CrOS;Linux=Linux|X11";
const DEVICES = "Tablet=iPad|Tablet|Android(?!.*Mobile);Mobile=Mobi|iP(hone|od);Desktop=.";

/** @param {string} table @param {string} agent */
const first = (table, agent) =>
  table
    .split(";")
    .map((row) => row.split("="))
    .find(([name, pattern = name]) => RegExp(pattern).test(agent))?.[0] ?? "Other";
