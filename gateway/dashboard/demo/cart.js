/** The cart of this tab: product id -> quantity. It survives a reload. */

import { productById } from "./catalogue.js";

const KEY = "shop:cart";

/** @type {Map<number, number>} */
const quantities = new Map(stored());

function stored() {
  try {
    const rows = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return rows.filter(([id, n]) => productById(id) && Number.isInteger(n) && n > 0);
  } catch {
    return [];
  }
}

function store() {
  try {
    sessionStorage.setItem(KEY, JSON.stringify([...quantities]));
  } catch {
    // without storage the cart lasts as long as the page
  }
}

/** The products in the cart with their quantity. */
export const lines = () => [...quantities].map(([id, quantity]) => ({ product: productById(id), quantity }));

/** Number of items. */
export const size = () => [...quantities.values()].reduce((sum, n) => sum + n, 0);

/** Value in EUR. */
export const total = () => lines().reduce((sum, { product, quantity }) => sum + product.price * quantity, 0);

/** Add `n` of a product, or take away when negative. @param {number} id @param {number} n */
export function add(id, n) {
  const quantity = (quantities.get(id) ?? 0) + n;
  if (quantity > 0) quantities.set(id, quantity);
  else quantities.delete(id);
  store();
}

export function clear() {
  quantities.clear();
  store();
}
