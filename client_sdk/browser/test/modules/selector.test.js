import assert from "node:assert/strict";
import { test } from "node:test";

import { isStable, selectorOf } from "../../src/modules/selector.js";
import { element, upwards } from "./elements.js";

test("words that somebody chose are stable", () => {
  for (const name of ["btn", "nav-link", "checkout_button", "h1", "col-6", "MuiButton-root", "submitOrder", "step2"]) {
    assert.ok(isStable(name), name);
  }
});

test("hashes, numbers, states and made-up names are not", () => {
  const names = ["css-1q2w3e", "sc-bdVaJa", "_2x4Bz", "Button_root__3fH2d", "svelte-abc", "jss12", ":r1:", "item-48151"];
  const states = ["is-open", "active", "menu-open", "hover", "ng-dirty", "md:flex", "xkcdq-list", "a", "x".repeat(41), ""];
  for (const name of [...names, ...states, null]) assert.ok(!isStable(name), String(name));
});

test("an element with a name of its own needs nothing above it", () => {
  const button = element("button", { "data-attr": 'buy "now"', id: "buy" });
  element("main", { id: "shop" }, [button]);
  assert.equal(selectorOf(upwards(button)), '[data-attr="buy \\"now\\""]');
  const link = element("a", { class: "css-1abc2 nav-link" });
  element("nav", { id: "menu" }, [link]);
  assert.equal(selectorOf(upwards(link)), "#menu > a.nav-link");
});

test("an id that a framework has made up is passed over", () => {
  const field = element("div", { id: "radix-:r3:", role: "tab" });
  element("main", {}, [field]);
  assert.equal(selectorOf(upwards(field)), 'main > div[role="tab"]');
});

test("a position tells those without a class apart, and is left out where there is one", () => {
  const items = ["li", "li", "p", "li"].map((name) => element(name));
  element("ul", {}, items);
  assert.equal(selectorOf(upwards(items[3])), "ul > li:nth-of-type(3)");
  assert.equal(selectorOf(upwards(items[0])), "ul > li:nth-of-type(1)");
  assert.equal(selectorOf(upwards(items[2])), "ul > p");
});

test("a path is bounded and of two classes at most", () => {
  let top = element("span", { class: "one two three" });
  const bottom = top;
  for (let i = 0; i < 50; i++) top = element("div", {}, [top]);
  assert.equal(selectorOf(upwards(bottom)), "div > div > div > div > span.one.two");
});

test("the border of a shadow root is shown", () => {
  const inside = element("button", { class: "buy" });
  const host = element("shop-card", {});
  element("main", {}, [host]);
  assert.equal(selectorOf([inside, ...upwards(host)]), "main > shop-card >>> button.buy");
});

test("thousands of siblings are not counted, and no position is made up for it", () => {
  let looks = 0;
  const many = /** @type {any} */ ({ localName: "li", getAttribute: () => null, matches: () => false });
  Object.defineProperty(many, "previousElementSibling", { get: () => (looks++, many) });
  assert.equal(selectorOf([many]), "li");
  assert.ok(looks <= 102);
});

test("the hundredth before an element is still counted", () => {
  const items = Array.from({ length: 101 }, () => element("li"));
  element("ul", {}, items);
  assert.equal(selectorOf(upwards(items[100])), "ul > li:nth-of-type(101)");
});

test("a library that gives arrays other `entries`, as prototype.js does, does not matter", () => {
  const button = element("button");
  const path = upwards((element("main", { id: "shop" }, [button]), button));
  path.slice = function (/** @type {any[]} */ ...args) {
    const part = Array.prototype.slice.apply(this, args);
    return Object.assign(part, { entries: () => part.values() });
  };
  assert.equal(selectorOf(path), "#shop > button");
});
