"""The SDK's modules on pages that come out of the back/forward cache, which Playwright's Chromium has switched off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import chromium
from tests.browser.visitor import Visitor


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium with that cache, which it empties where memory is short unless it is told otherwise."""
    with chromium("--memory-pressure-off", without=("--disable-back-forward-cache",)) as started:
        yield started


def test_a_page_out_of_the_cache_is_viewed_again(visitor: Visitor) -> None:
    """Back out of the back/forward cache there is a new view, and a new end of it."""
    visitor.site.pages["/other"] = "<p>another"
    visitor.open("/page", "pageviews", "scroll", "forms", "errors", "vitals")
    visitor.page.evaluate("() => { globalThis.same = true; }")
    tools, reasons = visitor.page.context.new_cdp_session(visitor.page), list[Any]()
    tools.send("Page.enable")
    tools.on("Page.backForwardCacheNotUsed", lambda said: reasons.append(said["notRestoredExplanations"]))
    visitor.page.goto(f"{visitor.site.origin}/other")
    visitor.page.go_back(wait_until="commit")  # nothing is loaded
    assert visitor.page.evaluate("() => globalThis.same === true"), f"the cache was not used: {reasons}"
    (view,) = visitor.told("$pageview")
    assert (view["$pathname"], view["navigation_type"]) == ("/page", "bfcache")
    visitor.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    visitor.leave()
    visitor.told("$pageleave", 2)
    (again,) = visitor.told("$web_vitals", where=lambda event: event["properties"].get("$web_vitals_TTFB_value") == 0)
    assert 0 < again["$web_vitals_FCP_value"] <= again["$web_vitals_LCP_value"]
    assert again["$web_vitals_CLS_value"] == 0
