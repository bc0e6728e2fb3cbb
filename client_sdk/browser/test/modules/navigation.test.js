import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { watchNavigation } from "../../src/modules/navigation.js";
import { watch } from "../../src/modules/watch.js";

const page = /** @type {any} */ (globalThis);
/** @type {string[]} */
let calls;
/** @type {string[]} */
let told;

beforeEach(() => {
  calls = [];
  told = [];
  page.History = class {
    /** @param {unknown} state */
    pushState(state) {
      if (state === "bad") throw new Error("the page's own");
      calls.push("push");
    }
    replaceState() {
      calls.push("replace");
    }
  };
  page.history = new page.History();
  page.addEventListener = () => {};
});

test("changes are told after they were made, and the page's own errors stay the page's", () => {
  const watching = watch();
  watchNavigation(watching, (kind) => told.push(`${kind} after ${calls.length}`));
  page.history.pushState({});
  page.history.replaceState({});
  assert.throws(() => page.history.pushState("bad"), /the page's own/);
  assert.deepEqual(told, ["pushState after 1", "replaceState after 2"]);
});

test("a listener that throws does not reach the page", () => {
  watchNavigation(watch(), () => {
    throw new Error("ours");
  });
  page.history.pushState({});
  assert.deepEqual(calls, ["push"]);
});

test("the end leaves no trace", () => {
  const { pushState, replaceState } = page.History.prototype;
  const watching = watch();
  watchNavigation(watching, (kind) => told.push(kind));
  watching.stop();
  assert.equal(page.history.pushState, pushState);
  assert.equal(page.history.replaceState, replaceState);
  assert.ok(!Object.hasOwn(page.history, "pushState"));
});

test("who wraps later, at either place, is called before and after our end", () => {
  for (const owner of [page.history, page.History.prototype]) {
    const watching = watch();
    watchNavigation(watching, (kind) => told.push(kind));
    const ours = owner.pushState;
    owner.pushState = function (/** @type {any[]} */ ...args) {
      calls.push("later");
      return ours.apply(this, args);
    };
    page.history.pushState({});
    assert.deepEqual([calls, told], [["later", "push"], ["pushState"]]);
    watching.stop();
    page.history.pushState({});
    assert.deepEqual([calls, told], [["later", "push", "later", "push"], ["pushState"]]);
    calls = [];
    told = [];
    delete page.history.pushState;
  }
});

test("what passes history by is told by the browser's navigation, behind all others", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => delete page.navigation);
  page.navigation = new EventTarget();
  watchNavigation(watch(), (kind) => told.push(kind));
  page.navigation.dispatchEvent(new Event("currententrychange"));
  page.history.pushState({});
  assert.deepEqual(told, ["pushState"]);
  t.mock.timers.tick(1);
  assert.deepEqual(told, ["pushState", "navigation"]);
});
