import assert from "node:assert/strict";
import { test } from "node:test";

import { consentOf } from "../src/consent.js";

const GPC = { globalPrivacyControl: true };
const DNT = { doNotTrack: "1" };

test("the person's choice comes before signals, signals before the page's word", () => {
  for (const [chosen, config, navigator, state] of [
    [undefined, {}, {}, "granted"],
    [undefined, { consent: "pending" }, {}, "pending"],
    [undefined, { consent: "denied" }, {}, "denied"],
    [undefined, { consent: "Granted" }, {}, "pending"],
    [undefined, {}, GPC, "denied"],
    [undefined, { consent: "granted" }, GPC, "denied"],
    [undefined, { gpc: false }, GPC, "granted"],
    [undefined, {}, DNT, "granted"],
    [undefined, { dnt: true }, DNT, "denied"],
    [undefined, { dnt: true }, { doNotTrack: "0" }, "granted"],
    ["granted", {}, GPC, "granted"],
    ["denied", { consent: "granted" }, {}, "denied"],
    ["maybe", { consent: "pending" }, {}, "pending"],
  ])
    assert.equal(consentOf(chosen, config, navigator), state, JSON.stringify([chosen, config, navigator]));
});
