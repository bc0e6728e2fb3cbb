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
export function browserProperties({ userAgent, maxTouchPoints = 0 }, { host }) {
  // iPadOS says it is a Mac
  const agent = userAgent.includes("Macintosh") && maxTouchPoints > 1 ? `iPad ${userAgent}` : userAgent;
  return {
    $host: host,
    $browser: first(BROWSERS, agent),
    $os: first(SYSTEMS, agent),
    $device_type: first(DEVICES, agent),
    $lib: "browser",
    $lib_version: VERSION,
  };
}

/** `pattern=name` by first match: every browser also claims to be the ones below it. */
const BROWSERS =
  "Edg=Microsoft Edge;OPR/|Opera=Opera;SamsungBrowser=Samsung Internet;Firefox/|FxiOS=Firefox;" +
  "Chrome/|CriOS|Chromium=Chrome;Safari/=Safari;=Other";
const SYSTEMS =
  "Windows=Windows;Android=Android;iPhone|iPad|iPod=iOS;Macintosh|Mac OS X=Mac OS X;CrOS=Chrome OS;Linux|X11=Linux;=Other";
const DEVICES = "iPad|Tablet|Android(?!.*Mobile)=Tablet;Mobi|iPhone|iPod=Mobile;.=Desktop;=Other";

/** @param {string} table @param {string} agent */
function first(table, agent) {
  const rows = table.split(";").map((row) => row.split("="));
  return /** @type {string[]} */ (rows.find(([pattern]) => RegExp(pattern).test(agent)))[1];
}
