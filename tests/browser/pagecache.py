"""Chromium's back/forward cache, which Playwright switches off, and why a page did not come out of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

from tests.browser.chromium import chromium

__all__ = ["caching", "go_and_back"]

BUSY = {"TimeoutPuttingInCache", "BackForwardCacheDisabledByLowMemory"}
"""Reasons that lie with the machine and say nothing of the page: Chromium gives it three seconds to freeze."""


@contextmanager
def caching(*flags: str) -> Iterator[Browser]:
    """A Chromium with that cache, which it empties where memory is short unless it is told otherwise."""
    with chromium("--memory-pressure-off", *flags, without=("--disable-back-forward-cache",)) as started:
        yield started


@contextmanager
def go_and_back(page: Page) -> Iterator[list[bool]]:
    """Leave the page by the block, and come back to it; the list is empty until then, and tells whether it is the same.

    False where the machine was too busy for the cache, which is worth another try.

    Raises:
        AssertionError: the page was loaded anew for a reason that is its own.
    """
    same, reasons = list[bool](), list[str]()
    page.evaluate("() => { globalThis.same = true; }")
    tools = page.context.new_cdp_session(page)
    tools.send("Page.enable")
    tools.on(
        "Page.backForwardCacheNotUsed",
        lambda said: reasons.extend(one["reason"] for one in said["notRestoredExplanations"]),
    )
    yield same
    page.go_back(wait_until="commit")  # nothing is loaded
    same.append(page.evaluate("() => globalThis.same === true"))
    tools.detach()
    assert same[0] or (reasons and set(reasons) <= BUSY), f"the cache was not used: {reasons}"
