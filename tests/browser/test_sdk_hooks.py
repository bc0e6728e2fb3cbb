"""The SDK and what a page gives it: hooks and listeners that capture, ids and times that are none."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.driving import capture, flush, ledger, start
from tests.browser.model_server import ModelServer

MOST_NESTED = 4


def test_a_hook_that_captures_each_time_ends(page: Page, server: ModelServer) -> None:
    """A capture within four others does nothing; without that one click would be a thousand events."""
    page.evaluate(
        "() => tidegate.init('wk_test', {pageview: false, beforeSend: (e) => { tidegate.capture('again'); return e; }})"
    )
    capture(page, "click")
    assert flush(page)
    assert sorted(server.names()) == ["again"] * (MOST_NESTED - 1) + ["click"]
    capture(page, "next")
    assert flush(page)
    assert server.names().count("next") == 1


@pytest.mark.parametrize("event", ["capture", "verdict"])
def test_a_listener_that_captures_each_time_ends(page: Page, server: ModelServer, event: str) -> None:
    """Whatever it is told, at most so many captures come of one."""
    page.evaluate("(event) => tidegate.on(event, () => tidegate.capture(''))", event)
    start(page)
    page.evaluate("() => tidegate.capture('')")
    assert flush(page)
    assert ledger(page)["rejected"] == MOST_NESTED
    capture(page, "next")
    assert flush(page)
    assert server.names() == ["next"]


def test_a_listener_of_the_ledger_that_captures_lets_the_page_live(page: Page, server: ModelServer) -> None:
    """What it captures is stored at once, and it is told of that with the next change, not within the same task."""
    start(page)
    turns = """() => new Promise((resolve) => {
        let left = 3;
        tidegate.on('ledger', () => { if (left-- > 0) tidegate.capture('echo'); });
        tidegate.capture('first');
        setTimeout(() => resolve(left), 0);
    })"""
    assert page.evaluate(turns) == 2
    assert flush(page)
    assert server.names()[:2] == ["first", "echo"]


def test_an_id_that_the_gateway_would_refuse_changes_nothing(page: Page, server: ModelServer) -> None:
    """With more than 200 characters it would cost every event that carries it."""
    start(page)
    page.evaluate("() => tidegate.identify('u'.repeat(200))")
    for odd in ("'u'.repeat(201)", "NaN", "null", "{}", "''", "Symbol('u')", "10n"):
        page.evaluate(f"() => tidegate.identify({odd})")
    capture(page, "after")
    assert flush(page)
    assert server.names() == ["$identify", "after"]
    assert server.events[1]["distinct_id"] == "u" * 200


def test_names_that_are_none_register_nothing(page: Page, server: ModelServer) -> None:
    """A text is no bundle of properties by its letters, and nobody belongs to no group."""
    start(page)
    for odd in ("'text'", "7", "null", "undefined", "true"):
        page.evaluate(f"() => tidegate.register({odd})")
    page.evaluate(
        "() => { tidegate.group(null, null); tidegate.group('company', ''); tidegate.alias(''); tidegate.alias(); }"
    )
    page.evaluate("() => { tidegate.register({ plan: 'pro' }); tidegate.group('company', 7); }")
    capture(page, "after")
    assert flush(page)
    assert server.names() == ["$groupidentify", "after"]
    properties = server.events[1]["properties"]
    assert {name for name in properties if not name.startswith("$") and name != "n"} == {"plan"}
    assert properties["$groups"] == {"company": 7}


def test_a_time_that_is_none_is_now(page: Page, server: ModelServer) -> None:
    """The event is not lost for it."""
    start(page)
    now = page.evaluate(
        """() => {
            for (const timestamp of [10n, Symbol('t'), {}, 'soon', NaN]) tidegate.capture('a', {}, { timestamp });
            return Date.now();
        }"""
    )
    assert flush(page)
    assert [abs(event["timestamp"] - now) < 60_000 for event in server.events] == [True] * 5
