/** The pages of the shop as elements. They show and link; what a click does is passed in. */

import * as cart from "./cart.js";
import { PRODUCTS, price } from "./catalogue.js";
import { drawing, element } from "./dom.js";

/** @param {import("./catalogue.js").Product} product */
const picture = (product) =>
  drawing(
    "svg",
    { viewBox: "0 0 200 200", role: "img", "aria-label": product.name, class: "art" },
    drawing("rect", { x: -200, width: 600, height: 200, fill: product.ground }), // beyond the sheet, for wide frames
    ...product.shapes.map(([tag, attributes]) => drawing(tag, attributes)),
  );

const heading = (text) => element("h1", {}, text);

export function listView() {
  return [
    element(
      "section",
      { class: "hero" },
      element("p", { class: "kicker" }, "The autumn shelf"),
      heading("Few things, made well."),
      element(
        "p",
        { class: "lead" },
        "Six objects for quiet rooms. Every click here is an event on the live dashboard.",
      ),
    ),
    element("ul", { class: "grid" }, ...PRODUCTS.map(card)),
  ];
}

/** @param {import("./catalogue.js").Product} product */
const card = (product) =>
  element(
    "li",
    {},
    element(
      "a",
      { class: "card", href: `/demo/product/${product.id}`, "data-testid": `product-${product.id}` },
      picture(product),
      element(
        "span",
        { class: "card-text" },
        element("span", { class: "card-name" }, product.name),
        element("span", { class: "card-price" }, price(product.price)),
        element("span", { class: "card-line" }, product.line),
      ),
    ),
  );

/** @param {import("./catalogue.js").Product} product @param {() => void} add */
export function productView(product, add) {
  return [
    element("a", { class: "back", href: "/demo/" }, "← All things"),
    element(
      "article",
      { class: "product" },
      picture(product),
      element(
        "div",
        { class: "product-text" },
        element("p", { class: "kicker" }, product.category),
        heading(product.name),
        element("p", { class: "product-price" }, price(product.price)),
        element("p", { class: "lead" }, product.story),
        element(
          "button",
          { class: "primary", type: "button", "data-testid": "add-to-cart", click: add },
          "Add to cart",
        ),
        element("p", { class: "small" }, "In stock. Leaves tomorrow, arrives within three days."),
      ),
    ),
  ];
}

/** @param {(id: number, n: number) => void} change @param {() => void} checkout */
export function cartView(change, checkout) {
  if (cart.size() === 0) {
    return [
      element(
        "section",
        { class: "empty" },
        heading("Your cart is empty."),
        element("p", { class: "lead" }, "There is room for something good."),
        element("a", { class: "primary", href: "/demo/" }, "See all things"),
      ),
    ];
  }
  return [
    heading("Your cart"),
    element(
      "div",
      { class: "split" },
      element("ul", { class: "lines" }, ...cart.lines().map((line) => cartLine(line, change))),
      summary(
        element(
          "button",
          { class: "primary", type: "button", "data-testid": "checkout", click: checkout },
          "Check out",
        ),
      ),
    ),
  ];
}

const cartLine = ({ product, quantity }, change) =>
  element(
    "li",
    { class: "line" },
    picture(product),
    element(
      "div",
      { class: "line-text" },
      element("a", { href: `/demo/product/${product.id}` }, product.name),
      element("span", { class: "small" }, product.line),
    ),
    element(
      "div",
      { class: "stepper" },
      stepButton(product, "−", "one less of", () => change(product.id, -1)),
      element("span", { "data-testid": `quantity-${product.id}` }, quantity),
      stepButton(product, "+", "one more of", () => change(product.id, 1)),
    ),
    element("strong", {}, price(product.price * quantity)),
  );

const stepButton = (product, sign, label, click) =>
  element("button", { type: "button", "aria-label": `${label} ${product.name}`, click }, sign);

/** What it will cost, with the next step below. @param {...Node} next */
const summary = (...next) =>
  element(
    "aside",
    { class: "summary" },
    element("div", { class: "sum-row" }, element("span", {}, "Goods"), element("span", {}, price(cart.total()))),
    element("div", { class: "sum-row" }, element("span", {}, "Delivery"), element("span", {}, "free")),
    element("div", { class: "sum-row total" }, element("span", {}, "Total"), element("span", {}, price(cart.total()))),
    ...next,
  );

/** @param {() => void} buy */
export function checkoutView(buy) {
  const form = element(
    "form",
    { class: "split", submit: (event) => (event.preventDefault(), buy()) },
    element(
      "div",
      { class: "fields" },
      field("Name", "name", "Ada Example"),
      field("E-mail", "email", "ada@shop.example"),
      field("Street", "street-address", "1 Harbour Row"),
      field("Town", "address-level2", "Kinsale"),
      element("p", { class: "small" }, "Nothing typed here is captured, and nothing is charged."),
    ),
    summary(
      element("button", { class: "primary", type: "submit", "data-testid": "buy" }, `Buy for ${price(cart.total())}`),
    ),
  );
  return [element("a", { class: "back", href: "/demo/cart" }, "← Cart"), heading("Checkout"), form];
}

const field = (label, autocomplete, placeholder) =>
  element(
    "label",
    {},
    element("span", {}, label),
    element("input", {
      name: autocomplete,
      autocomplete: "off",
      placeholder,
      type: autocomplete === "email" ? "email" : "text",
    }),
  );

/** @param {string} order */
export const thanksView = (order) => [
  element(
    "section",
    { class: "empty", "data-testid": "thanks" },
    element("p", { class: "kicker" }, `Order ${order}`),
    heading("Thank you."),
    element(
      "p",
      { class: "lead" },
      "It is on its way, in the way of demo shops: not at all. Look at the dashboard instead.",
    ),
    element("a", { class: "primary", href: "/demo/" }, "Back to the shelf"),
  ),
];

export const lostView = () => [
  element(
    "section",
    { class: "empty" },
    heading("Not on our shelf."),
    element("p", { class: "lead" }, "This page does not exist."),
    element("a", { class: "primary", href: "/demo/" }, "See all things"),
  ),
];
