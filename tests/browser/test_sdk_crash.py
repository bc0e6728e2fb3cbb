"""A renderer that crashes: what its page had taken is delivered by the next page, each event once."""

from __future__ import annotations

from contextlib import suppress

import pytest
from playwright.sync_api import BrowserContext, Error, Page

from tests.browser.driving import alone, capture, flush, ledger, load, numbered, sees, start
from tests.browser.model_server import ModelServer


def crash(page: Page) -> None:
    """End the process that draws the page, in the middle of whatever it does."""
    with page.expect_event("crash"), suppress(Error):  # that is how a crash ends the call
        page.goto("chrome://crash", wait_until="commit")


@pytest.mark.parametrize("when", ["before anything is sent", "while batches are under way", "behind the acks"])
def test_a_crash_loses_and_doubles_nothing(context: BrowserContext, page: Page, server: ModelServer, when: str) -> None:
    """The heir finds the queue and the books of the tab that crashed."""
    server.accept_posts = False
    server.accept_sockets = when != "before anything is sent"
    server.answer_acks = when == "behind the acks"
    start(page)
    capture(page, *numbered(0, 130))
    if when == "behind the acks":
        assert flush(page)
    elif server.accept_sockets:
        server.wait(lambda: server.batches)
    heir = context.new_page()
    load(heir, server)
    capture(page, "last words")
    sees(heir, "last words")
    crash(page)
    server.accept_sockets = server.answer_acks = server.accept_posts = True
    alone(heir)
    start(heir)
    capture(heir, "next")
    assert flush(heir)
    assert sorted(server.names()) == sorted([*numbered(0, 130), "last words", "next"])
    books = ledger(heir)
    assert (books["sent"], books["accepted"] + books["duplicate"], books["pending"]) == (132, 132, 0)
