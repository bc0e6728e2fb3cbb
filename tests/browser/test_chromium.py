"""The browser that modules share, put aside between them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.browser.chromium import KeptChromium


@pytest.fixture
def kept() -> Iterator[KeptChromium]:
    """One of our own."""
    own = KeptChromium()
    yield own
    own.close()


async def _answer() -> int:
    await asyncio.sleep(0)
    return 42


def test_it_is_one_browser_and_loops_run_between(kept: KeptChromium) -> None:
    """A second module has the first one's browser without its pages; in between `asyncio.run` works."""
    with kept.lent() as first:
        page = first.new_context().new_page()
        page.goto("data:text/html,<title>one</title>")
        assert page.title() == "one"
    assert asyncio.run(_answer()) == 42
    with kept.lent() as second:
        assert second is first
        assert second.contexts == []
        assert second.new_page().evaluate("() => 6 * 7") == 42
    assert asyncio.run(_answer()) == 42


def test_a_dead_browser_is_replaced(kept: KeptChromium) -> None:
    """And is not waited for."""
    with kept.lent() as first:
        first.close()
    with kept.lent() as second:
        assert second is not first
        assert second.new_page().evaluate("() => 1") == 1


def test_a_module_that_fails_leaves_it_put_aside(kept: KeptChromium) -> None:
    """The error goes on, and loops run."""

    def fail() -> None:
        with kept.lent():
            raise ValueError("a test")

    with pytest.raises(ValueError, match="a test"):
        fail()
    assert asyncio.run(_answer()) == 42


def test_no_page_of_the_browser_itself_is_loaded(kept: KeptChromium) -> None:
    """There is the page that was opened; each page more, for the address bar, would take as much as that one."""
    with kept.lent() as browser:
        browser.new_context().new_page().goto("data:text/html,<title>one</title>")
        found = browser.new_browser_cdp_session().send("Target.getTargets", {"filter": [{}]})["targetInfos"]
        assert {target["url"] for target in found if target["type"] != "tab"} == {"data:text/html,<title>one</title>"}
