"""A visit of the dashboard: a page in a context of its own, and everything that goes wrong on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page

from tests.browser.chromium import DEADLINE_MS

__all__ = ["page", "troubles", "visit", "watch"]


@contextmanager
def visit(browser: Browser) -> Iterator[Page]:
    """A blank page with nothing stored, in English and UTC."""
    context = browser.new_context(locale="en-US", timezone_id="UTC", viewport={"width": 1280, "height": 800})
    context.set_default_timeout(DEADLINE_MS)
    yield context.new_page()
    context.close()


def watch(page: Page) -> list[str]:
    """Script errors, console errors, dialogs and policy violations of `page`, as they happen."""
    seen: list[str] = []

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            seen.append(f"console: {message.text}")

    def asked(dialog: Dialog) -> None:
        seen.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("pageerror", lambda error: seen.append(f"error: {error}"))
    page.on("console", said)
    page.on("dialog", asked)
    page.expose_function("troubled", lambda trouble: seen.append(trouble))
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (e) => troubled(`csp: ${e.violatedDirective} ${e.blockedURI}`))"
    )
    return seen


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A blank page."""
    with visit(browser) as opened:
        yield opened


@pytest.fixture
def troubles(page: Page) -> list[str]:
    """What goes wrong on that page."""
    return watch(page)
