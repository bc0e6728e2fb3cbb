"""The SDK's modules on pages that come out of the back/forward cache, which Playwright's Chromium has switched off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.pagecache import caching, go_and_back
from tests.browser.visitor import Visitor


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium with that cache."""
    with caching() as started:
        yield started


def test_a_page_out_of_the_cache_is_viewed_again(visitor: Visitor) -> None:
    """Back out of the back/forward cache there is a new view, and a new end of it."""
    for attempt in range(10):
        path = f"/page/{attempt}"
        visitor.site.pages[path] = "<p>one that is left"
        visitor.site.pages["/other"] = "<p>another"
        visitor.open(path, "pageviews", "scroll", "forms", "errors", "vitals")
        with go_and_back(visitor.page) as same:
            visitor.page.goto(f"{visitor.site.origin}/other")
        if same[0]:
            break
    assert same == [True]
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
