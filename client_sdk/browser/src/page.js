/** What an event says about its page and browser, under PostHog's reserved names. */

import { VERSION } from "./version.js";

/** Longest address that is sent: some pages keep their state in the URL. */
const MAX_URL = 2_048;

/** Of every event. @param {{href: string, pathname: string}} location */
export const pageProperties = (location) => ({
  $current_url: location.href.slice(0, MAX_URL),
  $pathname: location.pathname.slice(0, MAX_URL),
});

/** Of page views besides. @param {{referrer: string, title: string}} document */
export const viewProperties = (document) => ({
  $referrer: document.referrer.slice(0, MAX_URL),
  title: document.title.slice(0, 200),
});

/**
 * Of all events of this browser alike: sent once for each connection.
 * @param {{userAgent: string, maxTouchPoints?: number}} navigator
 * @param {{host: string}} location
 */
export function browserProperties({ userAgent, maxTouchPoints = 0 }, { host }) {
  const mac = userAgent.includes("Macintosh");
  const iPad = mac && maxTouchPoints > 1; // iPadOS says it is a Mac
  return {
    $host: host,
    $browser: first(BROWSERS, userAgent),
    $os: iPad ? "iOS" : first(SYSTEMS, userAgent),
    $device_type: iPad ? "Tablet" : first(DEVICES, userAgent),
    $lib: "browser",
    $lib_version: VERSION,
  };
}

/** Name by first match: every browser also claims to be the ones below it. @type {[RegExp, string][]} */
const BROWSERS = [
  [/Edg(e|A|iOS)?\//, "Microsoft Edge"],
  [/OPR\/|Opera/, "Opera"],
  [/SamsungBrowser\//, "Samsung Internet"],
  [/Firefox\/|FxiOS\//, "Firefox"],
  [/Chrome\/|CriOS\/|Chromium\//, "Chrome"],
  [/Safari\//, "Safari"],
  [/./, "Other"],
];

/** @type {[RegExp, string][]} */
const SYSTEMS = [
  [/Windows/, "Windows"],
  [/Android/, "Android"],
  [/iPhone|iPad|iPod/, "iOS"],
  [/Macintosh|Mac OS X/, "Mac OS X"],
  [/CrOS/, "Chrome OS"],
  [/Linux|X11/, "Linux"],
  [/./, "Other"],
];

/** @type {[RegExp, string][]} */
const DEVICES = [
  [/iPad|Tablet|Android(?!.*Mobile)/, "Tablet"],
  [/Mobi|iPhone|iPod/, "Mobile"],
  [/./, "Desktop"],
];

/** @param {[RegExp, string][]} table @param {string} text */
const first = (table, text) => table.find(([pattern]) => pattern.test(text))?.[1] ?? "Other";
