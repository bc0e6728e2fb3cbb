"""The SDK's modules on pages that come out of the back/forward cache, which Playwright's Chromium has switched off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import chromium
from tests.browser.visitor import Visitor

BUSY = {"TimeoutPuttingInCache", "BackForwardCacheDisabledByLowMemory"}
"""Reasons that lie with the machine and say nothing of the page: Chromium gives it three seconds to freeze."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium with that cache, which it empties where memory is short unless it is told otherwise."""
    with chromium("--memory-pressure-off", without=("--disable-back-forward-cache",)) as started:
        yield started


def back(visitor: Visitor, path: str) -> list[str]:
    """View a page, go on to another one and back; why the browser loads it anew, nothing if it does not."""
    visitor.site.pages[path] = "<p>one that is left"
    visitor.site.pages["/other"] = "<p>another"
    visitor.open(path, "pageviews", "scroll", "forms", "errors", "vitals")
    visitor.page.evaluate("() => { globalThis.same = true; }")
    tools, reasons = visitor.page.context.new_cdp_session(visitor.page), list[str]()
    tools.send("Page.enable")
    tools.on(
        "Page.backForwardCacheNotUsed",
        lambda said: reasons.extend(one["reason"] for one in said["notRestoredExplanations"]),
    )
    visitor.page.goto(f"{visitor.site.origin}/other")
    visitor.page.go_back(wait_until="commit")  # nothing is loaded
    restored = visitor.page.evaluate("() => globalThis.same === true")
    tools.detach()
    return [] if restored else reasons or ["no reason given"]


def test_a_page_out_of_the_cache_is_viewed_again(visitor: Visitor) -> None:
    """Back out of the back/forward cache there is a new view, and a new end of it."""
    for attempt in range(10):
        path = f"/page/{attempt}"
        reasons = back(visitor, path)
        if set(reasons) - BUSY or not reasons:
            break
    assert reasons == [], "the cache was not used"
    (view,) = visitor.told("$pageview", where=lambda event: event["properties"]["$pathname"] == path)
    assert view["navigation_type"] == "bfcache"
    visitor.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    visitor.leave()
    visitor.told("$pageleave", 2, where=lambda event: event["properties"]["$pathname"] == path)
    (again,) = visitor.told(
        "$web_vitals",
        where=lambda event: (
            event["properties"]["$pathname"] == path and event["properties"].get("$web_vitals_TTFB_value") == 0
        ),
    )
    assert 0 < again["$web_vitals_FCP_value"] <= again["$web_vitals_LCP_value"]
    assert again["$web_vitals_CLS_value"] == 0
