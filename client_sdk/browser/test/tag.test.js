import assert from "node:assert/strict";
import { test } from "node:test";

import { tagConfig } from "../src/tag.js";

test("settings on the tag are JSON, names of modules, or text", () => {
  const dataset = {
    key: "wk_1",
    modules: "pageviews, clicks",
    maxEvents: "500",
    pageview: "false",
    consent: "pending",
    clicks: '{"rage":false}',
    queryAllow: '["q"]',
    redact: '["email"]',
    properties: "price,plan",
    name: "[mine",
    dnt: "true",
  };
  assert.deepEqual(tagConfig(dataset), {
    key: "wk_1",
    modules: ["pageviews", "clicks"],
    maxEvents: 500,
    pageview: false,
    consent: "pending",
    clicks: { rage: false },
    queryAllow: ["q"],
    redact: ["email"],
    properties: ["price", "plan"],
    name: "[mine",
    dnt: true,
  });
});

test("an attribute without a value is true, as in HTML, and a list without names is empty", () => {
  assert.deepEqual(tagConfig({ cookieless: "", dnt: "", gpc: "", queryAllow: "", maxBytes: "0" }), {
    cookieless: true,
    dnt: true,
    gpc: true,
    queryAllow: [""],
    maxBytes: 0,
  });
});
