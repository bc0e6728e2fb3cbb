/** The demo shop: routes, clicks, and the events that they are worth. */

import { capture, init, ledger, on, page } from "/sdk.js";

import { layOut, showLedger, showState } from "./books.js";
import * as cart from "./cart.js";
import { productById } from "./catalogue.js";
import * as views from "./views.js";

const HOME = "/demo/";
const CURRENCY = "EUR";
const main = document.getElementById("view");

/** Path below `/demo/` -> its title and elements. First match wins. */
const ROUTES = [
  [/^$/, () => ["Lantern & Loom", views.listView()]],
  [/^product\/(\d+)$/, (id) => showProduct(Number(id))],
  [/^cart$/, () => ["Cart", views.cartView(changeCart, checkOut)]],
  [/^checkout$/, () => ["Checkout", cart.size() ? views.checkoutView(buy) : views.cartView(changeCart, checkOut)]],
  [/^thanks\/([\w-]+)$/, (order) => ["Thank you", views.thanksView(order)]],
  [/^/, () => ["Not found", views.lostView()]],
];

const facts = ({ id, name, category, price }) => ({
  product_id: String(id),
  name,
  category,
  price,
  currency: CURRENCY,
});

function showProduct(id) {
  const product = productById(id);
  if (!product) return ["Not found", views.lostView()];
  const add = () => {
    cart.add(id, 1);
    capture("add_to_cart", { ...facts(product), quantity: 1 });
    go("cart");
  };
  return [product.name, views.productView(product, add), () => capture("product_viewed", facts(product))];
}

function changeCart(id, n) {
  cart.add(id, n);
  const product = productById(id);
  capture(n > 0 ? "add_to_cart" : "remove_from_cart", { ...facts(product), quantity: Math.abs(n) });
  render();
}

function checkOut() {
  capture("checkout_started", { value: cart.total(), currency: CURRENCY, items: cart.size() });
  go("checkout");
}

function buy() {
  const order = `L${Date.now().toString(36).toUpperCase()}`;
  capture("purchase", { value: cart.total(), currency: CURRENCY, items: cart.size(), order_id: order });
  cart.clear();
  go(`thanks/${order}`);
}

/** Show the present address. @returns {(() => void) | undefined} the event that this page is worth besides its view */
function render() {
  const path = location.pathname.slice(HOME.length);
  const [pattern, build] = ROUTES.find(([candidate]) => candidate.test(path));
  const [title, elements, seen] = build(...pattern.exec(path).slice(1));
  document.title = title === "Lantern & Loom" ? title : `${title} · Lantern & Loom`;
  document.getElementById("cart-count").textContent = String(cart.size());
  main.replaceChildren(...elements);
  return seen;
}

/** Show the present address as a page of its own: a view, counted. */
function arrive() {
  const seen = render();
  page();
  seen?.();
}

/** @param {string} path below `/demo/` */
function go(path) {
  history.pushState(null, "", HOME + path);
  arrive();
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='/demo/']");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  go(link.getAttribute("href").slice(HOME.length));
});

addEventListener("popstate", arrive);

addEventListener("error", ({ error, message, filename, lineno }) => {
  const type = error?.name ?? "Error";
  capture("$exception", {
    $exception_type: type,
    $exception_message: message,
    $exception_source: `${filename}:${lineno}`,
  });
});

document.getElementById("trigger-error").addEventListener("click", () => {
  throw new TypeError("The kettle is not a function (a deliberate error)");
});

layOut();
on("ledger", showLedger);
on("state", showState);
render(); // at once; the events wait for the key
try {
  const { key } = await (await fetch("/demo/config.json")).json();
  init(key, { pageview: false });
} catch {
  showState({ state: "stopped", code: 0 }); // without a key the shop still sells
}
arrive();
showLedger(ledger());
