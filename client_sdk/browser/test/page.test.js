import assert from "node:assert/strict";
import { test } from "node:test";

import { browserProperties, pageProperties, viewProperties } from "../src/page.js";

const WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)";

const AGENTS = [
  [`Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36`, "Chrome", "Linux", "Desktop"],
  [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0`,
    "Microsoft Edge",
    "Windows",
    "Desktop",
  ],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14.4; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Firefox",
    "Mac OS X",
    "Desktop",
  ],
  [
    `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${WEBKIT} Version/18.0 Safari/605.1.15`,
    "Safari",
    "Mac OS X",
    "Desktop",
  ],
  [
    `Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) ${WEBKIT} Version/18.0 Mobile/15E148 Safari/604.1`,
    "Safari",
    "iOS",
    "Mobile",
  ],
  [
    `Mozilla/5.0 (Linux; Android 15; Pixel 9) ${WEBKIT} Chrome/140.0.0.0 Mobile Safari/537.36`,
    "Chrome",
    "Android",
    "Mobile",
  ],
  [
    `Mozilla/5.0 (Linux; Android 15; SM-X910) ${WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Safari/537.36`,
    "Samsung Internet",
    "Android",
    "Tablet",
  ],
  ["curl/8.0", "Other", "Other", "Desktop"],
  ["", "Other", "Other", "Other"],
];

test("browser, system and device are read from the user agent", () => {
  for (const [userAgent, browser, os, device] of AGENTS) {
    const found = browserProperties({ userAgent }, { host: "shop.example" });
    assert.deepEqual([found.$browser, found.$os, found.$device_type], [browser, os, device], userAgent);
    assert.equal(found.$host, "shop.example");
  }
});

test("a touch screen on a Mac is a tablet", () => {
  const found = browserProperties({ userAgent: AGENTS[3][0], maxTouchPoints: 5 }, { host: "h" });
  assert.deepEqual([found.$os, found.$device_type], ["iOS", "Tablet"]);
});

const whole = (url) => url;

test("addresses are masked", () => {
  const mask = (url) => url.replace("secret", "***");
  const location = { href: "https://a.example/?token=secret", pathname: "/" };
  assert.equal(pageProperties(location, mask).$current_url, "https://a.example/?token=***");
  const document = { referrer: "https://b.example/?token=secret", title: "t" };
  assert.equal(viewProperties(document, mask).$referrer, "https://b.example/?token=***");
});

test("addresses are cut to a bounded length", () => {
  const long = `https://shop.example/${"x".repeat(5_000)}`;
  assert.equal(pageProperties({ href: long, pathname: "/p" }, whole).$current_url.length, 2_048);
  assert.equal(pageProperties({ href: long, pathname: "/p" }, whole).$pathname, "/p");
  assert.equal(viewProperties({ referrer: long, title: "t" }, whole).$referrer.length, 2_048);
});
