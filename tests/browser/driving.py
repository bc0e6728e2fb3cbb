"""Driving the SDK in a page: start it, capture, flush, read the ledger."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.browser.model_server import ModelServer

__all__ = ["QUIET", "START", "alone", "capture", "flush", "ledger", "load", "numbered", "sees", "start"]

QUIET = {"pageview": False}
START = "(config) => tidegate.init('wk_test', config)"
ALONE = """async () => {
  const held = async () => (await navigator.locks.query()).held.map(({ name }) => name);
  for (const until = performance.now() + 60_000; (await held()).length; ) {
    if (performance.now() > until) throw new Error(`not let go of: ${await held()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}"""
CAPTURE = "(names) => names.forEach((name) => tidegate.capture(name, { n: 1 }))"


def start(page: Page, **config: Any) -> None:
    page.evaluate(START, {**QUIET, **config})


def capture(page: Page, *names: str) -> None:
    page.evaluate(CAPTURE, list(names))


def flush(page: Page) -> bool:
    return bool(page.evaluate("() => tidegate.flush()"))


def ledger(page: Page) -> dict[str, int]:
    books: dict[str, int] = page.evaluate("() => tidegate.ledger()")
    assert books["sent"] == sum(books[name] for name in books if name != "sent"), books
    return books


def load(page: Page, server: ModelServer) -> None:
    page.goto(f"{server.url}/page")
    page.wait_for_function("() => globalThis.tidegate !== undefined")


def alone(page: Page) -> None:
    """Wait until tabs that were left have let go of their identities: the browser frees their locks in its time."""
    page.evaluate(ALONE)


def sees(page: Page, text: str) -> None:
    """Wait until this page has seen a text that another tab stores: it comes by way of the browser, in its time."""
    page.wait_for_function("(text) => Object.values(localStorage).some((one) => one.includes(text))", arg=text)


def numbered(first: int, last: int) -> list[str]:
    return [f"e{n}" for n in range(first, last)]
