"""Driving the SDK in a page: start it, capture, flush, read the ledger."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.browser.model_server import ModelServer

__all__ = ["QUIET", "START", "capture", "flush", "ledger", "load", "numbered", "start"]

QUIET = {"pageview": False}
START = "(config) => tidegate.init('wk_test', config)"
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


def numbered(first: int, last: int) -> list[str]:
    return [f"e{n}" for n in range(first, last)]
