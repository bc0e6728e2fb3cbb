"""One who buys in the demo shop with a mouse, and knows what each click is worth."""

from __future__ import annotations

from collections import Counter

from playwright.sync_api import Page, expect

__all__ = ["PRICES", "Shopper"]

PRICES = {1: 89, 2: 24, 3: 129, 4: 46, 5: 18, 6: 32}
"""EUR by product, as the shop's shelf has them."""


class Shopper:
    """Clicks, and counts what the events of these clicks must be: `clicked` by event name, `views` by path."""

    def __init__(self, page: Page, shop: str) -> None:
        self.clicked: Counter[str] = Counter()
        self.views: Counter[str] = Counter()
        self.revenue = 0
        self._page = page
        self._shop = shop
        self._cart = 0

    @property
    def total(self) -> int:
        """Events so far."""
        return self.clicked.total()

    def enter(self) -> None:
        """Open the shop's front page in the address bar."""
        self._page.goto(self._shop)
        expect(self._page.get_by_test_id("product-1")).to_be_visible()
        self._saw("/demo/")

    def look(self, product: int) -> None:
        """Go to the shelf and to one product."""
        self._page.get_by_test_id("home").click()
        self._saw("/demo/")
        self._page.get_by_test_id(f"product-{product}").click()
        self._saw(f"/demo/product/{product}")
        self.clicked["product_viewed"] += 1

    def take(self, product: int) -> None:
        """Look at a product and put it into the cart."""
        self.look(product)
        self._page.get_by_test_id("add-to-cart").click()
        self.clicked["add_to_cart"] += 1
        self._saw("/demo/cart")
        self._cart += PRICES[product]

    def take_another(self, product: int) -> None:
        """One more of what is in the cart, by its stepper."""
        row = self._page.locator(".line").filter(has=self._page.get_by_test_id(f"quantity-{product}"))
        row.get_by_role("button", name="one more of").click()
        self.clicked["add_to_cart"] += 1
        self._cart += PRICES[product]

    def pay(self) -> int:
        """From the cart to the thanks; epoch milliseconds of the click that bought."""
        self._page.get_by_test_id("checkout").click()
        self.clicked["checkout_started"] += 1
        self._saw("/demo/checkout")
        buy = self._page.get_by_test_id("buy")
        buy.evaluate("(button) => button.addEventListener('click', () => { globalThis.boughtAt = Date.now(); })")
        buy.click()
        self.clicked["purchase"] += 1
        self.revenue += self._cart
        self._cart = 0
        expect(self._page.get_by_test_id("thanks")).to_be_visible()
        order = self._page.url.rsplit("/", 1)[1]
        self._saw(f"/demo/thanks/{order}")
        bought_at: int = self._page.evaluate("() => globalThis.boughtAt")
        return bought_at

    def buy(self, *products: int) -> None:
        """Take each of `products` and pay."""
        for product in products:
            self.take(product)
        self.pay()

    def leave_in_a_hurry(self, product: int) -> int:
        """Put a product into the cart and reload in the same moment; how many events were pending then."""
        self.look(product)
        pending: int = self._page.evaluate(
            "() => { globalThis.left = true; document.querySelector('[data-testid=add-to-cart]').click();"
            " location.reload(); return tidegate.ledger().pending; }"
        )
        self._page.wait_for_function("() => globalThis.left === undefined && globalThis.tidegate")
        self.clicked["add_to_cart"] += 1
        self._saw("/demo/cart")
        self._saw("/demo/cart")
        self._cart += PRICES[product]
        return pending

    def _saw(self, path: str) -> None:
        self.clicked["$pageview"] += 1
        self.views[path] += 1
