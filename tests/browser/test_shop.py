"""The demo shop: what its clicks are worth as events, and that its footer tells the truth."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.browser.model_server import ModelServer


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A listening model server; at the end no producer may have broken a rule."""
    model = ModelServer()
    model.start()
    yield model
    model.end()
    assert model.violations == []


@pytest.fixture
def complaints() -> list[str]:
    """What the browser wrote to the console as errors."""
    return []


@pytest.fixture
def shop(browser: Browser, server: ModelServer, complaints: list[str]) -> Iterator[Page]:
    """The shop's front page, connected."""

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(f"{message.text} {message.location['url']}")

    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.on("console", listen)
    page.goto(f"{server.url}/demo/")
    expect(page.get_by_test_id("state")).to_have_text("live")
    yield page
    context.close()


def buy_one(page: Page, product: int) -> None:
    """From the front page to the thanks."""
    page.get_by_test_id(f"product-{product}").click()
    page.get_by_test_id("add-to-cart").click()
    page.get_by_test_id("checkout").click()
    page.get_by_test_id("buy").click()
    expect(page.get_by_test_id("thanks")).to_be_visible()


def test_a_purchase_is_nine_events(shop: Page, server: ModelServer, complaints: list[str]) -> None:
    """From front page to thanks each step is its events, in order, with value and currency; the policy is kept."""
    buy_one(shop, 1)
    server.wait(lambda: len(server.events) == 9)
    assert server.names() == [
        "$pageview",
        "$pageview",
        "product_viewed",
        "add_to_cart",
        "$pageview",
        "checkout_started",
        "$pageview",
        "purchase",
        "$pageview",
    ]
    purchase = server.events[7]["properties"]
    assert (purchase["value"], purchase["currency"], purchase["items"]) == (89, "EUR", 1)
    paths = [event["properties"]["$pathname"] for event in server.events if event["event"] == "$pageview"]
    assert paths[:4] == ["/demo/", "/demo/product/1", "/demo/cart", "/demo/checkout"]
    assert complaints == []


def test_footer_shows_the_ledger(shop: Page, server: ModelServer) -> None:
    """The footer's figures are the SDK's, and they close."""
    buy_one(shop, 5)
    expect(shop.get_by_test_id("ledger-accepted")).to_have_text("9")
    expect(shop.get_by_test_id("ledger-sent")).to_have_text("9")
    expect(shop.get_by_test_id("ledger-pending")).to_have_text("0")
    expect(shop.get_by_test_id("balance")).to_have_text("every event accounted for")


def test_footer_shows_a_lost_connection(shop: Page, server: ModelServer) -> None:
    """While the server is away the shop works on, and the footer counts what waits."""
    expect(shop.get_by_test_id("ledger-accepted")).to_have_text("1")
    server.kill()
    shop.get_by_test_id("product-2").click()
    expect(shop.get_by_test_id("ledger-pending")).to_have_text("2")
    server.start()
    expect(shop.get_by_test_id("ledger-accepted")).to_have_text("3")
    expect(shop.get_by_test_id("state")).to_have_text("live")


def test_an_error_becomes_an_event(shop: Page, server: ModelServer) -> None:
    """The button's uncaught error is captured with type and message."""
    shop.get_by_test_id("trigger-error").click()
    server.wait(lambda: "$exception" in server.names())
    error = server.events[-1]["properties"]
    assert error["$exception_type"] == "TypeError"
    assert "deliberate" in error["$exception_message"]


def test_back_and_reload_are_page_views(shop: Page, server: ModelServer) -> None:
    """Going back and loading a deep address show the page and count a view; the cart survives."""
    shop.get_by_test_id("product-4").click()
    shop.get_by_test_id("add-to-cart").click()
    shop.go_back()
    expect(shop.get_by_role("heading", level=1)).to_have_text("Meadow vase")
    shop.reload()
    expect(shop.get_by_role("heading", level=1)).to_have_text("Meadow vase")
    expect(shop.get_by_test_id("cart-count")).to_have_text("1")
    server.wait(lambda: server.names().count("$pageview") == 5)
    assert len({event["session_id"] for event in server.events}) == 1
    expect(shop.get_by_test_id("ledger-pending")).to_have_text("0")
    expect(shop.get_by_test_id("balance")).to_have_text("every event accounted for")


def test_quantities_change_the_total(shop: Page, server: ModelServer) -> None:
    """The cart's steppers change the quantity, the total and the event; the last one taken out empties it."""
    shop.get_by_test_id("product-2").click()
    shop.get_by_test_id("add-to-cart").click()
    shop.get_by_role("button", name="one more of Tide mug").click()
    expect(shop.get_by_test_id("quantity-2")).to_have_text("2")
    expect(shop.locator(".total")).to_contain_text("€48.00")
    less = shop.get_by_role("button", name="one less of Tide mug")
    less.click()
    less.click()
    expect(shop.get_by_role("heading", level=1)).to_have_text("Your cart is empty.")
    server.wait(lambda: server.names().count("remove_from_cart") == 2)
    assert server.names().count("add_to_cart") == 2


def test_what_is_typed_is_never_sent(shop: Page, server: ModelServer) -> None:
    """Form values stay in the form."""
    shop.get_by_test_id("product-3").click()
    shop.get_by_test_id("add-to-cart").click()
    shop.get_by_test_id("checkout").click()
    shop.get_by_label("Name").fill("Secret Person")
    shop.get_by_test_id("buy").click()
    server.wait(lambda: "purchase" in server.names())
    assert "Secret Person" not in str(server.batches) + str(server.posts)


def test_an_unknown_page_says_so(shop: Page, server: ModelServer) -> None:
    """Addresses that the shop does not have, hostile ones included, show a plain page."""
    for path in ("nothing", "product/99", "product/%3Cimg%20src=x%20onerror=alert(1)%3E"):
        shop.goto(f"{server.url}/demo/{path}")
        expect(shop.get_by_role("heading", level=1)).to_have_text("Not on our shelf.")


def test_fits_a_phone(shop: Page) -> None:
    """On a narrow screen nothing sticks out sideways."""
    shop.set_viewport_size({"width": 360, "height": 740})
    for step in ("product-6", "add-to-cart", "checkout"):
        shop.get_by_test_id(step).click()
        assert shop.evaluate("() => document.documentElement.scrollWidth") == 360
